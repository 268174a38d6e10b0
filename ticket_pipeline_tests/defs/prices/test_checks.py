"""The checks of prices: green on good data, red on each kind of bad data, and then they name the offender."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from itertools import product

import dagster as dg
import pytest
from psycopg.types.json import Jsonb

from ticket_pipeline.storage.prices import HOUR
from ticket_pipeline_tests.defs.location import Location, evaluations, hour_key
from ticket_pipeline_tests.defs.offenders import count, moment, named, shown

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
A_SECOND_CURRENCY = """
insert into hourly_prices
select event_id, marketplace, zone, 'CAD', fee_basis, hour_at, snapshots, suspect_snapshots, failed_attempts,
  0, 0, 0, 0, 0, 0, 0, 0, 0
from hourly_prices where zone = '*' limit 1
"""
DAYS_OF_OTHER_EVENTS = """
with new_events as (
  insert into events (name, event_date, timezone, timezone_source, event_at)
  select 'Event ' || n, now(), 'UTC', 'sheet', now() from generate_series(1, %s) as n
  returning event_id
)

insert into daily_prices
select event_id, 'stubhub', '*', 'USD', 'all_in', %s, 1, 1, 0, 0, 1, 1, 1, 1 from new_events
"""
CHANGE_ONE = "update {0} set {1} where ctid = (select ctid from {0} where zone = '*' limit 1)"


@pytest.mark.parametrize(
    ("name", "severity", "damage"),
    [
        ("every_row_could_be_used", WARN, "insert into rejected_rows values (7, '{}', array['no date', 'no id'])"),
        ("accepted_and_rejected_add_up_to_received", ERROR, "delete from rejected_listings"),
        ("announced_totals_agree", WARN, "update snapshots set checksum_problems = array['lp is 2, not 3']"),
        ("prices_are_positive", ERROR, CHANGE_ONE.format("hourly_prices", "mean_price = 0")),
        ("daily_prices_are_positive", ERROR, CHANGE_ONE.format("daily_prices", "open_price = 0")),
        ("every_hour_has_one_currency", WARN, A_SECOND_CURRENCY),
        (
            "hourly_prices_agree_with_their_listings",
            ERROR,
            CHANGE_ONE.format("hourly_prices", "tickets = tickets + 1"),
        ),
        ("daily_prices_agree_with_hourly", ERROR, CHANGE_ONE.format("daily_prices", "max_price = max_price + 1")),
    ],
)
def test_bad_data_is_red_and_named(polled: Location, name: str, severity: dg.AssetCheckSeverity, damage: str) -> None:
    polled.capture(polled.loopback.keys[0], polled.now - HOUR / 2, 50, 60, -1, 70)  # one of them has no price
    polled.build_prices()
    assert polled.red() == set()
    polled.loopback.rows(damage)

    found = polled.looks()
    result = found[name]
    assert (result.passed, result.severity) == (False, severity)
    assert count(result) == len(shown(result)) > 0
    assert all(len(offender) <= 8 for offender in named(result))
    assert f"({len(shown(result))} found): " in (result.description or "")
    text = str((result.metadata or {})["shown"].value)
    assert not {"event_id", "Decimal", "datetime"} & set(re.findall(r"\w+", text))
    others = {other for other, each in found.items() if not each.passed} - {name}
    # A row that should not be there, or holds another mean, also differs from its recomputation; so does its day.
    assert others <= {"hourly_prices_agree_with_their_listings", "daily_prices_agree_with_hourly"}


def test_a_wrong_price_is_shown_in_a_table_with_its_event_and_what_it_should_be(polled: Location) -> None:
    event, *_ = polled.loopback.events()
    hour_at = (polled.now - HOUR).replace(minute=0, second=0, microsecond=0)
    polled.loopback.rows(
        "update hourly_prices set tickets = 9, get_in_2_price = -1 where zone = '*' and event_id = %s and hour_at = %s",
        event.event_id,
        hour_at,
    )
    found = polled.looks()
    where = f"| {event.name} | stubhub | {event.external_id} | * (whole event) | {moment(hour_at)} |"
    agreement = found["hourly_prices_agree_with_their_listings"]
    table = str((agreement.metadata or {})["shown"].value).splitlines()
    assert table[0] == "| event | marketplace | key | zone | hour | what | expected | found |"
    assert f"{where} tickets (USD, all_in) | 6 | 9 |" in table
    assert shown(found["prices_are_positive"]) == [f"{where} get_in_2_price (USD, all_in) | above 0 | -1.00 |"]
    assert found["prices_are_positive"].description == (
        "Hourly prices are not above zero, or out of order (1 found): rebuild these hours."
    )


def test_as_many_hours_and_days_are_compared_as_the_metadata_holds(polled: Location) -> None:
    today = polled.now.astimezone(UTC).date()
    assert (polled.looks()["hourly_prices_agree_with_their_listings"].metadata or {})["compared"].value == 8
    for events, days in ((350, 0), (50, 9)):
        polled.loopback.rows(DAYS_OF_OTHER_EVENTS, events, today - timedelta(days=days))
    found = polled.looks()["daily_prices_agree_with_hourly"]
    assert (found.metadata or {})["compared"].value == 200 + 50
    assert count(found) == 200 + 50


def test_bad_data_of_long_ago_is_not_looked_at(polled: Location) -> None:
    polled.loopback.rows("update hourly_prices set min_price = 0, hour_at = hour_at - interval '5 days'")
    assert "prices_are_positive" not in polled.red()


def test_text_from_outside_stays_in_its_cell(polled: Location) -> None:
    cells = Jsonb({"City": "Boston", "event_NAME": "a | b \\| c\nd", "Venue name": "Hall"})
    polled.loopback.rows(
        "insert into rejected_rows values (7, %s, array['no date', %s])", cells, "![e](https://f) <g> `h`"
    )
    (row,) = shown(polled.looks()["every_row_could_be_used"])
    assert row == r"| 7 | a \| b \\\| c d | no date · !\[e](https://f) &lt;g> \`h\` |"


def test_a_rebuild_fixes_the_prices_and_its_checks_are_green(polled: Location) -> None:
    polled.loopback.rows("update hourly_prices set tickets = 9, get_in_2_price = -1 where zone = '*'")
    red = polled.run("check_data")
    (failure,) = [event.step_failure_data for event in red.all_events if event.is_step_failure]
    assert failure.user_failure_data is not None
    assert "prices_are_positive: " in (failure.user_failure_data.description or "")
    assert polled.last_evaluation("hourly_prices", "prices_are_positive") is False
    one = polled.run("aggregate_hourly", partition=hour_key(polled.hour))
    assert evaluations(one)["prices_are_positive"] is False  # the other hours are still wrong
    everything = polled.run("aggregate_hourly", span=(hour_key(polled.hour - 4 * HOUR), hour_key(polled.hour)))
    assert evaluations(everything) == {
        "prices_are_positive": True,
        "every_hour_has_one_currency": True,
        "hourly_prices_agree_with_their_listings": True,
        "no_hour_waits_for_its_rebuild": True,
    }
    polled.run("aggregate_daily", partition=f"{polled.hour:%Y-%m-%d}")
    assert polled.run("check_data").success


def test_a_rebuild_of_days_evaluates_their_checks(polled: Location) -> None:
    result = polled.run("aggregate_daily", partition=f"{polled.now.astimezone(UTC):%Y-%m-%d}")
    assert evaluations(result) == {
        "daily_prices_are_positive": True,
        "daily_prices_agree_with_hourly": True,
        "no_day_waits_for_its_rebuild": True,
    }


def test_a_window_that_nothing_rebuilds_is_named_after_an_hour(polled: Location) -> None:
    for grain, days_ago in product(("hour", "day"), (1, 900)):  # 900: before PRICES_START_DATE
        starts_at = polled.hour.replace(hour=0) - timedelta(days=days_ago)
        for wait, is_late in ((timedelta(minutes=59), False), (timedelta(minutes=61), True)):
            polled.loopback.rows("delete from stale_prices")
            polled.loopback.rows(
                "insert into stale_prices select %s, %s, event_id, 'stubhub', %s from events",
                *(grain, starts_at, polled.now - wait),
            )
            found = polled.looks()[f"no_{grain}_waits_for_its_rebuild"]
            assert found.passed is not is_late
        (row,) = named(found)
        assert row == {grain: moment(starts_at), "waits since": moment(polled.now - wait), "events": "4"}
        assert "rebuild_stale_prices" in (found.description or "")
