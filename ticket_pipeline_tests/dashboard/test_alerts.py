"""The alerts page: rules, what fired, and dead messages are those of the queries."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape

import httpx
from psycopg.types.json import Jsonb

from ticket_pipeline.alerts.channels import Channel
from ticket_pipeline.alerts.delivery import LONGEST_WAIT, MOST_ATTEMPTS, deliver_due
from ticket_pipeline.alerts.evaluation import evaluate
from ticket_pipeline.dashboard.app import create_app
from ticket_pipeline.dashboard.formats import NOTHING
from ticket_pipeline.queries.alerts import AlertStanding, alert_standings
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.dashboard.reading import read
from ticket_pipeline_tests.simulator_support.serving import open_client
from ticket_pipeline_tests.storage.stored import DAY, MINUTE, NOON, items, store, watch_one

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
        ["<b>Anything", "firing", "tickets above 0", "Event 1", "StubHub"],
        ["Never", "no data yet", "tickets above 9999", NOTHING, NOTHING],
    ]
    assert tables["problems"][1:] == [["Never", "No followed event is still to come and named by Event 'nothing'."]]
    assert tables["history"][1][1:] == ["Event 1", "Tickets at StubHub is 6: above 0", "<b>Anything", "1", "1 dead"]
    assert tables["dead"][1][1:] == ["Event 1: tickets above 0", channel.label, "10", "it was refused"]
    captures = re.findall(r'href="(/events/\d+/captures[^"]*)">(6|1)<', dashboard.get("/alerts").text)
    assert [shown for _, shown in captures] == ["6", "1"]
    assert {dashboard.get(unescape(link)).status_code for link, _ in captures} == {200}
    for name in ("alerts", "history", "dead"):
        assert len(dashboard.get(f"/alerts/{name}.csv").text.splitlines()) == 3 - (name != "alerts")
    assert dashboard.get("/alerts/other.csv").status_code == 404


def test_without_rules_the_page_says_so(dashboard: httpx.Client) -> None:
    assert "ALERTS is not set: there are no rules." in dashboard.get("/alerts").text


def test_a_rule_is_muted_from_the_page_and_by_no_other_site(database: Database) -> None:
    replace_alert_rules(database, [RULE])
    event = watch_one(database)
    store(database, event, NOON - MINUTE, items(3))
    evaluate(database, [], NOON, dashboard="")
    with (
        Database(database.url, "tickets", read_only=True) as reading,
        open_client(create_app(reading, Settings(), lambda: NOON, writing=database)) as client,
    ):

        def standing() -> AlertStanding:
            (one,) = alert_standings(database, this_moment=NOON)
            return one

        def send(choice: str, **headers: str) -> int:
            form = {"rule": str(standing().rule_id), "event": str(event.event_id), "mute": choice}
            return client.post("/alerts/mute", data=form, headers=headers).status_code

        buttons = re.findall(r'<button name="mute" value="(\w+)"', client.get("/alerts").text)
        assert buttons == ["day", "over"]
        assert send("day", origin="http://evil.example") == 403
        assert send("day", **{"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}) == 403
        assert (send("week"), send("")) == (400, 400)
        assert client.post("/alerts/mute", content=b"x" * 2000).status_code == 400
        assert client.get("/alerts/mute").status_code == 405
        assert not standing().is_muted
        assert send("day", origin=str(client.base_url), **{"sec-fetch-site": "same-origin"}) == 303
        assert (standing().is_muted, standing().muted_until) == (True, NOON + DAY)
        assert re.findall(r'<button name="mute" value="(\w+)"', client.get("/alerts").text) == ["no"]
        assert send("no") == 303
        assert send("over") == 303
        assert (standing().is_muted, standing().muted_until) == (True, None)
        assert "<form" not in client.get("/alerts/alerts.csv").text


def test_a_user_who_may_only_read_mutes_nothing_and_reads_why(database: Database) -> None:
    replace_alert_rules(database, [RULE])
    with (
        Database(database.url, "tickets", read_only=True) as reading,
        open_client(create_app(reading, Settings(), lambda: NOON, writing=reading)) as client,
    ):
        refused = client.post("/alerts/mute", data={"rule": "1", "event": "1", "mute": "day"})
    assert refused.status_code == 403
    assert "the database user of the dashboard may only read" in refused.text


def test_the_page_says_why_there_is_no_data(dashboard: httpx.Client, database: Database) -> None:
    replace_alert_rules(database, [{"Alert": "Pair", "Measure": "get-in 2", "Condition": "below 200"}])
    store(database, watch_one(database), NOON - MINUTE, items(2))
    evaluate(database, [], NOON, dashboard="")
    (row,) = read(dashboard.get("/alerts").text)["alerts"][1:]
    assert row[1] == "no data thin: fewer than 3 listings for 2 together are within 15 % of the cheapest"


def test_incidents_are_shown_what_is_open_first(dashboard: httpx.Client, database: Database) -> None:
    problems = [
        {"kind": kind, "subject": "x", "summary": f"<i>{kind}", "cause": "It broke.", "is_told": True}
        for kind in ("disk_low", "runs_failed")
    ]
    rows = database.fetch_all("incidents/upsert", problems=Jsonb(problems), this_moment=NOON - MINUTE)
    ended = [row["incident_id"] for row in rows if row["kind"] == "runs_failed"]
    database.execute("incidents/close", incident_ids=ended, this_moment=NOON)
    shown = read(dashboard.get("/alerts").text)["incidents"][1:]
    assert [row[2:] for row in shown] == [
        ["<i>disk_low", "It broke.", "disk_low", NOTHING],
        ["<i>runs_failed", "It broke.", "runs_failed", NOTHING],
    ]
    assert [row[1] == NOTHING for row in shown] == [True, False]
    assert len(dashboard.get("/alerts/incidents.csv").text.splitlines()) == 3
