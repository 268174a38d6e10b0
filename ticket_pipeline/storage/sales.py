"""Estimate sales from what left the listings between captures; what an estimate is, is defined in `market.sales`.

Captures mark their pairs in their own transaction (`sql/changes`); `update_sales` takes the marks and brings the
estimates to what is stored. Deleting and estimating again gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg.types.json import Jsonb

from ticket_pipeline.market.price_classes import class_sizes, price_classes
from ticket_pipeline.market.sale_rates import (
    CLASS_EDGES,
    RATES_SHAPE,
    Departures,
    SaleRules,
    fit_windows,
    weigh_pairs,
)
from ticket_pipeline.market.sales import METHOD, NO_DEPARTURES, Lot, sales_by_zone
from ticket_pipeline.storage.archive import refuse_archived
from ticket_pipeline.storage.prices import HOUR, hour_start

if TYPE_CHECKING:
    from ticket_pipeline.market.sale_rates import Floats
    from ticket_pipeline.settings.analytics import AnalyticsSettings
    from ticket_pipeline.storage.database import Database, Row, Transaction
    from ticket_pipeline.storage.prices import Span

_MOST_PAIRS = 500
"""Pairs in one transaction: about 150,000 listings are ranked in memory."""

_Block = tuple[int, str, datetime]
_source_of = itemgetter("event_id", "marketplace")


def build_sale_rules(settings: AnalyticsSettings) -> SaleRules:
    """The rules of these settings."""
    return SaleRules(hours_to_sale=settings.hours_to_sale, hours_to_withdrawal=settings.hours_to_withdrawal)


def update_sales(database: Database, rules: SaleRules) -> int:
    """Estimate the sales of all pairs of captures that wait for it, the oldest first; returns how many pairs."""
    done = 0
    while taken := _update_some(database, rules):
        done += taken
    return done


def rebuild_sales_by_day(database: Database, span: Span, rules: SaleRules) -> Iterator[tuple[Span, list[Row]]]:
    """Estimate the sales of a span anew: each UTC day's part of it when it is done, and a row per hour.

    The rows have hour_at, rows, events and event_hours (of events that are covered).
    """
    refuse_archived(database, span.start, span.end)
    for part in span.days():
        database.execute("sales/mark_span", starts_from=part.start, starts_until=part.end)
        update_sales(database, rules)
        yield part, summarise_sales(database, part)


def summarise_sales(database: Database, span: Span) -> list[Row]:
    """What is stored of the whole hours in a span: rows as of `rebuild_sales_by_day`."""
    return database.fetch_all("sales/summarise_sales", starts_from=span.start, starts_until=span.end)


def _update_some(database: Database, rules: SaleRules) -> int:
    with database.transaction("estimate sales") as transaction:
        transaction.execute("sales/lock_sales")
        transaction.expect_many_rows()
        taken = transaction.fetch_all("sales/take_stale", most=_MOST_PAIRS)
        if not taken:
            return 0
        valid = [row for row in taken if row["is_valid"]]
        if gone := [row for row in taken if not row["is_valid"]]:
            transaction.execute("sales/delete_departures", **_keys(gone))
        _measure(transaction, taken, rules)
        if valid:
            _estimate(transaction, valid, rules)
        transaction.execute("sales/replace_hours", **_hours_of(taken), method=METHOD)
    return len(taken)


def _measure(transaction: Transaction, taken: Sequence[Row], rules: SaleRules) -> None:
    """Count the departures of pairs that are new or changed; later pairs that learned from them are marked."""
    changed = [row for row in taken if not (row["is_valid"] and row["is_measured"])]
    measured = [row for row in changed if row["is_valid"]]
    if measured:
        _count(transaction, measured)
    spans = [(source, [row["captured_at"] for row in rows]) for source, rows in _by_source(changed)]
    if spans:
        transaction.execute(
            "sales/mark_later",
            **_sources(spans),
            changed_from=[min(captured) for _, captured in spans],
            learned_until=[max(captured) + rules.window for _, captured in spans],
            block=rules.block,
        )


def _count(transaction: Transaction, pairs: Sequence[Row]) -> None:
    """Count the departures of pairs, by the classes stored with the earlier capture, or computed where none are."""
    keys, previous = _keys(pairs), [row["previous_captured_at"] for row in pairs]
    bounds = {"seen_from": min(previous), "seen_until": max(keys["captured"])}
    seats = [row["ranked_seats"] for row in pairs]
    ranked: dict[str, list[Any]] = {"ranked_pairs": [], "ranked_ids": [], "ranked_classes": []}
    for number, pair in enumerate(pairs):
        if pair["ranked_seats"] is not None:
            continue
        key = _key(pair) | {"captured_at": pair["previous_captured_at"]}
        (row,) = transaction.fetch_all("sales/select_seats", **key)
        seats[number] = len(row["listing_id"])
        ranked["ranked_pairs"] += [number] * seats[number]
        ranked["ranked_ids"] += row["listing_id"]
        ranked["ranked_classes"] += price_classes(row)
    transaction.execute(
        "sales/measure_departures",
        **keys,
        previous=previous,
        sizes=[size for known in seats for size in class_sizes(known)],
        classes=len(CLASS_EDGES) + 1,
        **ranked,
        **bounds,
    )


def _estimate(transaction: Transaction, rows: Sequence[Row], rules: SaleRules) -> None:
    rates = _read_rates(transaction, {_block_of(row, rules) for row in rows}, rules)
    found = transaction.fetch_all("sales/select_departures", **_keys(rows))
    departures = [_departures(row, (row["captured_at"] - row["previous_captured_at"]) / HOUR) for row in found]
    weighed = weigh_pairs([rates[_block_of(row, rules)] for row in found], departures)
    pairs = []
    for row, weights in zip(found, weighed, strict=True):
        sales = sales_by_zone((Lot(*lot) for lot in row["lots"]), weights)
        estimates = [{"zone": zone} | vars(one) for zone, one in sales.items()]
        pairs.append({**_key(row), "captured_at": row["captured_at"].isoformat(), "estimates": estimates})
    transaction.execute("sales/keep_estimates", pairs=Jsonb(pairs))


def _read_rates(transaction: Transaction, blocks: set[_Block], rules: SaleRules) -> dict[_Block, Floats]:
    """The rates of blocks; those that are not known yet are learned and kept."""
    known: dict[_Block, Floats] = {
        _block(row): np.array(row["points"]).reshape(RATES_SHAPE)
        for row in transaction.fetch_all("sales/select_rates", **_columns(blocks))
    }
    if missing := blocks - known.keys():
        sums = transaction.fetch_all("sales/sum_departures", **_columns(missing), learned=rules.window)
        windows = {_block(row): _departures(row, row["gap_hours"]) for row in sums if row["gap_hours"]}
        fitted = fit_windows([windows.get(block, NO_DEPARTURES) for block in missing], rules)
        learned: dict[_Block, Floats] = dict(zip(missing, fitted, strict=True))
        rates = [
            {
                "event_id": event_id,
                "marketplace": marketplace,
                "block_at": block_at.isoformat(),
                "points": points.ravel().tolist(),
            }
            for (event_id, marketplace, block_at), points in learned.items()
        ]
        transaction.execute("sales/insert_rates", rates=Jsonb(rates))
        known |= learned
    return known


def _hours_of(taken: Sequence[Row]) -> dict[str, Any]:
    """The hours that the pairs overlap, or did when they were last estimated; one span per source."""
    spans = [(source, list(rows)) for source, rows in _by_source(taken)]
    return _sources(spans) | {
        "hours_from": [hour_start(min(_starts(rows))) for _, rows in spans],
        "hours_until": [
            hour_start(max(row["captured_at"] for row in rows) - timedelta.resolution) + HOUR for _, rows in spans
        ],
    }


def _starts(rows: Sequence[Row]) -> Iterator[datetime]:
    for row in rows:
        yield row["estimated_from"]
        if row["previous_captured_at"] is not None:
            yield row["previous_captured_at"]


def _departures(row: Row, gap_hours: float) -> Departures:
    return Departures(row["at_risk"], row["removed"], row["new_at_risk"], row["new_removed"], gap_hours)


def _block_of(row: Row, rules: SaleRules) -> _Block:
    return row["event_id"], row["marketplace"], rules.block_of(row["captured_at"])


def _block(row: Row) -> _Block:
    return row["event_id"], row["marketplace"], row["block_at"]


def _key(row: Row) -> dict[str, Any]:
    return {"event_id": row["event_id"], "marketplace": row["marketplace"]}


def _keys(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "event_ids": [row["event_id"] for row in rows],
        "marketplaces": [row["marketplace"] for row in rows],
        "captured": [row["captured_at"] for row in rows],
    }


def _columns(blocks: set[_Block]) -> dict[str, Any]:
    ordered = sorted(blocks)
    names = ("event_ids", "marketplaces", "blocks")
    return {name: [block[number] for block in ordered] for number, name in enumerate(names)}


def _by_source(rows: Sequence[Row]) -> Iterator[tuple[tuple[int, str], Iterator[Row]]]:
    return groupby(sorted(rows, key=_source_of), _source_of)


def _sources(spans: Sequence[tuple[tuple[int, str], object]]) -> dict[str, Any]:
    return {
        "event_ids": [event_id for (event_id, _), _ in spans],
        "marketplaces": [marketplace for (_, marketplace), _ in spans],
    }
