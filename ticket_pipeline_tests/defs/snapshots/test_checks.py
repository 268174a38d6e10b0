"""The data checks: green on good data, red on each kind of bad data, and then they name the offender."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from psycopg.types.json import Jsonb

from ticket_pipeline.market.validated import PARKING_REASON
from ticket_pipeline.storage.prices import HOUR
from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START, hour_key
from ticket_pipeline_tests.defs.offenders import moment, named, shown

if TYPE_CHECKING:
    from ticket_pipeline_tests.defs.location import Location

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
SEVERITIES = {
    "no_row_is_quarantined": WARN,
    "accepted_and_rejected_add_up_to_received": ERROR,
    "most_listings_are_prices": WARN,
    "announced_totals_agree": WARN,
    "no_tracked_event_is_stale": WARN,
    "prices_are_positive": ERROR,
    "every_hour_has_one_currency": WARN,
    "hourly_prices_agree_with_their_listings": ERROR,
    "daily_prices_are_positive": ERROR,
    "daily_prices_agree_with_hourly": ERROR,
    "ticket_counts_match_vivenu": ERROR,
    "no_price_is_negative": ERROR,
    "nothing_is_oversold": WARN,
    "daily_sales_add_up_to_the_tickets": ERROR,
    "answers_about_gender_are_known": WARN,
    "answers_about_age_are_ages": WARN,
}
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
HALF_THE_PRICES = "update {} set {} where ctid = (select ctid from {} where zone = '*' limit 1)"


@pytest.fixture
def polled(location: Location) -> Location:
    """Every event captured twice in the last hours, and every price built."""
    for key in location.loopback.keys:
        for hours in (3, 1):
            location.capture(key, location.now - hours * HOUR, 50, 60, 70 + hours)
    location.build_prices()
    return location


def red(location: Location) -> set[str]:
    """The checks that fail now."""
    return {name for name, found in location.evaluations().items() if not found.passed}


def test_good_data_is_green(polled: Location) -> None:
    found = polled.evaluations()
    assert set(found) == set(SEVERITIES)
    assert [name for name, evaluation in found.items() if not evaluation.passed] == []
    assert found["hourly_prices_agree_with_their_listings"].metadata["event_hours_compared"].value == 8
    assert all(evaluation.metadata["offenders"].value == 0 for evaluation in found.values())


def test_an_empty_database_is_green(location: Location) -> None:
    assert red(location) == set()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("no_row_is_quarantined", "insert into rejected_rows values (7, '{}', array['no date', 'no id'])"),
        ("accepted_and_rejected_add_up_to_received", "delete from rejected_listings"),
        ("announced_totals_agree", "update snapshots set checksum_problems = array['lp is 2, the listings give 3']"),
        ("prices_are_positive", HALF_THE_PRICES.format("hourly_prices", "mean_price = 0", "hourly_prices")),
        ("daily_prices_are_positive", HALF_THE_PRICES.format("daily_prices", "open_price = 0", "daily_prices")),
        ("every_hour_has_one_currency", A_SECOND_CURRENCY),
        (
            "hourly_prices_agree_with_their_listings",
            HALF_THE_PRICES.format("hourly_prices", "tickets = tickets + 1", "hourly_prices"),
        ),
        (
            "daily_prices_agree_with_hourly",
            HALF_THE_PRICES.format("daily_prices", "max_price = max_price + 1", "daily_prices"),
        ),
    ],
)
def test_bad_data_is_red_and_named(polled: Location, name: str, damage: str) -> None:
    polled.capture(polled.loopback.keys[0], polled.now - HOUR / 2, 50, 60, -1, 70)  # one of them is no price
    polled.build_prices()
    assert red(polled) == set()
    polled.loopback.rows(damage)

    found = polled.evaluations()
    assert not found[name].passed
    assert found[name].severity is SEVERITIES[name]
    assert found[name].metadata["offenders"].value == len(shown(found[name]))
    assert shown(found[name])
    assert all(len(offender) <= 8 for offender in named(found[name]))
    assert f"({len(shown(found[name]))} found): " in (found[name].description or "")
    assert not {"event_id", "Decimal", "datetime"} & set(re.findall(r"\w+", str(found[name].metadata["shown"].value)))
    others = {other for other, evaluation in found.items() if not evaluation.passed} - {name}
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
    found = polled.evaluations()
    where = f"| {event.name} | stubhub | {event.external_id} | * (whole event) | {moment(hour_at)} |"
    table = str(found["hourly_prices_agree_with_their_listings"].metadata["shown"].value).splitlines()
    assert table[0] == "| event | marketplace | key | zone | hour | what | expected | found |"
    assert f"{where} tickets (USD, all_in) | 6 | 9 |" in table
    (row,) = shown(found["prices_are_positive"])
    assert row == f"{where} get_in_2_price (USD, all_in) | above 0 | -1.00 |"
    assert found["prices_are_positive"].description == (
        "Hourly prices are not above zero, or out of order (1 found): rebuild these hours, then run check_data."
    )


def test_an_event_that_was_never_captured_says_never(polled: Location) -> None:
    polled.loopback.rows(
        "update poll_schedule set poll_interval = '2 hours', last_success_at = null, last_outcome = null"
    )
    polled.loopback.rows("update event_sources set first_seen_at = %s", polled.now - timedelta(hours=9))
    offenders = named(polled.evaluations()["no_tracked_event_is_stale"])
    assert {offender["key"] for offender in offenders} == set(polled.loopback.keys)
    assert len(offenders) == len(polled.loopback.keys)
    assert all(offender["last success"] == "never" for offender in offenders)
    assert all(offender["last outcome"] == "nothing was tried" for offender in offenders)


def test_a_capture_of_which_most_is_no_price_is_named_with_its_reasons(polled: Location) -> None:
    event, *_ = polled.loopback.events()
    key = event.external_id
    polled.capture(key, polled.now - HOUR / 2, 50, -1, -1, 60)
    assert "most_listings_are_prices" not in red(polled)
    polled.capture(key, polled.now - HOUR / 3, 50, -1, 0)
    found = polled.evaluations()["most_listings_are_prices"]
    assert (found.passed, found.severity, found.metadata["offenders"].value) == (False, WARN, 1)
    assert named(found) == [
        {
            "event": event.name,
            "marketplace": "stubhub",
            "key": key,
            "captured": moment(polled.now - HOUR / 3),
            "received": "3",
            "rejected": "2",
            "reasons": "2 x price is zero or less",
        }
    ]

    polled.loopback.rows("update rejected_listings set reasons = array[%s]", PARKING_REASON)
    assert "most_listings_are_prices" not in red(polled)


def test_an_event_without_a_capture_for_twice_its_interval_is_named_with_its_last_error(polled: Location) -> None:
    stale, *_ = polled.loopback.events()
    polled.loopback.rows("update poll_schedule set poll_interval = '2 hours'")
    polled.loopback.rows(
        "update poll_schedule set last_success_at = %s, last_outcome = 'blocked', last_error = 'session refused'"
        " where event_id = %s",
        polled.now - timedelta(hours=4, minutes=6),
        stale.event_id,
    )
    found = polled.evaluations()["no_tracked_event_is_stale"]
    assert (found.passed, found.severity, found.metadata["offenders"].value) == (False, WARN, 1)
    assert named(found) == [
        {
            "event": stale.name,
            "marketplace": "stubhub",
            "key": stale.external_id,
            "last success": moment(polled.now - timedelta(hours=4, minutes=6)),
            "last outcome": "blocked: session refused",
        }
    ]

    polled.loopback.rows("update poll_schedule set last_success_at = %s", polled.now - timedelta(hours=4, minutes=4))
    assert red(polled) == set()


def test_old_days_are_compared_however_many_new_ones_there_are(polled: Location) -> None:
    today = polled.now.astimezone(UTC).date()
    for events, days in ((350, 0), (50, 9)):
        polled.loopback.rows(DAYS_OF_OTHER_EVENTS, events, today - timedelta(days=days))
    found = polled.evaluations()["daily_prices_agree_with_hourly"]
    assert found.metadata["event_days_compared"].value == 200 + 50
    assert found.metadata["offenders"].value == 200 + 50


def test_bad_data_of_long_ago_is_not_looked_at(polled: Location) -> None:
    polled.loopback.rows("update hourly_prices set min_price = 0, hour_at = hour_at - interval '5 days'")
    assert "prices_are_positive" not in red(polled)


def test_many_offenders_are_counted_and_the_first_are_shown(polled: Location) -> None:
    polled.loopback.rows("insert into rejected_rows select n, '{}', array['no date'] from generate_series(1, 30) n")
    found = polled.evaluations()["no_row_is_quarantined"]
    assert found.metadata["offenders"].value == 30
    assert str(found.metadata["shown"].value).endswith("… and 10 more")
    assert shown(found) == [f"| {number} | \N{EN DASH} | no date |" for number in range(1, 21)]


def test_a_row_of_the_sheet_is_named_as_the_sheet_names_it_with_every_reason(polled: Location) -> None:
    cells = Jsonb({"City": "Boston", "event_NAME": "Night of the Crowd", "Venue name": "Hall"})
    polled.loopback.rows("insert into rejected_rows values (7, %s, array['no date', 'no id'])", cells)
    found = polled.evaluations()["no_row_is_quarantined"]
    assert named(found) == [{"row": "7", "event": "Night of the Crowd", "reasons": "no date · no id"}]


def test_text_from_outside_stays_in_its_cell(polled: Location) -> None:
    polled.loopback.rows(
        "insert into rejected_rows values (7, %s, array[%s])",
        Jsonb({"Name": "a | b \\| c\nd"}),
        "![e](https://f) <g> `h`",
    )
    (row,) = shown(polled.evaluations()["no_row_is_quarantined"])
    assert row == r"| 7 | a \| b \\\| c d | !\[e](https://f) &lt;g> \`h\` |"


def test_the_table_of_captures_whose_totals_disagree_names_event_and_moment(polled: Location) -> None:
    event, *_ = polled.loopback.events()
    at = polled.now - HOUR
    polled.loopback.rows("update snapshots set checksum_problems = '{}'")
    polled.loopback.rows(
        "update snapshots set checksum_problems = array['lp is 2, not 3', 'hp is 5, not 4']"
        " where event_id = %s and captured_at = %s",
        event.event_id,
        at,
    )
    found = polled.evaluations()["announced_totals_agree"]
    assert named(found) == [
        {
            "event": event.name,
            "marketplace": "stubhub",
            "key": event.external_id,
            "captured": moment(at),
            "what disagrees": "lp is 2, not 3; hp is 5, not 4",
        }
    ]


def test_a_capture_is_told_by_the_key_it_was_taken_with(polled: Location) -> None:
    event, *_ = polled.loopback.events()
    polled.loopback.rows("update event_sources set is_current = false where external_id = %s", event.external_id)
    polled.loopback.rows("insert into event_sources values ('stubhub', 'the newer one', %s)", event.event_id)
    polled.loopback.rows("update snapshots set checksum_problems = array['x'] where event_id = %s", event.event_id)
    offenders = named(polled.evaluations()["announced_totals_agree"])
    assert {(offender["event"], offender["key"]) for offender in offenders} == {(event.name, event.external_id)}


def test_an_event_whose_last_attempt_went_well_and_long_ago_tells_no_error(polled: Location) -> None:
    polled.loopback.rows(
        "update poll_schedule set poll_interval = '1 hour', last_success_at = %s, last_outcome = 'stored',"
        " last_error = null",
        polled.now - timedelta(hours=9),
    )
    offenders = named(polled.evaluations()["no_tracked_event_is_stale"])
    assert {offender["last outcome"] for offender in offenders} == {"stored"}


def materialize_by_hand(location: Location, asset: str, first: str, last: str) -> dg.ExecuteInProcessResult:
    """What the UI and `dagster asset materialize` run for a range of partitions: the asset, and its checks."""
    job = location.defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection={dg.AssetKey(asset)})
    return job.execute_in_process(
        instance=location.instance, tags={RANGE_START: first, RANGE_END: last}, raise_on_error=False
    )


def test_a_rebuild_by_hand_mends_the_prices_and_then_their_checks_say_so(polled: Location) -> None:
    polled.loopback.rows("update hourly_prices set tickets = 9 where zone = '*'")
    assert "hourly_prices_agree_with_their_listings" in red(polled)
    result = materialize_by_hand(polled, "hourly_prices", hour_key(polled.hour - 4 * HOUR), hour_key(polled.hour))
    assert result.success
    found = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert found == {
        "prices_are_positive": True,
        "every_hour_has_one_currency": True,
        "hourly_prices_agree_with_their_listings": True,
    }
    assert not [event for event in result.all_events if event.event_type is dg.DagsterEventType.STEP_SKIPPED]


def test_the_checks_of_a_run_by_hand_also_speak_where_it_failed(polled: Location) -> None:
    polled.loopback.rows("update hourly_prices set tickets = 9 where zone = '*'")
    polled.loopback.rows("alter table hourly_prices add constraint nothing_goes_in check (tickets = 9) not valid")
    result = materialize_by_hand(polled, "hourly_prices", hour_key(polled.hour - 4 * HOUR), hour_key(polled.hour))
    assert not result.success
    found = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert found["hourly_prices_agree_with_their_listings"] is False
    assert len(found) == 3


@pytest.mark.parametrize("asset", ["daily_prices", "stubhub_listings"])
def test_the_checks_of_other_assets_with_partitions_run_after_them_too(polled: Location, asset: str) -> None:
    if asset == "daily_prices":
        first = last = polled.now.astimezone(UTC).strftime("%Y-%m-%d")
    else:
        polled.instance.add_dynamic_partitions("stubhub_events", polled.loopback.keys)
        first = last = polled.loopback.keys[0]
    result = materialize_by_hand(polled, asset, first, last)
    expected = {"daily_prices": 2, "stubhub_listings": 4}[asset]
    assert len(result.get_asset_check_evaluations()) == expected
