"""A batch of events: what is stored, what fails, who goes on, and who holds the lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.errors import RequestNotPermitted, StorageError
from ticket_pipeline.ingest.batch import Lease
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.market.vocabulary import ParsedListings
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.ingest.loopback import Loopback, open_loopback
from ticket_pipeline_tests.ingest.scripted import (
    LONG,
    ScriptedClient,
    answer_about,
    batch_of,
    ingest_of,
    lease,
    listing,
    run,
)
from ticket_pipeline_tests.simulator_support.large_world import large_world


def outcomes(loopback: Loopback) -> dict[str, str]:
    """Key → how its only attempt ended."""
    return {row["external_id"]: row["outcome"] for row in loopback.rows("select * from fetch_attempts")}


# --- over real HTTP -------------------------------------------------------------------------------------------------


def test_every_event_is_stored_rescheduled_and_reported(watching: Loopback) -> None:
    told: list[EventResult] = []
    before = watching.clock()
    result = watching.poll(watching.events(), on_results=told.extend, run_id="run 1")

    assert result.skipped == []
    assert result.stopped_by is None
    assert result.failures == []
    assert sorted(one.event.external_id for one in result.results) == watching.keys
    assert told == result.results
    assert watching.stored_keys() == watching.keys
    for one in result.results:
        row = watching.schedule(one.event.external_id)
        assert one.listings == watching.value("select count(*) from listings where event_id = %s", one.event.event_id)
        assert one.listings > 0
        assert one.metrics is not None
        assert row["last_success_at"] == row["last_attempt_at"] == one.captured_at
        assert row["next_due_at"] > before + 5 * timedelta(hours=1)
        assert row["lease_id"] is None
    assert {row["run_id"] for row in watching.rows("select run_id from fetch_attempts")} == {"run 1"}


# Every kind of fault is played in `test_three_hours`.
BROKEN_RESPONSES = {FaultKind.NOT_FOUND: "gone", FaultKind.HTML: "bad_payload"}


@pytest.mark.parametrize(("kind", "outcome"), BROKEN_RESPONSES.items())
def test_one_broken_response_fails_its_event_and_no_other(watching: Loopback, kind: FaultKind, outcome: str) -> None:
    broken = watching.keys[1]
    watching.faults.add(Fault(kind, external_id=broken, times=None))
    result = watching.poll(watching.events())

    assert [(one.event.external_id, one.outcome) for one in result.failures] == [(broken, outcome)]
    assert result.skipped == []
    assert outcomes(watching) == {key: outcome if key == broken else "ok" for key in watching.keys}
    assert watching.stored_keys() == [key for key in watching.keys if key != broken]
    row = watching.schedule(broken)
    assert row["consecutive_failures"] == 1
    assert row["last_error"] == result.failures[0].error
    assert row["next_due_at"] > watching.clock()
    assert row["lease_id"] is None


def test_a_response_without_one_price_is_stored_whole_and_is_a_failure(watching: Loopback) -> None:
    drifted = watching.keys[1]
    watching.faults.add(Fault(FaultKind.RENAMED_FIELD, external_id=drifted, times=None))
    result = watching.poll(watching.events())

    assert watching.stored_keys() == watching.keys
    (row,) = watching.rows("select * from snapshots where external_id = %s", drifted)
    assert (row["accepted"], row["rejected"], row["is_suspect"]) == (0, row["received"], True)
    assert row["received"] > 0
    # A parking pass has that reason, too.
    (reason,) = watching.rows(
        "select reason from rejected_listings, unnest(reasons) as reason group by reason order by count(*) desc limit 1"
    )
    assert watching.value("select count(*) from raw_payloads") == len(watching.keys)

    (failure,) = result.failures
    assert (failure.event.external_id, failure.outcome) == (drifted, "bad_payload")
    assert f"None of the {row['received']} listings" in str(failure.error)
    assert f"({row['received']} x {reason['reason']})" in str(failure.error)
    assert outcomes(watching) == {key: "bad_payload" if key == drifted else "ok" for key in watching.keys}
    (attempt,) = watching.rows("select * from fetch_attempts where external_id = %s", drifted)
    assert (attempt["listings"], attempt["rejected"], attempt["error"]) == (0, row["received"], failure.error)
    schedule = watching.schedule(drifted)
    assert (schedule["consecutive_failures"], schedule["last_success_at"]) == (1, None)
    assert (schedule["last_outcome"], schedule["last_error"]) == ("bad_payload", failure.error)
    assert watching.clock() < schedule["next_due_at"] < watching.clock() + timedelta(hours=1)


def test_responses_without_a_price_in_a_row_open_the_breaker(watching: Loopback) -> None:
    watching.faults.add(Fault(FaultKind.RENAMED_FIELD, times=None))
    settings = watching.settings(breaker_failures=3, httpx_max_connections=1)
    first, *others = watching.events()
    for event in (first, others[0]):
        watching.poll([event], settings)
    assert watching.value("select state from breaker_state") == "closed"
    watching.poll([others[1]], settings)
    assert watching.value("select state from breaker_state") == "open"
    assert "None of the" in watching.value("select reason from breaker_state")
    assert "None of the" in str(watching.poll([others[2]], settings).stopped_by)


def test_a_response_with_prices_between_those_without_keeps_the_breaker_closed(watching: Loopback) -> None:
    settings = watching.settings(breaker_failures=2)
    for event in watching.events():
        is_drifted = event.external_id in watching.keys[::2]
        if is_drifted:
            watching.faults.add(Fault(FaultKind.RENAMED_FIELD, external_id=event.external_id))
        assert bool(watching.poll([event], settings).failures) is is_drifted
    assert watching.value("select state from breaker_state") == "closed"


def test_a_market_of_parking_passes_alone_is_no_failure(watching: Loopback) -> None:
    at = watching.clock()
    fetched = answer_about(watching, watching.keys[0], at, listing(1, 50, section="Parking"))
    (result,) = ingest_of(watching).store([fetched])
    assert (result.outcome, result.rejected_reasons) == ("ok", {"parking pass, not a seat": 1})
    mixed = [listing(1, 50, section="Parking"), listing(2, 0)]
    (result,) = ingest_of(watching).store([answer_about(watching, watching.keys[1], at, *mixed)])
    assert result.outcome == "bad_payload"


def test_a_block_stops_the_sending_and_leaves_the_rest_due(watching: Loopback) -> None:
    first, *others = watching.events()
    before = {key: watching.schedule(key) for key in watching.keys}
    watching.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    result = watching.poll([first, *others], watching.settings(httpx_max_connections=1))

    assert [(one.event, one.outcome) for one in result.results] == [(first, "blocked")]
    assert result.skipped == others
    assert result.stopped_by is not None
    assert "its breaker is open" in result.stopped_by
    assert len(watching.log.records()) == 1
    assert outcomes(watching) == {first.external_id: "blocked"}
    for event in others:
        assert watching.schedule(event.external_id) == before[event.external_id]


def test_an_outage_opens_the_breaker_and_everything_is_fetched_after_its_pause(watching: Loopback) -> None:
    settings = watching.settings(breaker_failures=3, httpx_max_connections=1)
    watching.faults.add(Fault(FaultKind.RESET, times=None))
    result = watching.poll(watching.events(), settings)
    assert list(outcomes(watching).values()) == ["http_error"] * 3
    assert [event.external_id for event in result.skipped] == watching.keys[3:]
    watching.faults.clear()
    watching.rows("update breaker_state set open_until = now()")
    assert watching.poll(watching.events(), settings).failures == []
    assert watching.stored_keys() == watching.keys
    assert watching.value("select state from breaker_state") == "closed"


def test_no_more_requests_are_under_way_than_allowed(migrated_url: str) -> None:
    world = large_world(datetime.now(UTC), 12, listings=5, templates=1)
    with open_loopback(migrated_url, world, latency_seconds=0.05) as twelve_events:
        result = twelve_events.poll(twelve_events.watch(), twelve_events.settings(httpx_max_connections=3))
        assert len(result.results) == 12
        assert twelve_events.log.most_at_once() == 3


def test_an_event_without_listings_is_a_success_of_its_own_kind(watching: Loopback) -> None:
    unknown = replace(watching.events()[0], external_id="999")
    (result,) = watching.poll([unknown]).results
    assert (result.outcome, result.is_failure, result.metrics) == ("empty", False, None)
    assert watching.value("select received from snapshots") == 0


def test_an_empty_batch_is_no_request(watching: Loopback) -> None:
    assert watching.poll([]).results == []
    assert watching.log.records() == []


# --- faults of our own and of the database ---------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["fetch", "parse", "validate"])
def test_a_fault_of_our_own_is_a_failed_attempt_of_its_event_alone(
    watching: Loopback, stage: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = watching.keys[1]

    async def fail_fetch(key: str) -> None:
        if (stage, key) == ("fetch", broken):
            raise KeyError("secret")

    def fail_parse(body: bytes) -> ParsedListings:
        parsed = parse_stubhub_listings(body)
        if broken.encode() in body:
            if stage == "parse":
                raise KeyError("secret")
            if stage == "validate":
                return replace(parsed, columns=parsed.columns | {"quantity": ["secret"]})
        return parsed

    result = run(batch_of(watching, ScriptedClient(fail_fetch, fail_parse), max_concurrent=4), watching.events())

    (failure,) = result.failures
    assert failure.event.external_id == broken
    assert "because of a bug" in str(failure.error)
    assert "secret" not in str(failure.error)
    assert "Traceback" in caplog.text
    assert outcomes(watching) == {key: "http_error" if key == broken else "ok" for key in watching.keys}
    assert watching.stored_keys() == [key for key in watching.keys if key != broken]


def test_a_response_that_the_database_refuses_is_a_failed_attempt_of_its_event_alone(watching: Loopback) -> None:
    broken = watching.keys[1]
    watching.rows(f"alter table listings add constraint no_such_section check (section <> '{broken}')")
    result = run(batch_of(watching, ScriptedClient(), max_concurrent=4), watching.events())
    assert [(one.event.external_id, one.outcome) for one in result.failures] == [(broken, "bad_payload")]
    assert "no_such_section" in str(result.failures[0].error)
    assert outcomes(watching) == {key: "bad_payload" if key == broken else "ok" for key in watching.keys}
    assert watching.stored_keys() == [key for key in watching.keys if key != broken]
    assert watching.value("select count(*) from snapshots") == 3


def test_a_database_that_refuses_everything_ends_the_batch_with_its_own_error(watching: Loopback) -> None:
    lease_id = lease(watching, LONG)
    watching.rows("drop table fetch_attempts cascade")
    client = ScriptedClient()
    with pytest.raises(StorageError, match=r"fetch_attempts.*ticket-pipeline init-db"):
        run(batch_of(watching, client, lease=Lease(lease_id, LONG)), watching.events())
    assert watching.value("select count(*) from snapshots") == 0
    assert watching.value("select count(*) from poll_schedule where lease_id is not null") == 0


def test_after_a_refusal_nothing_more_is_fetched(watching: Loopback) -> None:
    async def refuse(_: str) -> None:
        raise RequestNotPermitted("the budget is spent")

    client = ScriptedClient(refuse)
    result = run(batch_of(watching, client), watching.events())
    assert client.asked == watching.keys[:1]
    assert (result.skipped, result.stopped_by) == (watching.events(), "the budget is spent")


def test_a_refusal_met_while_fetching_keeps_its_own_type(watching: Loopback) -> None:
    async def refuse(_: str) -> None:
        raise StorageError("the budget cannot be asked")

    with pytest.raises(StorageError, match="the budget cannot be asked"):
        run(batch_of(watching, ScriptedClient(refuse), max_concurrent=2), watching.events())


def test_an_error_while_reporting_ends_the_batch_with_its_own_type(watching: Loopback) -> None:
    def refuse(_: Sequence[EventResult]) -> None:
        raise LookupError("the log is away")

    with pytest.raises(LookupError, match="the log is away"):
        run(batch_of(watching, ScriptedClient(), on_results=refuse), watching.events())
