"""The recorded captures, and their prices computed with pandas: nothing of the project's own parsing or SQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class RecordedCapture:
    """One recorded response, and when it arrived."""

    captured_at: datetime
    body: bytes

    @property
    def payload_hash(self) -> bytes:
        """The hash that the manifest stores of this body."""
        return hashlib.sha256(self.body).digest()

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per listing that sells seats, with its price exactly as the file's own digits have it."""
        items = json.loads(self.body, parse_float=Decimal, parse_int=Decimal)
        seats = [item for item in items if item["row"] != "Parking"]
        return pd.DataFrame(
            {
                "listing_id": [str(item["listingId"]) for item in seats],
                "row": [item["row"] for item in seats],
                "section": [item["section"] for item in seats],
                "quantity": [int(item["availableTickets"]) for item in seats],
                "price": [item["sellerAllInPrice"]["amt"] for item in seats],
            }
        )


def read_captures(samples: Path) -> list[RecordedCapture]:
    """The captures of the basketball game, in recorded order."""
    files = sorted((samples / "replay" / "nba_game7").glob("*.json"))
    return [RecordedCapture(_moment(file.stem.partition("_")[2]), file.read_bytes()) for file in files]


def read_inventory(samples: Path, captured_at: datetime) -> RecordedCapture:
    """One large inventory."""
    return RecordedCapture(captured_at, (samples / "replay" / "stubhub_comps_9566731.json").read_bytes())


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)


def measure_hours(captures: Sequence[tuple[datetime, RecordedCapture]]) -> pd.DataFrame:
    """Hourly prices of trusted captures of one event, by hour (UTC) and zone (the section, and `*`)."""
    observed = pd.concat(
        [capture.frame.assign(captured_at=pd.Timestamp(moment)) for moment, capture in captures], ignore_index=True
    )
    observed["hour_at"] = observed["captured_at"].dt.floor("h")
    zones = pd.concat([observed.assign(zone=observed["section"]), observed.assign(zone="*")])
    rows = []
    for hour, of_hour in zones.groupby("hour_at"):
        moments = of_hour["captured_at"]
        rows += [
            {"hour_at": hour, "zone": zone, **_measure_hour(group, moments.nunique(), moments.max())}
            for zone, group in of_hour.groupby("zone")
        ]
    return pd.DataFrame(rows).set_index(["hour_at", "zone"]).sort_index()


def measure_changes(captures: Sequence[tuple[datetime, RecordedCapture]]) -> pd.DataFrame:
    """What is gone, new and repriced in each capture, by `captured_at` and id: kind, seats, old and new price.

    Seats that are gone and back are among both: which of them belong together is not decided here.
    """
    frames = []
    for (_, before), (moment, after) in pairwise(captures):
        both = before.frame.merge(after.frame, "outer", "listing_id", suffixes=("_old", "_new"), indicator="found")
        is_gone, is_new = both["found"] == "left_only", both["found"] == "right_only"
        kind = pd.Series("repriced", both.index).mask(is_gone, "removed").mask(is_new, "listed")
        seats = {
            name: both[f"{name}_new"].where(~is_gone, both[f"{name}_old"]) for name in ("section", "row", "quantity")
        }
        prices = {f"{age}_price": both[f"price_{age}"].astype(object) for age in ("old", "new")}
        found = both[["listing_id"]].assign(captured_at=pd.Timestamp(moment), kind=kind, **seats, **prices)
        frames.append(found[is_gone | is_new | (found["old_price"] != found["new_price"])])
    return pd.concat(frames).set_index(["captured_at", "listing_id"]).sort_index()


def _measure_hour(group: pd.DataFrame, snapshots: int, last: pd.Timestamp) -> dict[str, int | Decimal | None]:
    by_capture = group.groupby("captured_at")
    tickets, listings = by_capture["quantity"].sum(), by_capture.size()
    get_ins = by_capture["price"].min()
    floors = [floor for _, of_capture in by_capture if (floor := _floor(of_capture["price"])) is not None]
    is_always_there = len(listings) == snapshots
    is_last = group["captured_at"] == last
    prices = group["price"]
    return {
        "snapshots": int(snapshots),
        "listings": int(is_last.sum()),
        "min_listings": int(listings.min()) if is_always_there else 0,
        "max_listings": int(listings.max()),
        "tickets": int(group.loc[is_last, "quantity"].sum()),
        "min_tickets": int(tickets.min()) if is_always_there else 0,
        "mean_tickets": (Decimal(int(tickets.sum())) / int(snapshots)).quantize(Decimal("0.0001"), ROUND_HALF_UP),
        "max_tickets": int(tickets.max()),
        "observations": len(group),
        "sum_price": sum(prices, Decimal()),
        "floor_price": _floor(group.loc[is_last, "price"]),
        "low_floor_price": min(floors, default=None),
        "high_floor_price": max(floors, default=None),
        "open_price": get_ins.iloc[0],
        "high_price": get_ins.max(),
        "low_price": get_ins.min(),
        "close_price": get_ins.iloc[-1],
        "min_price": prices.min(),
        "mean_price": to_cents(sum(prices, Decimal()) / len(prices)),
        **{f"{name}_price": _quantile(prices, part) for name, part in {"p25": 1, "median": 2, "p75": 3}.items()},
        "max_price": prices.max(),
        **{f"get_in_{together}_price": _lowest(group[is_last], together) for together in range(1, 9)},
    }


def _floor(prices: pd.Series[Any]) -> Decimal | None:
    near = [price for price in prices if ((prices >= price) & (prices <= price * Decimal("1.15"))).sum() >= 3]
    return min(near, default=None)


def _lowest(frame: pd.DataFrame, together: int) -> Decimal | None:
    able = frame.loc[frame["quantity"] >= together, "price"]
    return None if able.empty else able.min()


def _quantile(prices: pd.Series[Any], quarters: int) -> Decimal:
    """As pandas has it, of whole cents: floats are exact there."""
    cents = (prices * 100).astype("float64").quantile(quarters / 4)
    return to_cents(Decimal(cents) / 100)


def to_cents(amount: Decimal) -> Decimal:
    """Half a cent goes up."""
    return amount.quantize(_CENT, ROUND_HALF_UP)
