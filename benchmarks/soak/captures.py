"""Judge captures: what marketplaces answered, by their own log and their complete history, against what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.report import Goal, Report
from benchmarks.soak.plan import HANGS_AND_DELAYS, MARKETPLACES
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator import marketplaces as simulated
from ticket_pipeline.simulator.distortions import ID_SHIFT
from ticket_pipeline.simulator.faults import FaultKind
from ticket_pipeline.storage.database import as_query

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from benchmarks.soak.outside import Outside
    from benchmarks.soak.plan import Plan
    from ticket_pipeline.simulator.listing import SimulatedListing
    from ticket_pipeline.simulator.recording import RequestRecord
    from ticket_pipeline.storage.database import Database, Row

ANSWERS = HANGS_AND_DELAYS - {FaultKind.HANG} | {
    FaultKind.GZIP,
    FaultKind.CLOCK_SKEW,
    FaultKind.RENAMED_FIELD,
    FaultKind.RETYPED_FIELD,
    FaultKind.REKEYED_IDS,
    FaultKind.WRONG_TIME_ZONE,
}
"""Faults that leave a response with listings."""

_SNAPSHOTS = """
    select event_id, external_id, captured_at, received, accepted, rejected, is_suspect
    from snapshots where marketplace = %(marketplace)s order by event_id, captured_at
"""
_LISTINGS = """
    select captured_at, listing_id, quantity, all_in_price from listings
    where event_id = %(event_id)s and marketplace = %(marketplace)s
"""
_HOURS = """
    select event_id, hour_at, sum(listings) as listings, max(last_captured_at) as last_captured_at
    from hourly_prices where marketplace = %(marketplace)s and zone = '*' group by event_id, hour_at
"""
_HOUR = timedelta(hours=1)
_LONGEST_WAIT = _HOUR
"""An event whose run died is due at the next tick; after a further failure in a row it waits 5 minutes, 10, 20, 40."""


def read(database: Database, query: str, **parameters: Any) -> list[Row]:  # noqa: ANN401 - whatever SQL takes
    """The rows of a query."""
    with database.connection("judge a soak") as connection:
        return connection.execute(as_query(query), parameters).fetchall()


def true_listings(plan: Plan, marketplace: Marketplace, external_id: str, moment: datetime) -> list[SimulatedListing]:
    """What was for sale there, seats and parking."""
    place = simulated.Marketplace(marketplace)
    market = plan.world.market(external_id, place)
    return market.listings_at(moment, place) if market else []


def judge_captures(
    report: Report, database: Database, plan: Plan, outside: Outside, killed_at: Collection[datetime]
) -> None:
    """Lost, doubled and wrong captures, and hours that show a sell-out or another number than there was."""
    totals: dict[str, int] = defaultdict(int)
    for marketplace in MARKETPLACES:
        records = outside.logs[marketplace].records()
        by_key = {(str(record.external_id), record.received_at): record for record in records}
        snapshots = read(database, _SNAPSHOTS, marketplace=marketplace)
        _judge_log(totals, plan, records, by_key, snapshots, killed_at)
        _judge_listings(totals, database, plan, marketplace, by_key, snapshots)
        _judge_hours(totals, database, plan, marketplace, snapshots)
    report.add("requests", f"{totals['requests']:,}", f"of them faulty {totals['faulty'] / totals['requests']:.1%}")
    report.add("captures", f"{totals['captures']:,}", f"with {totals['listings']:,} listings")
    late = totals["cut off at the end"]
    report.add(
        "answers cut off by a kill",
        f"{totals['cut off']:,}",
        f"asked for again; but not {late} of the last hour before an event",
    )
    for what in ("lost", "doubled", "not asked for again", "not equal to the truth"):
        report.goals.append(Goal(f"captures {what}", totals[what], 0))
    report.goals.append(Goal("hours that show a sell-out that was none", totals["phantom"], 0))
    report.goals.append(Goal("hours with another number of listings", totals["wrong hours"], 0))


def _judge_log(
    totals: dict[str, int],
    plan: Plan,
    records: list[RequestRecord],
    by_key: dict[tuple[str, datetime], RequestRecord],
    snapshots: list[Row],
    killed_at: Collection[datetime],
) -> None:
    """Every answer is one capture, unless its worker was killed in that tick; then it is asked for again."""
    stored = [(row["external_id"], row["captured_at"]) for row in snapshots]
    answered = {key for key, record in by_key.items() if not record.fault or FaultKind(record.fault) in ANSWERS}
    missing = answered - set(stored)
    cut_off = {key for key in missing if key[1] in killed_at}
    last_asked: dict[str, datetime] = {}
    for external_id, moment in by_key:
        last_asked[external_id] = max(moment, last_asked.get(external_id, moment))
    ends = {
        key: min(event.event_at, plan.ends_at) for event in plan.world.simulated_events for key in event.ids.values()
    }
    totals["requests"] += len(records)
    totals["faulty"] += sum(record.fault is not None for record in records)
    totals["captures"] += len(stored)
    totals["lost"] += len(missing - cut_off)
    totals["doubled"] += len(stored) - len(set(stored) & answered)
    twice = len(records) - len(by_key)
    totals["doubled"] += twice if not killed_at else 0
    totals["cut off"] += len(cut_off)
    for key, moment in cut_off:
        if last_asked[key] == moment:
            totals["not asked for again" if has_time(plan, moment, ends[key], killed_at) else "cut off at the end"] += 1


def has_time(plan: Plan, moment: datetime, end: datetime, killed_at: Collection[datetime]) -> bool:
    """Whether a tick without a kill is left in which an event that was cut off is due again for certain."""
    left = range(1, -((moment - end) // plan.tick))
    ticks = (moment + number * plan.tick for number in left)
    return any(tick - moment >= _LONGEST_WAIT and tick not in killed_at for tick in ticks)


def _judge_listings(
    totals: dict[str, int],
    database: Database,
    plan: Plan,
    marketplace: Marketplace,
    by_key: dict[tuple[str, datetime], RequestRecord],
    snapshots: list[Row],
) -> None:
    """Every capture holds what stood at that moment, with its ids, tickets and prices."""
    by_event: dict[int, list[Row]] = defaultdict(list)
    for row in snapshots:
        by_event[row["event_id"]].append(row)
    for event_id, rows in by_event.items():
        stored: dict[datetime, set[tuple[str, int, Decimal]]] = defaultdict(set)
        for row in read(database, _LISTINGS, event_id=event_id, marketplace=marketplace):
            stored[row["captured_at"]].add((row["listing_id"], row["quantity"], row["all_in_price"]))
        for row in rows:
            key = row["external_id"], row["captured_at"]
            standing = true_listings(plan, marketplace, *key)
            truth = _as_stored(marketplace, standing, by_key[key].fault) if key in by_key else set()
            is_right = stored[row["captured_at"]] == truth and row["accepted"] == len(truth)
            totals["not equal to the truth"] += not is_right or row["received"] != len(standing)
            totals["listings"] += len(truth)


def _as_stored(
    marketplace: Marketplace, standing: list[SimulatedListing], fault: str | None
) -> set[tuple[str, int, Decimal]]:
    if fault == FaultKind.RENAMED_FIELD:
        return set()  # nothing can be read of such an answer
    shift = ID_SHIFT if fault == FaultKind.REKEYED_IDS else 0
    prefixes = ("VB", "VF") if marketplace is Marketplace.VIVID_SEATS else ("", "")
    return {
        (f"{prefixes[item.is_fan]}{item.listing_id + shift}", item.quantity, item.all_in_price)
        for item in standing
        if item.all_in_price is not None and not item.is_parking
    }


def _judge_hours(
    totals: dict[str, int], database: Database, plan: Plan, marketplace: Marketplace, snapshots: list[Row]
) -> None:
    """Each hour shows what its last trusted capture held."""
    last: dict[tuple[int, datetime], Row] = {}
    for row in snapshots:
        if not row["is_suspect"]:
            last[row["event_id"], row["captured_at"].replace(minute=0)] = row
    hours = {(row["event_id"], row["hour_at"]): row for row in read(database, _HOURS, marketplace=marketplace)}
    for key, row in last.items():
        truth = len(
            _as_stored(marketplace, true_listings(plan, marketplace, row["external_id"], row["captured_at"]), None)
        )
        shown = hours[key]["listings"] if key in hours else 0
        totals["phantom"] += truth > 0 and not shown
        totals["wrong hours"] += shown != truth
