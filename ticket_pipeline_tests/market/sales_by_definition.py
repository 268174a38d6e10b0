"""Estimated sales by definition: which removals count, as how many tickets, and how sure that is.

The evidence of a pair of captures is made by SQL for the database (`sql/sales`); this is the same in plain Python,
written from the definition. What a removal counts is computed in `market.sale_rates` for both.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from ticket_pipeline.market.changes import Change, ChangeKind
from ticket_pipeline.market.hours import GROUNDS
from ticket_pipeline.market.rows import row_depth
from ticket_pipeline.market.sale_rates import (
    CLASS_EDGES,
    DEFAULT_SALE_RULES,
    Departures,
    SaleRules,
    SaleWeights,
    fit_windows,
    weigh_pairs,
)
from ticket_pipeline.market.sales import NO_DEPARTURES, RANK_STEPS, ROW_LISTINGS, ROW_REACH, ZONE_LISTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from ticket_pipeline.market.changes import SeenListing

_QUANTILE = 1.2815515655446004  # of the normal distribution: 0.9, so that a tenth is outside on each side
_CLASSES = len(CLASS_EDGES) + 1


@dataclass(frozen=True, slots=True)
class EstimatedSale:
    """What one removal, or one shrunken lot, counts. All are of tickets.

    Attributes:
        tickets: expected sales, with those of the same class that came and went unseen.
        variance: of it, apart from `error`.
        error: the part of the standard error that it shares with all others: errors are added, not squared.
        chance: that it is a sale.
    """

    change: Change
    tickets: float
    variance: float
    error: float
    chance: float


class _Pair(NamedTuple):
    """Two captures that are compared, the classes of the seats of the earlier one, and what changed."""

    previous_at: datetime
    at: datetime
    classes: Mapping[str, int]
    new: frozenset[str]
    changes: Sequence[Change]


def rank_prices(listings: Iterable[SeenListing]) -> dict[str, float]:
    """The price rank of each seat of a capture, from 0 (cheapest) to 1, relative to what comparable seats cost.

    Comparable are the seats of its section, and, the fewer they are, those of its zone: the reference is the mean of
    the medians of the logarithms of both.
    """
    seats = [one for one in listings if one.zone != GROUNDS]
    prices = _from_comparables(seats, {one.listing_id: math.log(one.price) for one in seats})
    depths = {one.listing_id: row_depth(one.row) for one in seats}
    known = [one for one in seats if depths[one.listing_id] is not None]
    behind = _from_comparables(known, depths)
    by_zone = defaultdict(list)
    for one in known:
        by_zone[one.zone].append(one.listing_id)
    for ids in by_zone.values():
        squares = sum(behind[name] ** 2 for name in ids)
        along = sum(behind[name] * max(-ROW_REACH, min(prices[name], ROW_REACH)) for name in ids)
        slope = along / squares * len(ids) / (len(ids) + ROW_LISTINGS) if squares else 0
        for name in ids:
            prices[name] -= slope * behind[name]
    ordered = sorted(seats, key=lambda one: (round(RANK_STEPS * prices[one.listing_id]), one.listing_id))
    return {one.listing_id: (place + 0.5) / len(ordered) for place, one in enumerate(ordered)}


def _from_comparables(seats: Sequence[SeenListing], values: Mapping[str, float]) -> dict[str, float]:
    """How far each value is from its reference: the medians of section and zone."""
    sections, zones = defaultdict(list), defaultdict(list)
    for one in seats:
        sections[one.section, one.zone, one.unit].append(values[one.listing_id])
        zones[one.zone, one.unit].append(values[one.listing_id])
    in_section = {key: (len(found), median(found)) for key, found in sections.items()}
    in_zone = {key: median(found) for key, found in zones.items()}
    found = {}
    for one in seats:
        count, middle = in_section[one.section, one.zone, one.unit]
        reference = (count * middle + ZONE_LISTINGS * in_zone[one.zone, one.unit]) / (count + ZONE_LISTINGS)
        found[one.listing_id] = values[one.listing_id] - reference
    return found


def classify_prices(listings: Iterable[SeenListing]) -> dict[str, int]:
    """The class of the price rank of each seat of a capture."""
    return {listing_id: bisect_right(CLASS_EDGES, rank) for listing_id, rank in rank_prices(listings).items()}


def estimate_sales(
    captures: Sequence[tuple[datetime, Sequence[SeenListing]]],
    changes: Iterable[Change],
    splits: Mapping[tuple[datetime, str], tuple[int, ...]],
    rules: SaleRules = DEFAULT_SALE_RULES,
    *,
    censored: Collection[datetime] = (),
    classify: Callable[[Sequence[SeenListing]], Mapping[str, int]] = classify_prices,
) -> list[EstimatedSale]:
    """Estimate what was sold between consecutive captures of one event and marketplace, given in order.

    Args:
        captures: the trusted ones.
        changes: between them, as `market.changes.find_changes` has them.
        splits: how many tickets of a listing can be bought at once, by capture and id, where that is known.
        rules: what the estimate starts from.
        censored: captures before which no sales can be estimated.
        classify: another way to the same classes, for those who are in a hurry.
    """
    departures: list[tuple[datetime, Departures]] = []
    rates, block_at = fit_windows([NO_DEPARTURES], rules)[0], datetime.min.replace(tzinfo=UTC)
    found: list[EstimatedSale] = []
    for pair in _pairs(captures, changes, classify):
        if pair.at in censored:
            continue
        if (block := rules.block_of(pair.at)) != block_at:
            block_at = block
            departures = [(at, one) for at, one in departures if at > block - rules.window]
            rates = fit_windows([add_departures([one for at, one in departures if at < block])], rules)[0]
        own = _departures(pair)
        departures.append((pair.at, own))
        found += _estimates(pair, weigh_pairs([rates], [own])[0], splits)
    return found


def add_departures(departures: Sequence[Departures]) -> Departures:
    """The sum of the departures of several pairs; the mean gap is weighted by the listings at risk."""
    if not departures:
        return NO_DEPARTURES
    risks = [sum(one.at_risk) for one in departures]
    hours = sum(risk * one.gap_hours for risk, one in zip(risks, departures, strict=True))
    gap_hours = hours / sum(risks) if sum(risks) else departures[-1].gap_hours
    return Departures(
        _sum([one.at_risk for one in departures]),
        _sum([one.removed for one in departures]),
        _sum([one.new_at_risk for one in departures]),
        _sum([one.new_removed for one in departures]),
        gap_hours,
    )


def _sum(counts: Sequence[Sequence[int]]) -> list[int]:
    return [sum(of_class) for of_class in zip(*counts, strict=True)]


def interval(tickets: float, variance: float, error: float) -> tuple[float, float]:
    """The low and high end of the 80 % interval of a sum of estimates: of their tickets, variances and errors.

    A gamma distribution of this mean and variance, by Wilson and Hilferty's transformation.
    """
    total = variance + error**2
    if tickets <= 0 or total <= 0:
        return max(tickets, 0.0), max(tickets, 0.0)
    part = total / (9 * tickets**2)
    low, high = (tickets * max(0.0, 1 - part + side * _QUANTILE * math.sqrt(part)) ** 3 for side in (-1, 1))
    return low, high


def _pairs(
    captures: Sequence[tuple[datetime, Sequence[SeenListing]]],
    changes: Iterable[Change],
    classify: Callable[[Sequence[SeenListing]], Mapping[str, int]],
) -> Iterable[_Pair]:
    by_capture: dict[datetime, list[Change]] = defaultdict(list)
    for change in changes:
        by_capture[change.captured_at].append(change)
    for (previous_at, earlier), (at, _) in pairwise(captures):
        listed = [one.listing_id for one in by_capture[previous_at] if one.change == ChangeKind.LISTED]
        yield _Pair(previous_at, at, classify(earlier), frozenset(listed), by_capture[at])


def _departures(pair: _Pair) -> Departures:
    relisted = {one.listing_id for one in pair.changes if one.relisted_as is not None}
    gone = {one.listing_id for one in pair.changes if one.change == ChangeKind.REMOVED} - relisted
    at_risk = {listing_id: number for listing_id, number in pair.classes.items() if listing_id not in relisted}

    def count(chosen: Iterable[str]) -> list[int]:
        classes = Counter(at_risk[listing_id] for listing_id in chosen if listing_id in at_risk)
        return [classes[number] for number in range(_CLASSES)]

    hours = (pair.at - pair.previous_at) / timedelta(hours=1)
    return Departures(count(at_risk), count(gone), count(pair.new), count(gone & pair.new), hours)


def _estimates(
    pair: _Pair, weights: SaleWeights, splits: Mapping[tuple[datetime, str], tuple[int, ...]]
) -> Iterable[EstimatedSale]:
    for change in pair.changes:
        if change.listing_id not in pair.classes or change.zone == GROUNDS or change.old_quantity is None:
            continue  # no seat before, or none after
        if change.change == ChangeKind.REMOVED and change.relisted_as is None:
            is_new = change.listing_id in pair.new
            number, tickets = pair.classes[change.listing_id] + is_new * _CLASSES, change.old_quantity
            yield EstimatedSale(
                change,
                float(tickets * weights.tickets[number]),
                float(tickets**2 * weights.variance[number]),
                float(tickets * weights.error[number]),
                float(weights.chances[number]),
            )
        elif change.change == ChangeKind.QUANTITY and change.new_quantity is not None:
            sold = change.old_quantity - change.new_quantity
            if sold > 0 and is_possible_sale(sold, splits.get((pair.previous_at, change.listing_id))):
                yield EstimatedSale(change, float(sold), 0.0, 0.0, 1.0)


def is_possible_sale(sold: int, splits: tuple[int, ...] | None) -> bool:
    """Whether a lot may have shrunk by a sale: by a number that could be bought at once, where that is known."""
    return splits is None or sold in splits
