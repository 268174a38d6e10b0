"""How fast the seats of a market sell, and how fast sellers take them down: learned from what leaves the listings.

A listing is *wanted* if it is priced to sell. Wanted ones leave by a sale or a withdrawal, the others by withdrawals
alone; the cheaper a listing is among its comparables, the likelier it is wanted. Listings leave in classes of price
rank, so the classes tell the two rates apart; that new listings leave sooner than the others of their class tells how
unequal a class is. The rates start from the settings and follow the evidence of a window.

What cannot be learned from departures (how sharply rank separates wanted from unwanted, how unequal the wanted are) is
not fixed to one belief: the model is fitted under several, and their spread is part of every error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

RATES_SHAPE = (4, 6, 3)
CLASS_EDGES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75)
"""Classes of price rank, from the cheapest listings (0) to the dearest (1): fine where buyers choose."""

_BOUNDS = np.array([0, *CLASS_EDGES, 1])
_MIDDLES = (_BOUNDS[1:] + _BOUNDS[:-1]) / 2
_SCORES = np.log(_MIDDLES / (1 - _MIDDLES)) / 1.7  # nearly the normal score of the rank

# One belief per row: how sharply rank separates, and how fast the two kinds of wanted listings sell, with their shares.
# Set on simulated markets (seeds 1000 to 1023) so that about 80 % of the days are in their range: docs/accuracy.md.
_SHARPNESS = np.array([0.42, 0.46, 0.42, 0.46])[:, None, None]
_SPEEDS = np.array([[1, 0.45], [1, 0.45], [1, 0.38], [1, 0.38]])
_STOCK = np.array([[0.33, 0.67]] * 4)

_WANTED_SCORE = -1.2  # a tenth of the listings is wanted at first
_SPREAD = np.array([1.0, 1.2, 1.2])  # how far the score and the logarithms of both rates may be from the settings
_STEP = 0.05
_STENCIL = np.array([(0, 0, 0), *np.eye(3), *-np.eye(3), (1, 1, 0), (1, 0, 1), (0, 1, 1)]) * _STEP
_PAIRS = ((0, 1), (0, 2), (1, 2))
_MOST_STEPS = 30
_LONGEST_STEP = 0.7
_PARTS = np.array([1, 0.5, 0.2, 0.05, 0])[:, None]  # of a step, the best of which is taken: a whole one may overshoot
_IS_THERE = 0.01  # of the logarithm of the posterior
_LEAST_CURVATURE = 0.3
_LEAST_OLD = 0.02  # of the listings of a kind, those that were there before the earlier capture
_PULLED_BACK = 0.02  # of new listings that are not wanted, those that are gone by the next capture as a mistake
_PACE_REMOVALS = 10.0  # a pair's own pace counts as much as the window's from so many removals on


@dataclass(frozen=True, slots=True)
class SaleRules:
    """What an estimate starts from, and how much of the past it learns from.

    Attributes:
        hours_to_sale: until a listing that is priced to sell is sold, on average. Half a day: among the cheapest tenth
            of an event that is how long one lasts; the event's own departures outweigh it within days.
        hours_to_withdrawal: until a seller takes an unsold listing down. Ten days: what is too dear
            stays for weeks.
        window: of the past that is learned from. A week holds every weekday once, and some hundred departures.
        block: so often the rates are learned anew: a fit takes as long as storing a small capture.
    """

    hours_to_sale: float = 12.0
    hours_to_withdrawal: float = 240.0
    window: timedelta = timedelta(days=7)
    block: timedelta = timedelta(hours=6)

    def block_of(self, moment: datetime) -> datetime:
        """When the block of a capture begins: its rates are learned from the window that ends there."""
        return moment - (moment - _ANY_BLOCK) % self.block


_ANY_BLOCK = datetime(2000, 1, 1, tzinfo=UTC)

DEFAULT_SALE_RULES = SaleRules()


@dataclass(frozen=True, slots=True)
class Departures:
    """How many listings of each class could leave over a gap, and how many did, summed over pairs of captures.

    Attributes:
        at_risk: listings at the earlier capture, without those that were relisted.
        removed: of them, gone at the later one.
        new_at_risk: of those at risk, first seen at the earlier capture.
        new_removed: of these, gone at the later one.
        gap_hours: between the captures, mean.
    """

    at_risk: Sequence[int]
    removed: Sequence[int]
    new_at_risk: Sequence[int]
    new_removed: Sequence[int]
    gap_hours: float


@dataclass(frozen=True, slots=True)
class SaleWeights:
    """What one removed ticket of each class counts over a pair of captures.

    First of listings that stood longer, then, by class again, of those that were new in the earlier capture.

    Attributes:
        tickets: expected sales per removed ticket, with those that came and went unseen between the captures.
        variance: of it, per square of the tickets of a listing.
        error: the part of the standard error that all listings share; may be below 0. Add it, do not square it.
        chances: that a removal is a sale.
    """

    tickets: Floats
    variance: Floats
    error: Floats
    chances: Floats


def weigh_pairs(rates: Sequence[Floats], pairs: Sequence[Departures]) -> list[SaleWeights]:
    """Weigh the removals of pairs of captures; at once, because nearly all of the time is per call.

    Args:
        rates: as of `fit_windows`, for each pair.
        pairs: the departures of each: its pace may differ from that of the rates.
    """
    points = np.array(rates)
    counts, gaps = _as_arrays(pairs)
    at_risk, removed, hours = counts[:, 0], counts[:, 1], gaps[:, None, None, None]
    gone, _, _ = _fractions(points, hours)
    expected = (at_risk[:, None, None, :] * gone).sum(-1)
    points[..., 1:] += np.log((removed.sum(-1)[:, None, None] + _PACE_REMOVALS) / (expected + _PACE_REMOVALS))[
        ..., None
    ]
    gone, _, kinds = _fractions(points, hours)
    # As many are new as leave in a gap: in the gap before, which may have been longer or shorter.
    came = counts[:, 2].sum(-1)[:, None, None] + _PACE_REMOVALS
    pace = (came / ((at_risk[:, None, None, :] * gone).sum(-1) + _PACE_REMOVALS))[..., None]
    old = [share * left * np.maximum(1 - pace * left, _LEAST_OLD) for share, _, left, _ in kinds]
    new = [share * left * (left + _PULLED_BACK * (sold == 0)) for share, _, left, sold in kinds]
    chances = tickets = squares = np.zeros((*gone.shape[:-1], 2 * gone.shape[-1]))
    for (_, rate, left, sold), old_of_kind, new_of_kind in zip(kinds, old, new, strict=True):
        weight = np.concatenate([old_of_kind / sum(old), new_of_kind / sum(new)], axis=-1) * sold
        unseen = rate * hours / left - 1
        chances = chances + weight
        tickets = tickets + weight * (1 + unseen)
        squares = squares + weight * (1 + unseen) * (1 + 2 * unseen)
    removed_new = counts[:, 3]
    return _over_beliefs(chances, tickets, squares, np.concatenate([removed - removed_new, removed_new], axis=-1))


def _over_beliefs(chances: Floats, tickets: Floats, squares: Floats, removed: Floats) -> list[SaleWeights]:
    """Average over beliefs and points; the error is how each class moves with the total of its pair."""
    means = tickets.mean((1, 2))
    # Without removals the error is that of one in each class.
    counted = np.where(removed.any(-1, keepdims=True), removed, 1)
    totals = (tickets * counted[:, None, None, :]).sum(-1)
    moved = totals - totals.mean((1, 2), keepdims=True)
    spread = np.sqrt((moved**2).mean((1, 2)))
    together = ((tickets - means[:, None, None, :]) * moved[..., None]).mean((1, 2))
    errors = together / np.maximum(spread, 1e-9)[:, None]
    variances = (squares - tickets**2).mean((1, 2))
    weights = zip(means, variances, errors, chances.mean((1, 2)), strict=True)
    return [SaleWeights(*of_pair) for of_pair in weights]


def fit_windows(windows: Sequence[Departures], rules: SaleRules) -> Floats:
    """Learn the rates of markets from their departures over a window; without any they are those of the rules.

    Of several at once, because most of the time is per call.

    Returns:
        For each window, points that stand for its rates under each belief, an array of RATES_SHAPE: two on each axis of
        the fit, three parameters each.
    """
    prior = np.array([_WANTED_SCORE, -math.log(rules.hours_to_sale), -math.log(rules.hours_to_withdrawal)])
    counts, hours = _as_arrays(windows)
    found = np.tile(prior, (len(windows), len(_SPEEDS), 1))
    reaches = np.zeros((*found.shape, 3))
    moving = np.arange(len(windows))
    for _ in range(_MOST_STEPS):
        start, evidence = found[moving][:, :, None, :], (counts[moving], hours[moving])
        values = _log_posterior(start + _STENCIL, *evidence, prior)
        step, reaches[moving] = _newton_step(values)
        tried = start + _PARTS * step[:, :, None, :]
        reached = _log_posterior(tried, *evidence, prior)
        best = reached.argmax(-1)[..., None]
        found[moving] = np.take_along_axis(tried, best[..., None], axis=2)[:, :, 0]
        gained = (np.take_along_axis(reached, best, axis=-1) - values[..., :1]).max((1, 2))
        moving = moving[gained >= _IS_THERE]
        if not len(moving):
            break
    middles = found[:, :, None, :]
    return np.concatenate([middles + reaches, middles - reaches], axis=2)


def _as_arrays(departures: Sequence[Departures]) -> tuple[Floats, Floats]:
    """Their counts (at risk, removed, new at risk, new removed; by class), and their gaps in hours."""
    counts = [[own.at_risk, own.removed, own.new_at_risk, own.new_removed] for own in departures]
    return np.array(counts, float), np.array([own.gap_hours for own in departures])


def _newton_step(values: Floats) -> tuple[Floats, Floats]:
    """Where the posterior of each belief rises to from the middle of the stencil, and the axes of its spread there."""
    slope, curvature = _derivatives(values)
    sizes, axes = np.linalg.eigh(curvature)
    sizes = np.maximum(np.abs(sizes), _LEAST_CURVATURE)
    inverse = (axes / sizes[..., None, :]) @ np.swapaxes(axes, -1, -2)
    step = (inverse @ slope[..., None])[..., 0]
    step = step / np.maximum(1, np.abs(step).max(-1, keepdims=True) / _LONGEST_STEP)
    reach: Floats = math.sqrt(3) * np.swapaxes(axes / np.sqrt(sizes)[..., None, :], -1, -2)
    return step, reach


def _derivatives(values: Floats) -> tuple[Floats, Floats]:
    """Slope and negative curvature at the middle of the stencil, for each belief."""
    middle, ahead, back, mixed = values[..., 0], values[..., 1:4], values[..., 4:7], values[..., 7:]
    curvature = np.zeros((*middle.shape, 3, 3))
    for axis in range(3):
        curvature[..., axis, axis] = -(ahead[..., axis] - 2 * middle + back[..., axis]) / _STEP**2
    for number, (one, other) in enumerate(_PAIRS):
        cross = mixed[..., number] - ahead[..., one] - ahead[..., other] + middle
        curvature[..., one, other] = curvature[..., other, one] = -cross / _STEP**2
    return (ahead - back) / (2 * _STEP), curvature


def _log_posterior(points: Floats, counts: Floats, hours: Floats, prior: Floats) -> Floats:
    """Of points under each belief of each window; `counts` and `hours` are those of `_as_arrays`."""
    at_risk, removed, new, new_removed = np.moveaxis(counts[:, :, None, None, :], 1, 0)
    gone, gone_new, _ = _fractions(points, hours[:, None, None, None])
    share = new / np.maximum(at_risk, 1)
    gone_old = np.clip((gone - share * gone_new) / np.maximum(1 - share, 0.02), 1e-7, 1 - 1e-7)
    gone_new = np.clip(gone_new, 1e-7, 1 - 1e-7)
    old, old_removed = at_risk - new, removed - new_removed
    likelihood = (
        new_removed * np.log(gone_new)
        + (new - new_removed) * np.log1p(-gone_new)
        + old_removed * np.log(gone_old)
        + (old - old_removed) * np.log1p(-gone_old)
    ).sum(-1)
    belief: Floats = -(((points - prior) / _SPREAD) ** 2).sum(-1) / 2
    posterior: Floats = likelihood + belief
    return posterior


def _fractions(
    points: Floats, hours: float | Floats
) -> tuple[Floats, Floats, list[tuple[Floats, Floats, Floats, Floats]]]:
    """What leaves of each class within a gap: of all, of the new; and of each kind: the unwanted and two wanted ones.

    A kind is its share of the class, its rate, the fraction that leaves, and the part of these that is sold. New
    listings are those that came within the last gap and are still there: they are in proportion to what leaves.
    """
    selling, withdrawing = np.exp(points[..., 1])[..., None], np.exp(points[..., 2])[..., None]
    wanted = 1 / (1 + np.exp(np.clip((_SCORES - points[..., :1]) / _SHARPNESS, -50, 50)))
    kinds = [(1 - wanted, withdrawing, -np.expm1(-withdrawing * hours), np.zeros_like(withdrawing))]
    for speed, stock in zip(_SPEEDS.T, _STOCK.T, strict=True):
        sale_rate = selling * speed[:, None, None]
        rate = sale_rate + withdrawing
        kinds.append((wanted * stock[:, None, None], rate, -np.expm1(-rate * hours), sale_rate / rate))
    gone: Floats = sum(share * left for share, _, left, _ in kinds)
    of_new: Floats = sum(share * left**2 for share, _, left, _ in kinds) / gone
    return gone, of_new, kinds
