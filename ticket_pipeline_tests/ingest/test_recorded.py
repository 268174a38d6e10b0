"""Recorded captures, polled at their recorded times: everything is stored, and every price is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.prices import HOUR, Span, rebuild_hourly
from ticket_pipeline_tests.ingest.loopback import Loopback, open_loopback
from ticket_pipeline_tests.ingest.recorded import (
    RecordedCapture,
    measure_changes,
    measure_hours,
    read_captures,
    read_inventory,
)
from ticket_pipeline_tests.servers import throwaway_database

GAME, INVENTORY, PARTIAL = "159351469", "9566731", "159351470"


@dataclass(frozen=True)
class Polled:
    """What was polled, and the captures that the marketplace sent."""

    loopback: Loopback
    captures: list[RecordedCapture]
    inventory: RecordedCapture

    def manifests(self, external_id: str) -> list[dict[str, Any]]:
        """The captures of an event as stored."""
        return self.loopback.rows("select * from snapshots where external_id = %s order by captured_at", external_id)

    def changes(self, external_id: str) -> pd.DataFrame:
        """What changed between the captures of an event, as stored."""
        rows = self.loopback.rows(
            "select c.* from listing_changes c join event_sources using (event_id, marketplace) where external_id = %s",
            external_id,
        )
        frame = pd.DataFrame(rows)
        frame["captured_at"] = pd.to_datetime(frame["captured_at"], utc=True)
        return frame.set_index(["captured_at", "listing_id"]).sort_index()

    def hourly_prices(self, external_id: str) -> pd.DataFrame:
        """The prices of an event by hour and zone."""
        rows = self.loopback.rows(
            "select * from hourly_prices join event_sources using (event_id, marketplace) where external_id = %s",
            external_id,
        )
        frame = pd.DataFrame(rows)
        frame["hour_at"] = pd.to_datetime(frame["hour_at"], utc=True)
        return frame.set_index(["hour_at", "zone"]).sort_index()


@pytest.fixture(scope="module")
def polled(database_server: EmbeddedServer, migrated_template: str, samples_dir: Path) -> Iterator[Polled]:
    """Every capture of the game, two of the inventory, three of a game of which the second is partial; their prices."""
    captures = read_captures(samples_dir)
    start, end = captures[0].captured_at, captures[-1].captured_at
    inventory = read_inventory(samples_dir, start)
    events = [
        ReplayEvent(GAME, tuple(capture.body for capture in captures)),
        ReplayEvent(INVENTORY, (inventory.body,)),
        ReplayEvent(PARTIAL, (captures[0].body, captures[-1].body, captures[1].body)),
    ]
    world = SimulatedWorld(events, started_at=start)
    with (
        throwaway_database(database_server, template=migrated_template) as url,
        open_loopback(url, world) as loopback,
    ):
        loopback.clock.offset = start - datetime.now(UTC)
        game, all_events = loopback.watch()[:1], loopback.events()
        some = {0: all_events, 1: all_events, 2: [event for event in all_events if event.external_id != INVENTORY]}
        for number, capture in enumerate(captures):
            loopback.clock.offset = capture.captured_at - datetime.now(UTC)
            assert loopback.poll(some.get(number, game)).failures == []
        first, last = (moment.replace(minute=0, second=0, microsecond=0) for moment in (start, end))
        rebuild_hourly(loopback.database, Span(first, last + HOUR))
        yield Polled(loopback, captures, inventory)


def test_every_recorded_capture_is_stored_whole_and_in_order(polled: Polled) -> None:
    manifests = polled.manifests(GAME)
    assert [row["payload_hash"] for row in manifests] == [capture.payload_hash for capture in polled.captures]
    assert [row["accepted"] for row in manifests] == [len(capture.frame) for capture in polled.captures]
    assert not any(row["rejected"] for row in manifests)
    stored = polled.loopback.value("select count(*) from listings where event_id = %s", manifests[0]["event_id"])
    assert stored == 7736


def test_of_the_inventory_every_seat_is_stored_and_the_one_parking_pass_is_rejected(polled: Polled) -> None:
    first, _ = polled.manifests(INVENTORY)
    assert (first["received"], first["accepted"], first["rejected"]) == (1301, 1300, 1)
    (rejected,) = polled.loopback.rows(
        "select raw, reasons from rejected_listings where captured_at = %s", first["captured_at"]
    )
    assert rejected["reasons"] == ["parking pass, not a seat"]
    assert "Red Deck" in rejected["raw"]


@pytest.mark.parametrize("external_id", [GAME, INVENTORY])
def test_hourly_prices_equal_an_independent_computation(polled: Polled, external_id: str) -> None:
    by_hash = {capture.payload_hash: capture for capture in [*polled.captures, polled.inventory]}
    manifests = polled.manifests(external_id)
    expected = measure_hours([(row["captured_at"], by_hash[row["payload_hash"]]) for row in manifests])
    stored = polled.hourly_prices(external_id)
    assert set(stored.index) == set(expected.index)
    pd.testing.assert_frame_equal(stored[expected.columns], expected, check_dtype=False)


def test_the_recorded_decline_is_trusted_and_ends_at_seven_listings(polled: Polled) -> None:
    """The steepest step in the recorded order is 269 to 135 listings: more than half remain, so none is suspect."""
    assert not any(row["is_suspect"] for row in polled.manifests(GAME))
    hours = polled.hourly_prices(GAME)
    last = hours.loc[(hours.index.get_level_values("hour_at").max(), "*")]
    assert (last["listings"], last["tickets"], last["suspect_snapshots"]) == (7, 14, 0)


def captures_of(polled: Polled, external_id: str) -> list[tuple[datetime, RecordedCapture]]:
    """The captures of an event, with the moments at which they were stored."""
    by_hash = {capture.payload_hash: capture for capture in [*polled.captures, polled.inventory]}
    return [(row["captured_at"], by_hash[row["payload_hash"]]) for row in polled.manifests(external_id)]


def test_changes_equal_an_independent_computation(polled: Polled) -> None:
    expected, stored = measure_changes(captures_of(polled, GAME)), polled.changes(GAME)
    assert len(expected) == 1859
    kinds = stored["change"].replace("relisted", "listed")
    pd.testing.assert_series_equal(kinds, expected["kind"], check_names=False, check_dtype=False)
    is_kept = stored["change"] != "relisted"  # these have an old price, of the listing that they replace
    for name in ("section", "row"):
        pd.testing.assert_series_equal(stored[name], expected[name], check_dtype=False)
    for name in ("old_price", "new_price"):
        shown, price = stored.loc[is_kept, name].fillna(0), expected.loc[is_kept, name].fillna(0)
        pd.testing.assert_series_equal(shown, price, check_dtype=False)


def test_what_is_relisted_are_the_same_seats_and_no_such_pair_is_missed(polled: Polled) -> None:
    stored = polled.changes(GAME).reset_index()
    moments = {moment: number for number, (moment, _) in enumerate(captures_of(polled, GAME))}
    stored["number"] = stored["captured_at"].map(moments)
    removed, back = stored[stored["change"] == "removed"], stored[stored["change"].isin(["listed", "relisted"])]
    near = removed.merge(back, on=["section", "row"], suffixes=("_gone", "_back"))
    later = near["number_back"] - near["number_gone"]
    prices = near["old_price_gone"], near["new_price_back"]
    is_near = pd.Series([abs(new - old) * 10 <= old for old, new in zip(*prices, strict=True)])
    is_same = near["listing_id_gone"] == near["listing_id_back"]
    near = near[(is_near & later.isin([0, 1])) | (is_same & (later == 1))]
    is_pair = near["relisted_as_gone"] == near["listing_id_back"]
    assert (near.loc[is_pair, "previous_listing_id_back"] == near.loc[is_pair, "listing_id_gone"]).all()
    assert is_pair.sum() == (stored["change"] == "relisted").sum() == stored["relisted_as"].notna().sum() > 0
    assert not (near["relisted_as_gone"].isna() & (near["change_back"] == "listed")).any()


def test_a_partial_capture_removes_nothing(polled: Polled) -> None:
    """7 of 507 listings: two others that were captured around it differ in three prices, and in nothing else."""
    manifests = polled.manifests(PARTIAL)
    assert [row["is_suspect"] for row in manifests] == [False, True, False]
    assert [row["censored_because"] for row in manifests] == [None, None, "suspect between"]
    stored = polled.changes(PARTIAL)
    assert set(stored.index.get_level_values("captured_at")) == {manifests[2]["captured_at"]}
    assert stored["change"].tolist() == ["repriced"] * 3
