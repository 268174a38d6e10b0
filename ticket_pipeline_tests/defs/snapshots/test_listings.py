"""The listings asset: one run for many events, each of which marks its own partition or is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import dagster as dg
import pytest
import yaml

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS
from ticket_pipeline.logs import apply_log_level
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.defs.location import failure_of, materializations
from ticket_pipeline_tests.ingest.loopback import STUBHUB

if TYPE_CHECKING:
    from ticket_pipeline_tests.defs.location import Location

JOB = "poll_stubhub"
ASSET = dg.AssetKey("stubhub_listings")


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
    """The run's log."""
    return "\n".join(entry.user_message for entry in location.instance.all_logs(result.run_id))


def test_what_our_code_logs_at_log_level_is_in_the_run_and_on_stderr(
    location: Location, capfd: pytest.CaptureFixture[str]
) -> None:
    logs = yaml.safe_load(Path("dagster.yaml").read_text(encoding="utf-8"))["python_logs"]
    with dg.DagsterInstance.ephemeral(settings={"python_logs": logs}) as location.instance:
        for level, is_logged in (("DEBUG", True), ("WARNING", False)):
            location.settings = location.settings.model_copy(update={"log_level": level})
            apply_log_level(location.settings)
            result = location.run(JOB, config={"event_keys": location.loopback.keys[:1]})
            assert result.success
            assert (" bytes in " in messages(location, result)) is is_logged
            assert (" bytes in " in capfd.readouterr().err) is is_logged


def test_one_partition_is_one_event(registered: Location) -> None:
    key = registered.loopback.keys[2]
    result = registered.run(JOB, partition=key)
    assert result.success
    assert list(materializations(result, registered.instance)) == [key]
    assert attempted(registered) == [key]


def test_a_range_of_partitions_is_one_run(registered: Location) -> None:
    keys = registered.loopback.keys
    result = registered.run(JOB, span=(keys[1], keys[3]))
    assert result.success
    assert sorted(str(key) for key in materializations(result, registered.instance)) == keys[1:]


def test_a_range_that_ends_before_it_starts_is_a_failure_and_sends_no_request(registered: Location) -> None:
    keys = registered.loopback.keys
    text = failure_of(registered.run(JOB, span=(keys[3], keys[1])))
    assert f"The range {keys[3]}...{keys[1]} is empty" in text
    assert f"Write {keys[1]}...{keys[3]}." in text
    assert attempted(registered) == []


def test_keys_of_the_run_config_mark_their_partitions_and_nothing_else(registered: Location) -> None:
    keys = registered.loopback.keys
    result = registered.run(JOB, config={"event_keys": [keys[0], keys[3]]})
    assert result.success
    assert registered.instance.get_materialized_partitions(ASSET) == {keys[0], keys[3]}
    assert set(materializations(result, registered.instance)) == {keys[0], keys[3]}


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


def test_a_failed_event_is_named_and_the_others_are_marked(registered: Location) -> None:
    keys = registered.loopback.keys
    registered.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, external_id=keys[1]))
    result = registered.run(JOB, config={"event_keys": keys})

    text = failure_of(result)
    assert text.startswith("1 of 4 events could not be fetched from stubhub; the others are stored.")
    assert f"{keys[1]} (http_error): " in text
    assert keys[0] not in text
    assert registered.instance.get_materialized_partitions(ASSET) == {keys[0], keys[2], keys[3]}
    assert None not in materializations(result, registered.instance)


def test_an_event_whose_response_holds_no_price_is_named_and_not_marked(registered: Location) -> None:
    keys = registered.loopback.keys
    registered.loopback.faults.add(Fault(FaultKind.RENAMED_FIELD, external_id=keys[1]))
    text = failure_of(registered.run(JOB, config={"event_keys": keys}))
    assert f"{keys[1]} (bad_payload): " in text
    assert "listings is a price" in text
    assert registered.instance.get_materialized_partitions(ASSET) == {keys[0], keys[2], keys[3]}


def test_a_block_names_the_events_were_not_tried(registered: Location) -> None:
    registered.settings = registered.loopback.settings(httpx_max_connections=1)
    registered.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    result = registered.run(JOB, config={"event_keys": registered.loopback.keys})
    assert "1 of 1 events could not be fetched" in failure_of(result)
    assert "3 events were not tried and stay due: " in messages(registered, result)

    again = registered.run(JOB, config={"event_keys": registered.loopback.keys})
    assert failure_of(again).startswith("No event could be tried: ")
    assert len(registered.loopback.log.records()) == 1


def test_a_long_list_of_failures_is_cut_and_says_so(registered: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticket_pipeline.defs.snapshots.polling._MOST_NAMED", 3)
    registered.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    text = failure_of(registered.run(JOB, config={"event_keys": registered.loopback.keys}))
    assert text.count("(http_error)") == 3
    assert text.endswith("… and 1 more")


def test_unknown_and_replaced_keys_are_logged_and_the_others_are_polled(registered: Location) -> None:
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


def test_a_run_of_unknown_keys_only_fails_before_anything_is_sent(registered: Location) -> None:
    wrong = f"{registered.loopback.keys[0]}7"
    assert wrong in failure_of(registered.run(JOB, config={"event_keys": [wrong]}))
    assert attempted(registered) == []


def test_a_failed_event_is_a_failed_partition_until_it_is_captured_again(registered: Location) -> None:
    keys = registered.loopback.keys
    for _ in range(2):
        registered.loopback.faults.add(Fault(FaultKind.RENAMED_FIELD, external_id=keys[1]))
        assert not registered.run(JOB, config={"event_keys": keys}).success
        assert statuses(registered) == dict.fromkeys(keys, "MATERIALIZED") | {keys[1]: "FAILED"}
    assert registered.run(JOB, config={"event_keys": keys[1:]}).success
    assert statuses(registered) == dict.fromkeys(keys, "MATERIALIZED")


def test_metadata_describes_the_capture_and_only_its_rows_are_a_number(registered: Location) -> None:
    key = registered.loopback.keys[0]
    metadata = materializations(registered.run(JOB, partition=key), registered.instance)[key]
    (stored,) = registered.loopback.rows(
        "select count(*) as listings, sum(quantity) as tickets, min(price) as get_in,"
        " percentile_cont(0.5) within group (order by price) as median from listings"
    )
    assert metadata["dagster/row_count"] == stored["listings"]
    assert metadata["tickets"] == str(stored["tickets"])
    assert metadata["get_in"] == f"{stored['get_in']:,.2f} USD (all_in)"
    assert metadata["median"] == f"{stored['median']:,.2f} USD (all_in)"
    assert (metadata["event"], metadata["is_suspect"]) == (f"Event {key}", "no")
    assert metadata["fetched"].startswith("try 1, ")
    assert metadata["captured_at"] == registered.loopback.value("select captured_at from snapshots").timestamp()
    numbers = {name for name, value in metadata.items() if isinstance(value, int | float)}
    assert numbers == {"dagster/row_count", "captured_at"}


def test_metadata_names_what_was_left_out(registered: Location) -> None:
    loopback = registered.loopback
    loopback.rows("insert into venue_zones values ('Crowd Arena', 'No such section', 'Nowhere', 0)")
    key = loopback.keys[0]
    metadata = materializations(registered.run(JOB, partition=key), registered.instance)[key]
    sections = {row["section"] for row in loopback.rows("select distinct section from listings")}
    assert set(metadata["unmapped_sections"]) == sections
    rejected = loopback.value("select count(*) from rejected_listings")
    assert metadata["rejected"] == str(rejected)
    assert sum(metadata.get("rejected_reasons", {}).values()) == rejected


def test_attempts_carry_the_id_of_the_run(registered: Location) -> None:
    result = registered.run(JOB, partition=registered.loopback.keys[0])
    assert registered.loopback.value("select run_id from fetch_attempts") == result.run_id


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


def test_a_run_that_is_blocked_gives_its_lease_back(registered: Location) -> None:
    registered.settings = registered.loopback.settings(httpx_max_connections=1)
    request, _ = registered.request("poll_due_stubhub_events")
    registered.loopback.faults.add(Fault(FaultKind.FORBIDDEN))
    assert not registered.run(JOB, config=request.run_config["ops"]["stubhub_listings"]["config"]).success
    assert attempted(registered) == registered.loopback.keys[:1]
    assert registered.loopback.value("select count(*) from poll_schedule where lease_id is not null") == 0


def test_a_run_whose_lease_was_taken_whole_does_nothing(registered: Location) -> None:
    result = registered.run(JOB, config={"event_keys": registered.loopback.keys, "lease_id": str(uuid4())})
    assert result.success
    assert attempted(registered) == []
