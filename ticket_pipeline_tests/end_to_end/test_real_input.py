"""Recorded captures through the real sensor, daemon and assets: everything is stored, and every price is right.

Each poll returns the next capture of the basketball game. The daemon takes the first ones; the fixture materializes the
others with the same asset, and the tests look at the result. Suspect captures are a matter of `storage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline_tests.end_to_end.recorded import measure_hours, read_captures, read_inventory
from ticket_pipeline_tests.end_to_end.system import running_system
from ticket_pipeline_tests.servers import throwaway_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ticket_pipeline.storage.embedded import EmbeddedServer
    from ticket_pipeline_tests.end_to_end.recorded import RecordedCapture
    from ticket_pipeline_tests.end_to_end.system import System

GAME, INVENTORY = "159351469", "9566731"

SENSOR_RUNS = 2
"""Captures of each event that the daemon stores before the fixture takes the rest of the game's."""


@pytest.fixture(scope="module")
def captures(samples_dir: Path) -> list[RecordedCapture]:
    return read_captures(samples_dir)


@pytest.fixture(scope="module")
def inventory(samples_dir: Path) -> RecordedCapture:
    return read_inventory(samples_dir)


@pytest.fixture(scope="module")
def system(
    tmp_path_factory: pytest.TempPathFactory,
    database_server: EmbeddedServer,
    captures: list[RecordedCapture],
    inventory: RecordedCapture,
) -> Iterator[System]:
    """A system that has polled all captures in order, then stopped polling, and whose prices are up to date."""
    events = [
        ReplayEvent(GAME, tuple(capture.body for capture in captures)),
        ReplayEvent(INVENTORY, (inventory.body,)),
    ]
    with (
        throwaway_database(database_server) as url,
        running_system(
            tmp_path_factory.mktemp("real_input"),
            url,
            events,
            BASE_SCRAPE_INTERVAL_HOURS="0.0001",
            PRICES_REFRESH_MINUTES="0.01",
            # One request at a time in all processes: the order of responses is the order of captures.
            HTTPX_MAX_CONNECTIONS="1",
        ) as system,
    ):
        system.start_daemon()
        system.wait_for(
            lambda: min(_stored(system, GAME), _stored(system, INVENTORY)) >= SENSOR_RUNS,
            "the daemon's first captures",
            seconds=90,
        )
        system.materialize("stubhub_listings", GAME, times=len(captures) - _stored(system, GAME))
        system.sync(events, is_tracked=False)
        system.wait_for(lambda: _has_nothing_to_poll(system), "the end of polling", seconds=60)
        system.wait_for(lambda: not _stale_hours(system), "up-to-date hourly prices", seconds=90)
        system.programs.pop("daemon").stop()
        yield system


def _stored(system: System, external_id: str) -> int:
    count: int = system.value("select count(*) from snapshots where external_id = %(id)s", id=external_id)
    return count


def _has_nothing_to_poll(system: System) -> bool:
    tick = system.last_tick("poll_due_stubhub_events")
    reason = (tick and tick.skip_reason) or ""
    return reason.startswith("No tracked, upcoming event") and all(run.is_finished for run in system.poll_runs())


def _stale_hours(system: System) -> int:
    count: int = system.value("select count(*) from stale_prices where grain = 'hour'")
    return count


def _manifests(system: System, external_id: str) -> list[dict[str, Any]]:
    return system.rows(
        """
        select s.*, f.run_id
        from snapshots as s
        inner join fetch_attempts as f on f.event_id = s.event_id and f.finished_at = s.captured_at
        where s.external_id = %(id)s
        order by s.captured_at
        """,
        id=external_id,
    )


def test_every_recorded_capture_is_stored_whole_and_in_order(system: System, captures: list[RecordedCapture]) -> None:
    manifests = _manifests(system, GAME)
    # The last capture repeats for as long as polling goes on.
    expected = captures + [captures[-1]] * (len(manifests) - len(captures))
    assert [row["payload_hash"] for row in manifests] == [capture.payload_hash for capture in expected]
    assert [row["accepted"] for row in manifests] == [len(capture.frame) for capture in expected]
    assert not any(row["rejected"] for row in manifests)
    rows = system.value(
        "select count(*) from listings where event_id = %(id)s and captured_at <= %(last)s",
        id=manifests[0]["event_id"],
        last=manifests[len(captures) - 1]["captured_at"],
    )
    assert rows == 7736


def test_the_daemon_stored_captures_of_both_events(system: System) -> None:
    with system.dagster() as instance:
        polled = {run.run_id for run in instance.get_runs() if run.tags.get("dagster/sensor_name")}
    for external_id in (GAME, INVENTORY):
        by_sensor = [row for row in _manifests(system, external_id) if row["run_id"] in polled]
        assert len(by_sensor) >= SENSOR_RUNS


def test_of_the_inventory_every_seat_is_stored_and_the_one_parking_pass_is_rejected(system: System) -> None:
    first = _manifests(system, INVENTORY)[0]
    assert (first["received"], first["accepted"], first["rejected"]) == (1301, 1300, 1)
    rejected = system.rows(
        "select raw, reasons from rejected_listings where event_id = %(event_id)s and captured_at = %(captured_at)s",
        event_id=first["event_id"],
        captured_at=first["captured_at"],
    )
    assert [row["reasons"] for row in rejected] == [["parking pass, not a seat"]]
    assert "Red Deck" in rejected[0]["raw"]


@pytest.mark.parametrize("external_id", [GAME, INVENTORY])
def test_hourly_prices_equal_an_independent_computation(
    system: System, captures: list[RecordedCapture], inventory: RecordedCapture, external_id: str
) -> None:
    by_hash = {capture.payload_hash: capture for capture in [*captures, inventory]}
    manifests = _manifests(system, external_id)
    expected = measure_hours([(row["captured_at"], by_hash[row["payload_hash"]]) for row in manifests])
    stored = _hourly_prices(system, manifests[0]["event_id"])
    assert set(stored.index) == set(expected.index)
    pd.testing.assert_frame_equal(stored[expected.columns], expected, check_dtype=False)


def _hourly_prices(system: System, event_id: int) -> pd.DataFrame:
    rows = system.rows("select * from hourly_prices where event_id = %(event_id)s", event_id=event_id)
    frame = pd.DataFrame(rows)
    frame["hour_at"] = pd.to_datetime(frame["hour_at"], utc=True)
    return frame.set_index(["hour_at", "zone"]).sort_index()


def test_the_recorded_decline_is_trusted_and_ends_at_seven_listings(system: System) -> None:
    """The steepest step in the recorded order is 269 to 135 listings: more than half remain, so none is suspect."""
    manifests = _manifests(system, GAME)
    assert not any(row["is_suspect"] for row in manifests)
    hours = _hourly_prices(system, manifests[0]["event_id"])
    last = hours.loc[(hours.index.get_level_values("hour_at").max(), "*")]
    assert (last["listings"], last["tickets"], last["suspect_snapshots"]) == (7, 14, 0)
