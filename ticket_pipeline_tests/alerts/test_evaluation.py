"""What evaluating captures does: once each, in order, only of markets in order; mutes, quiet hours, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ticket_pipeline.alerts.channels import Channel
from ticket_pipeline.alerts.evaluation import Evaluation, evaluate
from ticket_pipeline.alerts.replay import replay_rules
from ticket_pipeline.market.events import Event
from ticket_pipeline.queries.alerts import alert_deliveries, alert_events, alert_standings
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.alerts import mute_alert, read_alert_rules, replace_alert_rules
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.storage.stored import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    Item,
    event_record,
    fail,
    items,
    query,
    store,
    watch,
)

DESK = Channel("ntfy://desk-topic-of-a-test", frozenset({"desk"}))
PHONE = Channel("ntfy://phone-topic-of-a-test")
CHEAP = {"Alert": "Cheap", "Measure": "floor", "Condition": "below 100"}


@pytest.fixture
def event(database: Database) -> Event:
    """One event at StubHub and Vivid Seats."""
    watch(database, event_record(1, external_ids={"stubhub": "1001", "vivid_seats": "2001"}, event_group="Tour"))
    return at_marketplace(database, "stubhub")


def at_marketplace(database: Database, marketplace: str) -> Event:
    return next(event for event in read_events(database) if event.marketplace == marketplace)


def listings(price: float, count: int = 3, **changes: object) -> list[Item]:
    return [replace(item, price=price, all_in_price=price) for item in items(count, **changes)]


def capture(
    database: Database,
    event: Event,
    at: datetime,
    price: float,
    *,
    count: int = 3,
    channels: Sequence[Channel] = (DESK, PHONE),
) -> Evaluation:
    """Store a capture and evaluate it a minute later."""
    store(database, event, at, listings(price, count))
    return evaluate(database, channels, at + MINUTE, dashboard="http://desk")


def kinds(database: Database) -> list[tuple[str, str]]:
    return [(one.alert, one.kind) for one in reversed(alert_events(database))]


def test_each_capture_is_tried_once_and_a_late_one_changes_nothing(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP])
    capture(database, event, NOON, 120)
    capture(database, event, NOON + 2 * HOUR, 90)
    store(database, event, NOON + HOUR, listings(90))
    assert evaluate(database, [DESK], NOON + 2 * HOUR + MINUTE, dashboard="") == Evaluation()
    assert capture(database, event, NOON + 3 * HOUR, 90).fired == 1
    assert evaluate(database, [DESK], NOON + 3 * HOUR + MINUTE, dashboard="") == Evaluation()
    assert capture(database, event, NOON + 4 * HOUR, 101).resolved == 0
    assert capture(database, event, NOON + 5 * HOUR, 103).resolved == 0
    assert capture(database, event, NOON + 6 * HOUR, 103).resolved == 1
    assert kinds(database) == [("Cheap", "fired"), ("Cheap", "resolved")]
    assert {(one.channel, one.title) for one in alert_deliveries(database)} == {
        (channel.label, title)
        for channel in (DESK, PHONE)
        for title in ("Event 1: floor below 100", "Event 1: floor is no longer below 100")
    }


def test_a_thin_floor_is_no_data_and_fires_nothing(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP | {"Captures": "1"}])
    assert capture(database, event, NOON, 120).fired == 0
    assert capture(database, event, NOON + HOUR, 50, count=2).fired == 0
    (standing,) = alert_standings(database, this_moment=NOON + HOUR + MINUTE)
    assert (standing.state, standing.value) == ("no data", None)
    assert capture(database, event, NOON + 2 * HOUR, 50).fired == 1


@pytest.mark.parametrize("measure", ["get-in 1", "get-in 2"])
def test_a_thin_get_in_price_fires_nothing_says_why_and_holds_what_has_fired(
    database: Database, event: Event, measure: str
) -> None:
    replace_alert_rules(database, [CHEAP | {"Measure": measure, "Captures": "1", "Cooldown": "0"}])
    lone = [*listings(120), replace(listings(50, 1)[0], listing_id="lone")]
    moments = iter(NOON + number * HOUR for number in range(10))

    def follow(market: list[Item]) -> tuple[int, int, str | None, str | None]:
        store(database, event, at := next(moments), market)
        found = evaluate(database, [], at + MINUTE, dashboard="")
        (standing,) = alert_standings(database, this_moment=at + MINUTE)
        return found.fired, found.resolved, standing.state, standing.obstacle

    why = f"thin: fewer than 3 listings for {measure[-1]} together are within 15 % of the cheapest"
    assert follow(listings(120)) == (0, 0, "normal", None)
    assert follow(lone) == (0, 0, "no data", why)
    assert follow(listings(50)) == (1, 0, "firing", None)
    assert follow(lone) == (0, 0, "no data", why)
    assert follow(listings(50)) == (0, 0, "firing", None)
    assert follow(listings(120)) == (0, 1, "normal", None)


def test_a_rule_says_what_it_has_no_data_of(database: Database, event: Event) -> None:
    replace_alert_rules(
        database,
        [
            {"Alert": "Five", "Measure": "get-in 5", "Condition": "below 100"},
            {"Alert": "Falls", "Measure": "median", "Condition": "falls 10% in 2h"},
        ],
    )
    capture(database, event, NOON, 90)
    found = {one.alert: one.obstacle for one in alert_standings(database, this_moment=NOON + MINUTE)}
    assert found == {"Five": "no listing sells 5 together", "Falls": "nothing to compare with yet"}


def test_captures_wait_while_a_market_is_not_in_order(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP])
    capture(database, event, NOON, 90)
    store(database, event, NOON + HOUR, listings(90))
    fail(database, event, NOON + HOUR + MINUTE)
    assert evaluate(database, [DESK], NOON + HOUR + 2 * MINUTE, dashboard="") == Evaluation()
    (standing,) = alert_standings(database, this_moment=NOON + HOUR + 2 * MINUTE)
    assert (standing.state, standing.health) == ("pending", "failing")
    assert capture(database, event, NOON + 2 * HOUR, 90) == Evaluation(captures=2, fired=1, queued=2)
    assert [one.captured_at for one in alert_events(database)] == [NOON + HOUR]


def test_a_muted_alert_is_stored_and_told_to_nobody_until_it_has_recovered(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP | {"Captures": "1", "Cooldown": "0"}])
    (rule,) = read_alert_rules(database)
    capture(database, event, NOON, 120)
    assert mute_alert(database, rule.rule_id, until_resolved=True) == 1
    assert capture(database, event, NOON + HOUR, 90).queued == 0
    assert capture(database, event, NOON + 2 * HOUR, 120).queued == 0
    assert [one.is_muted for one in alert_events(database)] == [True, True]
    assert capture(database, event, NOON + 3 * HOUR, 90).queued == 2
    mute_alert(database, rule.rule_id, event_id=event.event_id, until=NOON + 5 * HOUR)
    assert capture(database, event, NOON + 4 * HOUR, 120).queued == 0
    assert capture(database, event, NOON + 6 * HOUR, 90).queued == 2


def test_messages_wait_for_the_end_of_quiet_hours_and_go_to_the_channels_that_a_rule_names(
    database: Database, event: Event
) -> None:
    quiet = CHEAP | {"Captures": "1", "Channels": "desk", "Quiet hours": "22:00-08:00 America/New_York"}
    replace_alert_rules(database, [quiet, {"Measure": "tickets", "Condition": "above 0", "Captures": "1"}])
    assert capture(database, event, NOON, 90).queued == 3  # 07:00 in New York
    waits = {(one.channel, one.title): one.next_attempt_at for one in alert_deliveries(database)}
    assert waits == {
        (DESK.label, "Event 1: floor below 100"): NOON + HOUR,
        (DESK.label, "Event 1: tickets above 0"): NOON + MINUTE,
        (PHONE.label, "Event 1: tickets above 0"): NOON + MINUTE,
    }


def test_a_changed_rule_starts_anew_and_a_removed_one_keeps_its_history(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP | {"Captures": "1"}])
    capture(database, event, NOON, 90)
    replace_alert_rules(database, [CHEAP | {"Captures": "1", "Channels": "desk"}])
    assert [one.state for one in alert_standings(database, this_moment=NOON)] == ["firing"]
    replace_alert_rules(database, [CHEAP | {"Condition": "below 95", "Captures": "1"}])
    assert [one.state for one in alert_standings(database, this_moment=NOON)] == [None]
    assert capture(database, event, NOON + HOUR, 90).fired == 1
    replace_alert_rules(database, [])
    assert capture(database, event, NOON + 2 * HOUR, 90) == Evaluation()
    assert len(kinds(database)) == 2


@pytest.mark.parametrize(
    ("scope", "fires"),
    [
        ({}, True),
        ({"Event": "1001"}, True),
        ({"Event": "2001"}, True),
        ({"Event": "event bost"}, True),
        ({"Event": "Group: tour"}, True),
        ({"Event": "Group: league"}, False),
        ({"Event": "elsewhere"}, False),
        ({"Marketplace": "Vivid Seats"}, False),
        ({"Active": "no"}, False),
        ({"Zone": "each"}, True),
        ({"Zone": "101"}, True),
        ({"Zone": "Balcony"}, False),
    ],
)
def test_a_rule_is_about_what_its_cells_name(
    database: Database, event: Event, scope: dict[str, str], *, fires: bool
) -> None:
    replace_alert_rules(database, [CHEAP | {"Captures": "1"} | scope])
    assert bool(capture(database, event, NOON, 90).fired) is fires


def test_a_spread_is_across_marketplaces_and_an_empty_market_has_no_tickets(database: Database, event: Event) -> None:
    vivid = at_marketplace(database, "vivid_seats")
    replace_alert_rules(
        database,
        [
            {"Alert": "Gap", "Measure": "spread 2", "Condition": "above 20", "Captures": "1"},
            {"Alert": "Sold out", "Measure": "tickets", "Condition": "below 1", "Captures": "1"},
        ],
    )
    assert capture(database, event, NOON, 90).fired == 0
    assert capture(database, vivid, NOON + MINUTE, 130).fired == 1
    (standing,) = [one for one in alert_standings(database, this_moment=NOON + HOUR) if one.alert == "Gap"]
    assert (standing.marketplace, standing.value, standing.currency) == ("*", Decimal(40), "USD")
    store(database, event, NOON + HOUR, [])
    store(database, event, NOON + 2 * HOUR, [])  # the first empty one is suspect until the second confirms it
    evaluate(database, [], NOON + 2 * HOUR + MINUTE, dashboard="")
    assert ("Sold out", "fired") in kinds(database)


def test_a_spread_that_is_not_known_names_the_marketplace_in_the_way(database: Database, event: Event) -> None:
    vivid = at_marketplace(database, "vivid_seats")
    replace_alert_rules(database, [{"Measure": "spread 2", "Condition": "above 20", "Captures": "1"}])
    capture(database, event, NOON, 90)
    capture(database, vivid, NOON + MINUTE, 130, count=1)
    (standing,) = alert_standings(database, this_moment=NOON + MINUTE)
    assert (standing.obstacle or "").endswith("a price that is not thin: the price at vivid_seats is thin")
    capture(database, vivid, NOON + MINUTE + MINUTE / 2, 130)
    query(
        database,
        "insert into breaker_state (marketplace, state, open_until) values ('vivid_seats', 'open', %(until)s) "
        "on conflict (marketplace) do update set state = 'open', open_until = excluded.open_until returning 1",
        until=NOON + DAY,
    )
    capture(database, event, NOON + 2 * MINUTE, 90)
    (standing,) = alert_standings(database, this_moment=NOON + 3 * MINUTE)
    assert (standing.obstacle or "").endswith("a price that is not thin: vivid_seats is paused")


def test_estimated_sales_are_summed_over_their_hours(database: Database, event: Event) -> None:
    replace_alert_rules(database, [{"Measure": "sales 6h", "Condition": "above 9", "Captures": "1"}])
    query(
        database,
        "insert into estimated_sales (event_id, marketplace, zone, hour_at, tickets, variance, low_tickets, "
        "high_tickets, covered_seconds, polling_seconds, method) "
        "select %(id)s, 'stubhub', '*', h, 2.5, 0, 0, 9, 3600, 3600, 1 "
        "from generate_series(%(since)s, %(until)s, interval '1 hour') as h returning 1",
        id=event.event_id,
        since=NOON - 8 * HOUR,
        until=NOON - HOUR,
    )
    assert capture(database, event, NOON + MINUTE, 90).fired == 1
    (standing,) = alert_standings(database, this_moment=NOON + MINUTE)
    assert standing.value == Decimal("12.5")  # of five hours: 07:00 to 11:00


def test_a_replay_fires_what_the_polls_fired(database: Database, event: Event) -> None:
    replace_alert_rules(
        database, [CHEAP, {"Alert": "Falls", "Measure": "floor", "Condition": "falls 10% in 2h", "Captures": "1"}]
    )
    for number, price in enumerate((120, 120, 120, 90, 90, 90, 85, 120, 120, 120, 90, 90)):
        at = NOON + number * HOUR
        rebuild_hourly(database, Span(NOON - DAY, NOON + DAY))
        capture(database, event, at, price)
    rebuild_hourly(database, Span(NOON - DAY, NOON + DAY))
    told = [(one.alert, one.kind, one.captured_at) for one in reversed(alert_events(database))]
    assert {kind for _, kind, _ in told} == {"fired", "resolved"}
    replayed = replay_rules(database, read_alert_rules(database), NOON - HOUR, NOON + DAY)
    assert sorted((one.alert, one.kind, one.captured_at) for one in replayed.occurrences) == sorted(told)
    assert replayed.captures == 12


def test_a_replay_judges_each_moment_by_what_was_true_then(database: Database, event: Event) -> None:
    """Intervals, pauses and the watchlist of today say nothing of the past; attempts that failed then do."""
    vivid = at_marketplace(database, "vivid_seats")
    replace_alert_rules(
        database, [{"Alert": "Gap", "Measure": "spread 2", "Condition": "above 20", "Captures": "1", "Cooldown": "0"}]
    )
    for number in range(6):  # every twelve hours, six hours apart: far more than an interval of the last day
        store(database, event, NOON + number * 12 * HOUR, listings(90 if number < 4 else 150))
        store(database, vivid, NOON + number * 12 * HOUR + 6 * HOUR, listings(150))
    fail(database, vivid, NOON + 30 * HOUR + MINUTE)
    query(database, "update poll_schedule set poll_interval = interval '15 minutes' returning 1")
    query(database, "update events set is_tracked = false returning 1")
    query(
        database,
        "insert into breaker_state (marketplace, state, asked_until) "
        "values ('stubhub', 'closed', now() + interval '9 years') on conflict (marketplace) do update "
        "set asked_until = excluded.asked_until returning 1",
    )
    replayed = replay_rules(database, read_alert_rules(database), NOON - HOUR, NOON + 4 * DAY)
    assert [(one.kind, one.captured_at, one.value) for one in replayed.occurrences] == [
        ("fired", NOON + 6 * HOUR, 60),
        ("resolved", NOON + 48 * HOUR, 0),
    ]
    assert any("pauses and intervals are not stored" in one for one in replayed.limits)


def test_a_message_says_what_how_much_since_when_and_where_to_look(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP | {"Measure": "get-in 2", "Condition": "falls 20% in 2h"}])
    for number, price in enumerate((200, 200, 200, 150, 150)):
        rebuild_hourly(database, Span(NOON - DAY, NOON + DAY))
        capture(database, event, NOON + number * HOUR, price, channels=[DESK])
    ((title, body),) = [tuple(row.values()) for row in query(database, "select title, body from alert_deliveries")]
    assert title == "Event 1: get-in 2 falls 20% in 2h"
    assert body.splitlines() == [
        "Event 1, Harbor Garden, Boston, Mon 01 Jun 19:30 EDT",
        "",
        "Get-in for 2 at StubHub is 150.00 USD: down 25% in 2h, from 200.00.",
        "On 2 captures, since Mon 02 Mar 10:00 EST; seen Mon 02 Mar 11:00 EST.",
        "Per ticket, all fees in.",
        "▇▇▇▁▁  7 days".replace("▇", "█"),
        "Alert: Cheap",
        "",
        f"http://desk/events/{event.event_id}",
    ]


def test_waiting_captures_are_tried_in_their_order(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP | {"Cooldown": "0"}])
    capture(database, event, NOON, 120)
    for number, price in enumerate((90, 90, 120, 120, 90, 90), 1):
        store(database, event, NOON + number * 10 * MINUTE, listings(price))
    evaluate(database, [DESK], NOON + HOUR + timedelta(minutes=5), dashboard="")
    assert kinds(database) == [("Cheap", "fired"), ("Cheap", "resolved"), ("Cheap", "fired")]


def test_captures_that_waited_for_more_than_a_day_are_left_out(database: Database, event: Event) -> None:
    replace_alert_rules(database, [CHEAP | {"Captures": "1"}])
    capture(database, event, NOON, 120)
    for days, price in ((3, 90), (5, 120), (5.5, 120)):
        store(database, event, NOON + days * DAY, listings(price))
    assert evaluate(database, [DESK], NOON + 5.5 * DAY + MINUTE, dashboard="") == Evaluation(captures=2)
