"""The class of price rank of each seat of a capture, computed when it is stored; the tests have it by definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.hours import NO_ZONE, WHOLE_EVENT
from ticket_pipeline.market.rows import row_depth
from ticket_pipeline.market.sale_rates import CLASS_EDGES
from ticket_pipeline.market.sales import RANK_STEPS, ROW_LISTINGS, ROW_REACH, ZONE_LISTINGS

if TYPE_CHECKING:
    from ticket_pipeline.market.sale_rates import Floats

    Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

_TEXTS = ("section", "zone", "currency", "fee_basis")
_NAMED = 2  # texts before this number name no zone


def price_classes(columns: Mapping[str, Sequence[Any]]) -> list[int | None]:
    """The class of each listing of a capture, 0 the cheapest; None where it is no seat.

    Args:
        columns: listing_id, section, row, zone, currency, fee_basis, price and admission, one value per listing.
    """
    admissions = columns["admission"]
    if admissions.count(Admission.SEAT) < len(admissions):
        rows = [row for row, admission in enumerate(admissions) if admission == Admission.SEAT]
        columns = {name: [columns[name][row] for row in rows] for name in (*_TEXTS, "listing_id", "row", "price")}
        classes = iter(_classes(columns))
        return [next(classes) if admission == Admission.SEAT else None for admission in admissions]
    return [*_classes(columns)]


def class_sizes(seats: int) -> list[int]:
    """How many of so many seats are in each class."""
    return list(np.bincount(_by_place(seats), minlength=len(CLASS_EDGES) + 1).tolist())


def _classes(columns: Mapping[str, Sequence[Any]]) -> list[int]:
    if not columns["price"]:
        return []
    by_place = _by_place(len(columns["price"]))
    classes = np.empty_like(by_place)
    classes[_in_order(_distances(columns), columns["listing_id"], by_place)] = by_place
    return list(classes.tolist())


def _by_place(seats: int) -> Numbers:
    """The class of each place in the order of distance."""
    return np.searchsorted(CLASS_EDGES, (np.arange(seats) + 0.5) / seats, side="right")


def _distances(columns: Mapping[str, Sequence[Any]]) -> Floats:
    """How far each price is from those of comparable seats, without what its row explains."""
    logs = np.log(np.array(columns["price"], dtype=float))
    numbers: dict[str | None, int] = {None: 0, WHOLE_EVENT: 1, NO_ZONE: 2}
    section, zone, currency, basis = (np.broadcast_to(_number(columns[name], numbers), logs.shape) for name in _TEXTS)
    zone = np.where(zone < _NAMED, np.where(section < _NAMED, _NAMED, section), zone)
    in_zone = (zone * len(numbers) + currency) * len(numbers) + basis
    groups = [in_zone * len(numbers) + section]
    if (zone != section).any():  # where no listing names a zone, each section is one
        groups.append(in_zone)
    distances = _from_comparables(logs, groups)
    depths = {row: np.nan if (depth := row_depth(row)) is None else depth for row in set(columns["row"])}
    rows = np.fromiter(map(depths.__getitem__, columns["row"]), dtype=float, count=len(logs))
    if (known := np.flatnonzero(~np.isnan(rows))).size:
        behind = _from_comparables(rows[known], [group[known] for group in groups])
        distances[known] -= _explained(behind, distances[known], zone[known])
    return np.round(RANK_STEPS * distances)


def _from_comparables(values: Floats, groups: Sequence[Numbers]) -> Floats:
    """How far each value is from the median of its section, the first of its groups, and of its zone, the last."""
    count, middle = _medians(groups[0], values)
    of_zone = _medians(groups[-1], values)[1] if len(groups) > 1 else middle
    found: Floats = values - (count * middle + ZONE_LISTINGS * of_zone) / (count + ZONE_LISTINGS)
    return found


def _explained(behind: Floats, distances: Floats, zone: Numbers) -> Floats:
    """What the rows of a zone explain of the distances: a line through 0, the flatter the fewer listings it has."""
    count = np.bincount(zone)
    along = np.bincount(zone, behind * np.clip(distances, -ROW_REACH, ROW_REACH))
    squares = np.bincount(zone, behind**2)
    slopes = along * count / (np.maximum(squares, 1e-9) * (count + ROW_LISTINGS))
    found: Floats = slopes[zone] * behind
    return found


def _number(texts: Sequence[str | None], numbers: dict[str | None, int]) -> Numbers:
    """The number of each text, or the one of all, which spares nearly all look-ups; new ones are added."""
    chosen = texts[:1] if texts.count(texts[0]) == len(texts) else texts
    for text in set(chosen):
        numbers.setdefault(text, len(numbers))
    return np.fromiter(map(numbers.__getitem__, chosen), dtype=np.int64, count=len(chosen))


def _medians(groups: Numbers, values: Floats) -> tuple[Floats, Floats]:
    """How many values the group of each value has, and their median."""
    order = np.lexsort((values, groups))
    ordered, keys = values[order], groups[order]
    starts = np.concatenate([[0], np.flatnonzero(keys[1:] != keys[:-1]) + 1])
    ends = np.concatenate([starts[1:], [len(keys)]])
    middles = (ordered[(starts + ends - 1) // 2] + ordered[(starts + ends) // 2]) / 2
    found = np.empty((2, len(keys)))
    found[:, order] = np.repeat([ends - starts, middles], ends - starts, axis=1)
    return found[0], found[1]


def _in_order(distances: Floats, listing_ids: Sequence[str], by_place: Numbers) -> Numbers:
    """The rows by distance; equal ones by id, where they are not all of one class."""
    order = np.argsort(distances)
    ordered = distances[order]
    for place in np.flatnonzero(np.diff(by_place)):
        if ordered[place] == ordered[place + 1]:
            start, end = (np.searchsorted(ordered, ordered[place], side) for side in ("left", "right"))
            order[start:end] = sorted(order[start:end], key=listing_ids.__getitem__)
    return order
