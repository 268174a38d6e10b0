"""From a rule in a file to a message: polls of a marketplace on loopback, and a webhook beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.alerts.channels import find_channels, send
from ticket_pipeline.alerts.delivery import LEASE, LONGEST_WAIT, MOST_ATTEMPTS, deliver_due
from ticket_pipeline.alerts.evaluation import evaluate
from ticket_pipeline.queries.alerts import alert_deliveries, alert_events, alert_standings
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.alerts import parse_alerts
from ticket_pipeline.sheet.sync import read_rule_rows
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline_tests.alerts.webhook import Webhook, open_webhook
from ticket_pipeline_tests.ingest.loopback import Loopback, open_loopback
from ticket_pipeline_tests.ports import reserved_port

RULES = """\
alerts:
  - alert: Everything is cheap
    measure: floor
    condition: below 100000
    channels: desk
  - alert: Anything to buy
    measure: tickets
    condition: above 0
    active: true
"""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A webhook on loopback."""
    with open_webhook() as opened:
        yield opened


@pytest.fixture
def loopback(migrated_url: str) -> Iterator[Loopback]:
    """A marketplace with four events on the watchlist."""
    with open_loopback(migrated_url) as opened:
        opened.watch()
        yield opened


def configure(loopback: Loopback, folder: Path, urls: str) -> Settings:
    """Settings with these channels; the rules are synced."""
    rules = folder / "alerts.yaml"
    rules.write_text(RULES, encoding="utf-8")
    settings = loopback.settings(alerts=str(rules), alert_urls=urls)
    rows = read_rule_rows(settings).alerts
    assert rows is not None
    alerts = parse_alerts(rows)
    assert alerts.rejected == []
    replace_alert_rules(loopback.database, alerts.rules)
    return settings


def poll(loopback: Loopback, settings: Settings, times: int = 1) -> list[Any]:
    """Poll two of the events so often, a minute apart; returns the reports of alerts."""
    reports: list[Any] = []
    for _ in range(times):
        loopback.poll(loopback.events()[:2], settings, on_alerts=reports.append)
        loopback.clock.offset += timedelta(minutes=1)
    return reports


def test_what_holds_for_two_captures_fires_once_and_is_told_in_one_message_per_event(
    loopback: Loopback, webhook: Webhook, tmp_path: Path
) -> None:
    settings = configure(loopback, tmp_path, f"tag=desk {webhook.url}")
    first, second, third = poll(loopback, settings, 3)
    assert [each.evaluation.fired for each in (first, second, third)] == [0, 4, 0]
    assert [each.evaluation.captures for each in (first, second, third)] == [2, 2, 2]
    events = loopback.events()[:2]
    assert sorted(message["title"] for message in webhook.messages) == sorted(
        f"{each.name}: 2 alerts" for each in events
    )
    body = webhook.messages[0]["message"]
    assert "Floor at StubHub is" in body
    assert "On 2 captures, since" in body
    assert f"{settings.dashboard_address}/events/" in body
    stored = alert_events(loopback.database)
    assert {(one.alert, one.kind, one.captures, one.deliveries) for one in stored} == {
        ("Everything is cheap", "fired", 2, "1 sent"),
        ("Anything to buy", "fired", 2, "1 sent"),
    }
    standings = alert_standings(loopback.database, this_moment=loopback.clock())
    assert {one.state for one in standings} == {"firing"}


def test_an_address_is_nowhere_but_in_its_setting(
    loopback: Loopback, webhook: Webhook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    webhook.status = 500
    settings = configure(loopback, tmp_path, webhook.url)
    poll(loopback, settings, 2)
    (channel,), _ = find_channels(settings)
    failed = str(send(channel, "a", "b"))
    # The webhook itself runs in this process, and logs what it is asked.
    logged = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn"))
    shown = repr(channel) + repr(alert_deliveries(loopback.database)) + failed + logged
    assert "json-" in shown
    assert "s3cretT0ken" not in shown
    assert "/hook" not in shown
    assert repr(settings).count("s3cretT0ken") == 0


def test_a_dead_channel_is_retried_with_back_off_and_ends_dead_beside_one_that_works(
    loopback: Loopback, webhook: Webhook, tmp_path: Path
) -> None:
    with reserved_port() as closed:
        settings = configure(loopback, tmp_path, f"{webhook.url}\ntag=desk json://127.0.0.1:{closed}/closed")
        (_, report) = poll(loopback, settings, 2)
    assert (report.delivered.sent, report.delivered.retried) == (1 * 2, 2)
    channels, _ = find_channels(settings)
    queued = alert_deliveries(loopback.database, states=["queued"])
    assert {one.attempts for one in queued} == {1}
    assert all(one.error and "onnection" in one.error for one in queued)
    for _ in range(MOST_ATTEMPTS):
        loopback.clock.offset += LONGEST_WAIT
        deliver_due(loopback.database, channels, loopback.clock)
    dead = alert_deliveries(loopback.database, states=["dead"])
    assert [one.attempts for one in dead] == [MOST_ATTEMPTS] * 2
    assert alert_deliveries(loopback.database, states=["queued"]) == []
    assert len(webhook.messages) == 2


def test_a_crash_between_storing_and_sending_loses_nothing_and_doubles_nothing(
    loopback: Loopback, webhook: Webhook, tmp_path: Path
) -> None:
    settings = configure(loopback, tmp_path, webhook.url)
    channels, _ = find_channels(settings)
    for _ in range(2):
        poll(loopback, loopback.settings())
        evaluate(loopback.database, channels, loopback.clock(), dashboard="http://desk")
    # The process ends here, and the next one while it sends the first message.
    with pytest.raises(KeyboardInterrupt):
        deliver_due(loopback.database, channels, loopback.clock, send_one=_crash)
    assert webhook.messages == []
    assert deliver_due(loopback.database, channels, loopback.clock).sent == 0, "the lease of the dead process holds"
    loopback.clock.offset += LEASE
    assert deliver_due(loopback.database, channels, loopback.clock).sent == 2
    assert deliver_due(loopback.database, channels, loopback.clock).sent == 0
    poll(loopback, settings, 2)
    assert len(webhook.messages) == 2


def _crash(*_: object) -> str:
    raise KeyboardInterrupt


def test_captures_are_stored_where_alerts_fail_and_tried_once_that_is_over(
    loopback: Loopback, webhook: Webhook, tmp_path: Path
) -> None:
    settings = configure(loopback, tmp_path, str(tmp_path / "missing"))
    reports = poll(loopback, settings, 2)
    assert all("ALERT_URLS" in report.error for report in reports)
    assert loopback.value("select count(*) from snapshots") == 4
    reports = poll(loopback, loopback.settings(alerts=settings.alerts, alert_urls=webhook.url), 1)
    # The first time only the newest capture counts; from then on, each one.
    assert [report.evaluation.captures for report in reports] == [2]
