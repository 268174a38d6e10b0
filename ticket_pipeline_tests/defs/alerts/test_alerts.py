"""Alerts in Dagster: nothing where ALERTS is unset; else an asset of every poll, checks, a sensor for what waits."""

from __future__ import annotations

from datetime import timedelta

from pydantic import SecretStr

from ticket_pipeline.alerts.delivery import MOST_ATTEMPTS
from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.alerts.checks import ALERT_CHECKS
from ticket_pipeline.defs.checks import Scope
from ticket_pipeline.market.events import RejectedRow
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline_tests.alerts.webhook import open_webhook
from ticket_pipeline_tests.defs.location import Location, materializations

RULE = {"Alert": "Anything", "Measure": "tickets", "Condition": "above 0", "Captures": "1"}


def names(settings: Settings) -> set[str]:
    """What the location has under any name with `alert` in it."""
    defs = build_defs(settings)
    assets = {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}
    others = {each.name for each in [*(defs.jobs or []), *(defs.sensors or [])]}
    return {name for name in assets | others if "alert" in name}


def red(location: Location) -> set[str]:
    """The checks of alerts that fail now."""
    scope = Scope.full(location.now, "a test")
    results = [(check.name, check.evaluate(location.loopback.database, scope)) for check in ALERT_CHECKS]
    return {name for name, result in results if not result.passed}


def configure(location: Location, url: str) -> None:
    """Set a rule and a channel."""
    location.settings = location.settings.model_copy(
        update={"alerts": "rules.yaml", "alert_urls": SecretStr(url), "vivid_seats_api_base_url": None}
    )
    replace_alert_rules(location.loopback.database, [RULE])


def test_there_is_nothing_of_alerts_where_there_are_no_rules() -> None:
    assert names(Settings()) == set()
    assert names(Settings(alerts="Alerts")) == {"alert_events", "deliver_alerts", "deliver_due_alerts"}


def test_a_poll_logs_what_fired_and_was_sent(location: Location) -> None:
    with open_webhook() as webhook:
        configure(location, webhook.url)
        keys = location.loopback.keys
        location.instance.add_dynamic_partitions("stubhub_events", keys)
        location.now += timedelta(minutes=1)  # what arrives over the wire carries real moments
        run = location.run("poll_stubhub", config={"event_keys": keys})
        assert run.success
        metadata = materializations(run, location.instance, "alert_events")[None]
        assert (metadata["fired"], metadata["messages_sent"], metadata["problem"]) == (4, 4, "none")
        assert len(webhook.messages) == 4
        assert all(location.last_evaluation("alert_events", check.name) for check in ALERT_CHECKS)
        assert location.skip_reason("deliver_due_alerts") == "no message is due"


def test_the_sensor_starts_a_run_only_for_messages_that_are_due_and_a_dead_one_is_red(location: Location) -> None:
    with open_webhook() as webhook:
        webhook.status = 503
        configure(location, webhook.url)
        location.capture(location.loopback.keys[0], location.now - timedelta(minutes=5), 50, 60, 70)
        assert location.run("deliver_alerts").success
        assert location.skip_reason("deliver_due_alerts") == "no message is due"
        for _ in range(MOST_ATTEMPTS - 1):
            location.now += timedelta(hours=1)
            request, _ = location.request("deliver_due_alerts")
            assert request.job_name == "deliver_alerts"
            assert red(location) == set()
            assert location.run("deliver_alerts").success
        assert red(location) == {"every_message_is_delivered"}
        location.now += timedelta(days=3)
        assert red(location) == set()


def test_a_rule_that_cannot_be_read_and_captures_that_wait_are_red(location: Location) -> None:
    configure(location, "no/such/file")
    database = location.loopback.database
    key = location.loopback.keys[0]
    location.capture(key, location.now - timedelta(minutes=50), 50, 60, 70)
    with open_webhook() as webhook:
        configure(location, webhook.url)
        assert location.run("deliver_alerts").success
    configure(location, "no/such/file")
    replace_alert_rules(database, [RULE], [RejectedRow(5, {"Measure": "flor"}, ("Measure 'flor' is not a measure.",))])
    location.capture(key, location.now - timedelta(minutes=20), 50, 60, 70)
    run = location.run("deliver_alerts")
    assert "ALERT_URLS" in materializations(run, location.instance, "alert_events")[None]["problem"]
    assert red(location) == {"every_alert_rule_could_be_read"}
    location.now += timedelta(hours=2)
    assert red(location) == {"every_alert_rule_could_be_read", "every_capture_was_tried"}
