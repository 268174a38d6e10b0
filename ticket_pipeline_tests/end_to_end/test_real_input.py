"""Recorded captures through the real sensor, daemon and assets: everything is stored, and every price is right.

One system polls all the while; the claims are then asked of its database. The captures of the basketball game come one
per poll, in their order; the daemon takes as many as it gets to and the test asks for the others, by the same asset.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from dagster import AssetKey, AssetRecordsFilter

from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline_tests.end_to_end.recorded import measure, measure_hours, read_captures, read_inventory
from ticket_pipeline_tests.end_to_end.system import running_system
from ticket_pipeline_tests.servers import throwaway_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal
    from pathlib import Path

    from ticket_pipeline.storage.embedded import EmbeddedServer
    from ticket_pipeline_tests.end_to_end.recorded import RecordedCapture
    from ticket_pipeline_tests.end_to_end.system import System

GAME, INVENTORY, GLITCH, DROP = "159351469", "9566731", "159351470", "159351471"

FULL, REST = 5, 33
"""The capture of 458 listings, and the last one of 7, served next to each other as a partial answer."""

SENSOR_RUNS = 4
"""Captures of each event that the daemon must have brought before the test lends a hand with the game's."""


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
    full, rest = captures[FULL].body, captures[REST].body
    events = [
        ReplayEvent(GAME, tuple(capture.body for capture in captures)),
        ReplayEvent(INVENTORY, (inventory.body,)),
        ReplayEvent(GLITCH, (full, rest, full)),
        ReplayEvent(DROP, (full, rest, rest)),
    ]
    with (
        throwaway_database(database_server) as url,
        running_system(
            tmp_path_factory.mktemp("real_input"),
            url,
            events,
            untracked=(GLITCH, DROP),
            BASE_SCRAPE_INTERVAL_HOURS="0.0001",
            PRICES_REFRESH_MINUTES="0.01",
            # One request at a time, of all processes: then the order of answers is the order of captures.
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
        system.sync(events, untracked=(GAME, INVENTORY, GLITCH, DROP))
        system.wait_for(lambda: _has_nothing_to_poll(system), "the end of polling", seconds=60)
        system.wait_for(lambda: not _stale_hours(system), "up-to-date hourly prices", seconds=90)
        # From here on the tests alone rebuild prices: what they find out of date, a run of the daemon's must not mend.
        system.programs.pop("daemon").stop()
        yield system


def _stored(system: System, external_id: str) -> int:
    count: int = system.value("select count(*) from snapshots where external_id = %(id)s", id=external_id)
    return count


def _has_nothing_to_poll(system: System) -> bool:
    """Whether the sensor has noticed that nothing is tracked, and the runs it had started have ended."""
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
    # The last answer repeats for as long as polling goes on.
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


def test_sensor_and_daemon_brought_captures_of_both_events(system: System) -> None:
    with system.dagster() as instance:
        polled = {run.run_id for run in instance.get_runs() if run.tags.get("dagster/sensor_name")}
    for external_id in (GAME, INVENTORY):
        by_sensor = [row for row in _manifests(system, external_id) if row["run_id"] in polled]
        assert len(by_sensor) >= SENSOR_RUNS


def test_of_the_inventory_every_seat_is_stored_and_the_one_parking_pass_is_quarantined(
    system: System, inventory: RecordedCapture
) -> None:
    first = _manifests(system, INVENTORY)[0]
    assert (first["received"], first["accepted"], first["rejected"]) == (1301, 1300, 1)
    assert _stored_prices(system, first) == measure(inventory.frame)
    quarantined = system.rows(
        "select raw, reasons from rejected_listings where event_id = %(event_id)s and captured_at = %(captured_at)s",
        event_id=first["event_id"],
        captured_at=first["captured_at"],
    )
    assert [row["reasons"] for row in quarantined] == [["parking pass, not a seat"]]
    assert "Red Deck" in quarantined[0]["raw"]


def test_prices_of_every_capture_equal_an_independent_computation(
    system: System, captures: list[RecordedCapture]
) -> None:
    by_hash = {capture.payload_hash: capture for capture in captures}
    wrong = {
        row["captured_at"]: (stored, expected)
        for row in _manifests(system, GAME)
        if (stored := _stored_prices(system, row)) != (expected := measure(by_hash[row["payload_hash"]].frame))
    }
    assert wrong == {}


def _stored_prices(system: System, manifest: dict[str, Any]) -> dict[str, int | Decimal | None]:
    """The metrics of one capture, by SQL from its stored listings."""
    return system.rows(
        """
        select
          count(*) as listings, sum(quantity) as tickets, min(price) as min_price, round(avg(price), 2) as mean_price,
          round(
            (
              (array_agg(price order by price))[(count(*) + 1) / 2]
              + (array_agg(price order by price))[count(*) / 2 + 1]
            ) / 2,
            2
          ) as median_price,
          max(price) as max_price, min(price) filter (where quantity >= 2) as get_in_2_price,
          min(price) filter (where quantity >= 4) as get_in_4_price
        from listings
        where event_id = %(event_id)s and captured_at = %(captured_at)s
        """,
        event_id=manifest["event_id"],
        captured_at=manifest["captured_at"],
    )[0]


def test_the_metadata_in_the_ui_shows_the_same_prices(system: System, captures: list[RecordedCapture]) -> None:
    with system.dagster() as instance:
        found = instance.fetch_materializations(
            AssetRecordsFilter(AssetKey("stubhub_listings"), asset_partitions=[GAME]), limit=500, ascending=True
        )
    first = found.records[0].asset_materialization
    assert first is not None
    expected = measure(captures[0].frame)
    assert first.metadata["dagster/row_count"].value == expected["listings"]
    assert first.metadata["tickets"].value == f"{expected['tickets']:,}"
    for name, column in (("get_in", "min_price"), ("get_in_2", "get_in_2_price"), ("median", "median_price")):
        assert str(first.metadata[name].value).startswith(f"{expected[column]:,.2f} USD (")


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


def test_the_recorded_decline_is_believed_and_ends_at_seven_listings_not_at_none(system: System) -> None:
    """The steepest step in the recorded order is 269 to 135 listings: more than half remain, so none is suspect."""
    manifests = _manifests(system, GAME)
    assert not any(row["is_suspect"] for row in manifests)
    hours = _hourly_prices(system, manifests[0]["event_id"])
    last = hours.loc[(hours.index.get_level_values("hour_at").max(), "*")]
    assert (last["listings"], last["tickets"], last["suspect_snapshots"]) == (7, 14, 0)


def test_a_partial_answer_does_not_become_a_sell_out(system: System) -> None:
    """458 listings, then 7, then 458 again: the 7 are kept beside, and never reach the prices."""
    system.materialize("stubhub_listings", GLITCH, times=2)
    glitch = _manifests(system, GLITCH)
    assert [(row["accepted"], row["is_suspect"]) for row in glitch] == [(458, False), (7, True)]
    _rebuild_hours(system, GLITCH)
    assert _last_hour(system, GLITCH) == {"listings": 458, "tickets": 916, "snapshots": 1, "suspect_snapshots": 1}
    system.materialize("stubhub_listings", GLITCH)
    _rebuild_hours(system, GLITCH)
    assert [row["is_suspect"] for row in _manifests(system, GLITCH)] == [False, True, False]
    assert _last_hour(system, GLITCH) == {"listings": 458, "tickets": 916, "snapshots": 2, "suspect_snapshots": 1}


def test_a_drop_that_the_next_capture_confirms_is_believed_and_its_hour_rebuilt(system: System) -> None:
    system.materialize("stubhub_listings", DROP, times=2)
    _rebuild_hours(system, DROP)
    assert _last_hour(system, DROP)["tickets"] == 916
    system.materialize("stubhub_listings", DROP)
    assert not any(row["is_suspect"] for row in _manifests(system, DROP))
    assert _stale_hours(system), "a changed verdict marks its hour"
    _rebuild_hours(system, DROP)
    assert _last_hour(system, DROP) == {"listings": 7, "tickets": 14, "snapshots": 3, "suspect_snapshots": 0}
    assert not _stale_hours(system)


def _rebuild_hours(system: System, external_id: str) -> None:
    for hour in sorted({row["captured_at"].astimezone(UTC) for row in _manifests(system, external_id)}):
        system.materialize("hourly_prices", f"{hour:%Y-%m-%d-%H:00}")


def _last_hour(system: System, external_id: str) -> dict[str, int]:
    """Inventory at the end of the event's last hour that has any, and all the captures it had.

    An hour may end during the test, and the next one begin with a suspect capture, which has none.
    """
    event_id = _manifests(system, external_id)[0]["event_id"]
    hours = _hourly_prices(system, event_id).loc[(slice(None), "*"), :]
    last = hours[hours["snapshots"] > 0].iloc[-1]
    return {name: int(last[name]) for name in ("listings", "tickets")} | {
        name: int(hours[name].sum()) for name in ("snapshots", "suspect_snapshots")
    }
