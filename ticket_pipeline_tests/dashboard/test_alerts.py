"""The alerts page: rules, what fired, and dead messages are those of the queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_pipeline.alerts.channels import Channel
from ticket_pipeline.alerts.delivery import LONGEST_WAIT, MOST_ATTEMPTS, deliver_due
from ticket_pipeline.alerts.evaluation import evaluate
from ticket_pipeline.dashboard.formats import NOTHING
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline_tests.dashboard.reading import read
from ticket_pipeline_tests.storage.stored import MINUTE, NOON, items, store, watch_one

if TYPE_CHECKING:
    from datetime import datetime

    import httpx

    from ticket_pipeline.storage.database import Database

RULE = {"Alert": "<b>Anything", "Measure": "tickets", "Condition": "above 0", "Captures": "1"}


def test_rules_history_and_dead_messages_are_shown(dashboard: httpx.Client, database: Database) -> None:
    replace_alert_rules(database, [RULE, RULE | {"Alert": "Never", "Condition": "above 9999", "Event": "nothing"}])
    event = watch_one(database)
    channel = Channel("ntfy://topic-of-a-test")
    moment = NOON - 10 * LONGEST_WAIT
    store(database, event, moment, items(3))
    assert evaluate(database, [channel], moment + MINUTE, dashboard="http://desk").fired == 1
    clock = [moment + MINUTE]

    def now() -> datetime:
        return clock[0]

    for _ in range(MOST_ATTEMPTS):
        deliver_due(database, [channel], now, send_one=lambda *_: "it was refused")
        clock[0] += LONGEST_WAIT
    tables = read(dashboard.get("/alerts").text)
    assert [row[:5] for row in tables["alerts"][1:]] == [
        ["<b>Anything", "tickets above 0", "firing", "Event 1", "StubHub"],
        ["Never", "tickets above 9999", "no capture yet", NOTHING, NOTHING],
    ]
    assert tables["history"][1][1:] == ["Event 1", "Tickets at StubHub is 6: above 0", "<b>Anything", "1", "1 dead"]
    assert tables["dead"][1][1:] == ["Event 1: tickets above 0", channel.label, "10", "it was refused"]
    for name in ("alerts", "history", "dead"):
        assert len(dashboard.get(f"/alerts/{name}.csv").text.splitlines()) == 3 - (name != "alerts")
    assert dashboard.get("/alerts/other.csv").status_code == 404


def test_without_rules_the_page_says_so(dashboard: httpx.Client) -> None:
    assert "ALERTS is not set: there are no rules." in dashboard.get("/alerts").text
