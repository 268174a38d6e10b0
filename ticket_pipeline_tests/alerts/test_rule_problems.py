"""What to check of the rules names each rule that cannot send what it should, and no other."""

from __future__ import annotations

from pydantic import SecretStr

from ticket_pipeline.alerts.evaluation import evaluate
from ticket_pipeline.alerts.rule_problems import find_rule_problems
from ticket_pipeline.market.events import RejectedRow
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.storage.stored import MINUTE, NOON, Item, query, store, watch_one


def test_each_rule_that_is_off_or_lacks_an_event_a_zone_or_a_channel_is_named(database: Database) -> None:
    settings = Settings(alert_urls=SecretStr("tag=desk ntfy://a-topic"))
    changes = {
        "Right": {"Event": "event 1", "Zone": "lower", "Channels": "desk"},
        "Each": {"Zone": "each"},
        "Off": {"Active": "no"},
        "Event": {"Event": "evnt 1"},
        "Market": {"Marketplace": "Vivid Seats"},
        "Zone": {"Zone": "Lwer"},
        "Tags": {"Channels": "desk, phone"},
    }
    rules = [{"Alert": name, "Measure": "tickets", "Condition": "above 0"} | cells for name, cells in changes.items()]
    replace_alert_rules(database, rules, [RejectedRow(9, {}, ("Measure 'flor' is not a measure.",))])
    event = watch_one(database)
    before = [name for name, _ in find_rule_problems(database, settings, NOON)]
    assert before == ["Row 9", "Off", "Event", "Market", "Tags"]
    store(database, event, NOON, [Item(zone="Lower")])
    query(database, "update alert_rules set changed_at = %(at)s returning 1", at=NOON - MINUTE)
    evaluate(database, [], NOON + MINUTE, dashboard="")
    assert list(find_rule_problems(database, settings, NOON + MINUTE)) == [
        ("Row 9", "Measure 'flor' is not a measure."),
        ("Off", "It is switched off."),
        ("Event", "No followed event is still to come and named by Event 'evnt 1'."),
        ("Market", "No followed event at Vivid Seats is still to come."),
        ("Zone", "No capture since has listings in Zone 'Lwer'; ticket-pipeline section-prices shows the zones."),
        ("Tags", "No channel of ALERT_URLS has the tag phone."),
    ]
