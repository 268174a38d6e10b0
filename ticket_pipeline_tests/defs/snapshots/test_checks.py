"""The checks of what was captured: green on good data, else they name the offender; and when they are evaluated."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from ticket_pipeline.market.validated import PARKING_REASON
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.storage.prices import HOUR
from ticket_pipeline_tests.defs.location import CHECKS, Location, evaluations
from ticket_pipeline_tests.defs.offenders import count, moment, named, shown

WARN = dg.AssetCheckSeverity.WARN
OF_LISTINGS = {
    "accepted_and_rejected_add_up_to_received",
    "most_listings_are_prices",
    "announced_totals_agree",
    "no_tracked_event_is_stale",
    "no_payload_changed_shape",
}


def test_good_data_is_green(polled: Location) -> None:
    found = polled.looks()
    assert set(found) == set(CHECKS)
    assert [name for name, result in found.items() if not result.passed] == []
    assert [name for name, result in found.items() if count(result) != 0] == []


def test_an_empty_database_is_green(location: Location) -> None:
    assert location.red() == set()


def test_a_capture_of_which_most_was_rejected_is_named_with_its_reasons(polled: Location) -> None:
    event, *_ = polled.loopback.events()
    key = event.external_id
    polled.capture(key, polled.now - HOUR / 2, 50, -1, -1, 60)
    assert "most_listings_are_prices" not in polled.red()
    polled.capture(key, polled.now - HOUR / 3, 50, -1, 0)
    found = polled.looks()["most_listings_are_prices"]
    assert (found.passed, found.severity, count(found)) == (False, WARN, 1)
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
    assert "most_listings_are_prices" not in polled.red()


def test_an_event_without_a_capture_for_twice_its_interval_is_named_with_its_last_error(polled: Location) -> None:
    stale, *_ = polled.loopback.events()
    polled.loopback.rows("update poll_schedule set poll_interval = '2 hours'")
    polled.loopback.rows(
        "update poll_schedule set last_success_at = %s, last_outcome = 'blocked', last_error = 'session rejected'"
        " where event_id = %s",
        polled.now - timedelta(hours=4, minutes=6),
        stale.event_id,
    )
    found = polled.looks()["no_tracked_event_is_stale"]
    assert (found.passed, found.severity, count(found)) == (False, WARN, 1)
    assert named(found) == [
        {
            "event": stale.name,
            "marketplace": "stubhub",
            "key": stale.external_id,
            "last success": moment(polled.now - timedelta(hours=4, minutes=6)),
            "last outcome": "blocked: session rejected",
        }
    ]

    polled.loopback.rows("update poll_schedule set last_success_at = %s", polled.now - timedelta(hours=4, minutes=4))
    assert polled.red() == set()


def test_a_stale_event_without_an_error_shows_its_last_outcome(polled: Location) -> None:
    polled.loopback.rows("update event_sources set first_seen_at = %s", polled.now - timedelta(hours=9))
    for outcome, shown_as in ((None, "nothing was tried"), ("stored", "stored")):
        polled.loopback.rows(
            "update poll_schedule set poll_interval = '2 hours', last_success_at = null, last_outcome = %s,"
            " last_error = null",
            outcome,
        )
        offenders = named(polled.looks()["no_tracked_event_is_stale"])
        assert [offender["key"] for offender in offenders] == polled.loopback.keys
        assert {(offender["last success"], offender["last outcome"]) for offender in offenders} == {("never", shown_as)}


def test_a_capture_whose_totals_disagree_is_named_by_the_key_it_was_taken_with(polled: Location) -> None:
    event, *_ = polled.loopback.events()
    at = polled.now - HOUR
    polled.loopback.rows("update event_sources set is_current = false where external_id = %s", event.external_id)
    polled.loopback.rows("insert into event_sources values ('stubhub', 'the newer one', %s)", event.event_id)
    polled.loopback.rows("update snapshots set checksum_problems = '{}'")
    polled.loopback.rows(
        "update snapshots set checksum_problems = array['lp is 2, not 3', 'hp is 5, not 4']"
        " where event_id = %s and captured_at = %s",
        event.event_id,
        at,
    )
    assert named(polled.looks()["announced_totals_agree"]) == [
        {
            "event": event.name,
            "marketplace": "stubhub",
            "key": event.external_id,
            "captured": moment(at),
            "what disagrees": "lp is 2, not 3; hp is 5, not 4",
        }
    ]


def test_many_offenders_are_counted_and_the_first_are_shown(polled: Location) -> None:
    polled.loopback.rows("insert into rejected_rows select n, '{}', array['no date'] from generate_series(1, 30) n")
    found = polled.looks()["every_row_could_be_used"]
    assert count(found) == 30
    assert str((found.metadata or {})["shown"].value).endswith("… and 10 more")
    assert shown(found) == [f"| {number} | \N{EN DASH} | no date |" for number in range(1, 21)]


def poll(location: Location, *keys: str) -> dg.ExecuteInProcessResult:
    return location.run("poll_stubhub", config={"event_keys": list(keys)})


def test_a_run_evaluates_the_checks_of_its_asset_after_its_last_materialization_also_if_an_event_fails(
    location: Location,
) -> None:
    location.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, external_id=location.loopback.keys[1]))
    result = poll(location, *location.loopback.keys)
    assert not result.success
    assert evaluations(result) == dict.fromkeys(OF_LISTINGS, True)
    logged = [entry.dagster_event_type for entry in location.instance.all_logs(result.run_id)]
    last = max(at for at, kind in enumerate(logged) if kind is dg.DagsterEventType.ASSET_MATERIALIZATION)
    assert last < logged.index(dg.DagsterEventType.ASSET_CHECK_EVALUATION)


def test_a_run_looks_at_what_it_wrote_and_after_a_red_result_at_two_days(polled: Location) -> None:
    check = "most_listings_are_prices"
    polled.capture(polled.loopback.keys[0], polled.now - HOUR / 3, 50, -1, 0)
    assert evaluations(poll(polled, polled.loopback.keys[1]))[check] is True
    assert polled.run("check_data").success
    assert polled.last_evaluation("stubhub_listings", check) is False
    assert evaluations(poll(polled, polled.loopback.keys[1]))[check] is False

    polled.loopback.rows("update rejected_listings set reasons = array[%s]", PARKING_REASON)
    assert evaluations(poll(polled, polled.loopback.keys[1]))[check] is True


def test_check_data_evaluates_every_check_and_makes_nothing(polled: Location) -> None:
    polled.loopback.rows("insert into rejected_rows values (7, '{}', array['no date'])")
    result = polled.run("check_data")
    assert result.success
    assert {name: polled.last_evaluation(asset, name) for name, asset in CHECKS.items()} == {
        name: name != "every_row_could_be_used" for name in CHECKS
    }
    kinds = {entry.dagster_event_type for entry in polled.instance.all_logs(result.run_id)}
    assert dg.DagsterEventType.ASSET_MATERIALIZATION not in kinds
