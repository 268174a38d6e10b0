"""The listings asset: one run for many events, each of which marks its own partition or is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
import yaml

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS
from ticket_pipeline.ingest.batch import BatchResult
from ticket_pipeline.logs import set_up_logs
from ticket_pipeline.market.events import Event
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.defs.location import Location, failure_of, materializations
from ticket_pipeline_tests.ingest.loopback import STUBHUB

JOB = "poll_stubhub"
ASSET = dg.AssetKey("stubhub_listings")
THIN = ", thin: fewer than three listings are near it"


@pytest.fixture
def registered(location: Location) -> Location:
    """The location with the keys of its events as partitions."""
    location.instance.add_dynamic_partitions("stubhub_events", location.loopback.keys)
    return location


def attempted(location: Location) -> list[str]:
    """The keys that the marketplace received requests for."""
    return sorted(str(record.external_id) for record in location.loopback.log.records())


def statuses(location: Location) -> dict[str, str]:
    """Partition → its status, as the asset's page shows it."""
    partitions = EVENT_PARTITIONS[STUBHUB]
    found = location.instance.get_status_by_partition(ASSET, location.loopback.keys, partitions) or {}
    return {key: status.value for key, status in found.items() if status is not None}


def messages(location: Location, result: dg.ExecuteInProcessResult) -> str:
    return "\n".join(entry.user_message for entry in location.instance.all_logs(result.run_id))


def test_what_our_code_logs_at_log_level_is_in_the_run_and_on_stderr(
    location: Location, capfd: pytest.CaptureFixture[str]
) -> None:
    logs = yaml.safe_load(Path("dagster.yaml").read_text(encoding="utf-8"))["python_logs"]
    with dg.DagsterInstance.ephemeral(settings={"python_logs": logs}) as location.instance:
        for level, is_logged in (("DEBUG", True), ("WARNING", False)):
            location.settings = location.settings.model_copy(update={"log_level": level})
            set_up_logs(location.settings)
            result = location.run(JOB, config={"event_keys": location.loopback.keys[:1]})
            assert result.success
            assert (" bytes in " in messages(location, result)) is is_logged
            assert (" bytes in " in capfd.readouterr().err) is is_logged


@pytest.mark.parametrize("chosen", ["one partition", "a range of partitions", "keys of the run config"])
def test_what_is_chosen_is_polled_by_one_run_and_marks_its_partitions(registered: Location, chosen: str) -> None:
    keys = registered.loopback.keys
    choices: dict[str, tuple[list[str], dict[str, Any]]] = {
        "one partition": (keys[2:3], {"partition": keys[2]}),
        "a range of partitions": (keys[1:], {"span": (keys[1], keys[3])}),
        "keys of the run config": ([keys[0], keys[3]], {"config": {"event_keys": [keys[0], keys[3]]}}),
    }
    expected, options = choices[chosen]
    result = registered.run(JOB, **options)
    assert result.success
    assert sorted(str(key) for key in materializations(result, registered.instance)) == expected
    assert attempted(registered) == expected
    assert registered.instance.get_materialized_partitions(ASSET) == set(expected)
    assert registered.loopback.rows("select distinct run_id from fetch_attempts") == [{"run_id": result.run_id}]


def test_a_range_that_ends_before_it_starts_is_a_failure_and_sends_no_request(registered: Location) -> None:
    keys = registered.loopback.keys
    text = failure_of(registered.run(JOB, span=(keys[3], keys[1])))
    assert f"The range {keys[3]}...{keys[1]} is empty" in text
    assert f"Write {keys[1]}...{keys[3]}." in text
    assert attempted(registered) == []


def test_without_keys_every_tracked_event_still_to_come_is_polled(registered: Location) -> None:
    loopback = registered.loopback
    keys = loopback.keys
    loopback.rows("update events set is_tracked = false where name = %s", f"Event {keys[0]}")
    loopback.rows("update events set event_at = %s where name = %s", registered.now - timedelta(1), f"Event {keys[1]}")
    result = registered.run(JOB)
    assert result.success
    assert (
        attempted(registered) == sorted(str(key) for key in materializations(result, registered.instance)) == keys[2:]
    )


def test_failed_and_unreadable_events_are_named_and_the_others_are_marked(registered: Location) -> None:
    keys = registered.loopback.keys
    registered.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, external_id=keys[1]))
    registered.loopback.faults.add(Fault(FaultKind.RENAMED_FIELD, external_id=keys[2]))
    result = registered.run(JOB, config={"event_keys": keys})
    text = failure_of(result)
    assert text.startswith("2 of 4 events could not be fetched from stubhub; the others are stored.")
    assert "Each is retried after its back-off." in text
    for part in (f"{keys[1]} (http_error): ", f"{keys[2]} (bad_payload): ", "listings is a price"):
        assert part in text
    assert keys[0] not in text
    assert set(materializations(result, registered.instance)) == {keys[0], keys[3]}
    assert registered.instance.get_materialized_partitions(ASSET) == {keys[0], keys[3]}
    (summary,) = registered.loopback.rows("select * from run_summaries")
    assert (summary["run_id"], summary["job_name"]) == (result.run_id, JOB)
    requests = len(registered.loopback.log.records())
    assert (summary["events"], summary["failed_events"], summary["requests"]) == (4, 2, requests)
    assert summary["stage_seconds"].keys() >= {"fetch", "store", "report", "sales", "checks"}
    run = registered.instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["ticket_pipeline/requests"] == str(requests)
    assert f"requests {requests}" in messages(registered, result)


def test_a_block_names_how_many_events_were_not_tried(registered: Location) -> None:
    registered.settings = registered.loopback.settings(httpx_max_connections=1)
    registered.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    result = registered.run(JOB, config={"event_keys": registered.loopback.keys})
    blocked = failure_of(result)
    assert "1 of 1 events could not be fetched" in blocked
    assert "Nothing is sent to stubhub until 20" in blocked
    assert "back-off" not in blocked
    assert "3 events were not tried and stay due: " in messages(registered, result)

    again = registered.run(JOB, config={"event_keys": registered.loopback.keys})
    assert failure_of(again).startswith("No event could be tried: ")
    assert len(registered.loopback.log.records()) == 1


def test_a_long_list_of_failures_is_cut_with_a_count(registered: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticket_pipeline.defs.snapshots.polling._MOST_NAMED", 3)
    registered.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    text = failure_of(registered.run(JOB, config={"event_keys": registered.loopback.keys}))
    assert text.count("(http_error)") == 3
    assert text.endswith("… and 1 more")


def test_unknown_and_replaced_keys_are_logged_and_the_others_are_polled_if_there_are_any(registered: Location) -> None:
    keys = registered.loopback.keys
    wrong = f"{keys[0]}7"
    registered.loopback.rows("update event_sources set is_current = false where external_id = %s", keys[3])
    result = registered.run(JOB, config={"event_keys": [keys[1], wrong, keys[3]]})
    assert result.success
    assert attempted(registered) == [keys[1]]
    log = messages(registered, result)
    assert wrong in log
    assert "4 are known (nearest " in log
    assert f"The watchlist has replaced these ids: {keys[3]}." in log
    assert wrong in failure_of(registered.run(JOB, config={"event_keys": [wrong]}))
    assert attempted(registered) == [keys[1]]


def test_a_failed_event_is_a_failed_partition_until_it_is_captured_again(registered: Location) -> None:
    keys = registered.loopback.keys
    for _ in range(2):
        registered.loopback.faults.add(Fault(FaultKind.RENAMED_FIELD, external_id=keys[1]))
        assert not registered.run(JOB, config={"event_keys": keys}).success
        assert statuses(registered) == dict.fromkeys(keys, "MATERIALIZED") | {keys[1]: "FAILED"}
    assert registered.run(JOB, config={"event_keys": keys[1:]}).success
    assert statuses(registered) == dict.fromkeys(keys, "MATERIALIZED")


def test_metadata_describes_the_capture_and_what_was_left_out_and_only_rows_are_a_number(
    registered: Location,
) -> None:
    loopback = registered.loopback
    loopback.rows("insert into venue_zones values ('Crowd Arena', 'No such section', 'Nowhere', 0)")
    key = loopback.keys[0]
    metadata = materializations(registered.run(JOB, partition=key), registered.instance)[key]
    (stored,) = registered.loopback.rows(
        "select count(*) as listings, sum(quantity) as tickets, min(price) as get_in,"
        " percentile_cont(0.5) within group (order by price) as median from listings"
    )
    assert metadata["dagster/row_count"] == stored["listings"]
    assert metadata["tickets"] == str(stored["tickets"])
    assert metadata["get_in"].removesuffix(THIN) == f"{stored['get_in']:,.2f} USD (all_in)"
    assert metadata["median"] == f"{stored['median']:,.2f} USD (all_in)"
    assert (metadata["event"], metadata["is_suspect"]) == (f"Event {key}", "no")
    assert metadata["fetched"].startswith("try 1, ")
    assert metadata["captured_at"] == registered.loopback.value("select captured_at from snapshots").timestamp()
    numbers = {name for name, value in metadata.items() if isinstance(value, int | float)}
    assert numbers == {"dagster/row_count", "captured_at"}
    sections = {row["section"] for row in loopback.rows("select distinct section from listings")}
    assert set(metadata["unmapped_sections"]) == sections
    rejected = loopback.value("select count(*) from rejected_listings")
    assert metadata["rejected"] == str(rejected)
    assert sum(metadata.get("rejected_reasons", {}).values()) == rejected


def test_a_run_fetches_only_what_its_lease_still_holds(registered: Location) -> None:
    request, _ = registered.request("poll_due_stubhub_events")
    keys = registered.loopback.keys
    (taken,) = registered.loopback.events(keys[:1])
    registered.loopback.rows("update poll_schedule set lease_id = %s where event_id = %s", uuid4(), taken.event_id)
    result = registered.run(JOB, config=request.run_config["ops"]["stubhub_listings"]["config"])
    assert result.success
    assert attempted(registered) == keys[1:]
    assert "3 of 4 leased events are still held by this run" in messages(registered, result)
    assert registered.loopback.value("select count(*) from poll_schedule where lease_id is not null") == 1


def test_a_run_whose_lease_is_over_fails_and_repeating_it_polls_its_events(registered: Location) -> None:
    keys = registered.loopback.keys
    config = {"event_keys": keys, "lease_id": str(uuid4())}
    assert "None of the 4 events is held by this run any more" in failure_of(registered.run(JOB, config=config))
    assert attempted(registered) == []
    assert registered.run(JOB, config=config, tags={"dagster/parent_run_id": "of the first"}).success
    assert attempted(registered) == keys


def test_a_run_for_all_events_fails_where_there_is_none(registered: Location) -> None:
    registered.loopback.rows("update events set is_tracked = false")
    assert "No tracked, upcoming event has a stubhub id" in failure_of(registered.run(JOB))


def test_a_run_that_lost_all_of_its_events_fails(registered: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    async def take_over(
        _database: object, _settings: object, _marketplace: object, events: list[Event], **_: object
    ) -> BatchResult:
        return BatchResult(skipped=events)

    monkeypatch.setattr("ticket_pipeline.defs.snapshots.polling.poll_events", take_over)
    text = failure_of(registered.run(JOB, config={"event_keys": registered.loopback.keys}))
    assert text == "No event could be tried: other runs took them over meanwhile."


def test_a_failure_during_a_wait_that_the_marketplace_asked_for_names_what_ends_it(registered: Location) -> None:
    registered.loopback.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="600", times=None))
    text = failure_of(registered.run(JOB, config={"event_keys": registered.loopback.keys[:1]}))
    assert "or until `ticket-pipeline resume stubhub --force`; then each is retried." in text


def test_a_run_that_is_blocked_gives_its_lease_back(registered: Location) -> None:
    registered.settings = registered.loopback.settings(httpx_max_connections=1)
    request, _ = registered.request("poll_due_stubhub_events")
    registered.loopback.faults.add(Fault(FaultKind.FORBIDDEN))
    assert not registered.run(JOB, config=request.run_config["ops"]["stubhub_listings"]["config"]).success
    assert attempted(registered) == registered.loopback.keys[:1]
    assert registered.loopback.value("select count(*) from poll_schedule where lease_id is not null") == 0
