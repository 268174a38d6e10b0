"""Changes of listings by definition: which captures are compared, and what changed between them, listing by listing.

The stored changes are made by SQL (`sql/changes`); this is the same arithmetic in plain Python, written from the
definition and not from the SQL. The data check recomputes sampled captures with it, and so do the tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

_RELIST_SHARE = Decimal("0.10")
"""A relisted listing costs at most so much more or less than before."""

_ROWLESS_RELIST_SHARE = Decimal("0.02")
"""The same where there is no row: in a standing zone most listings within a tenth of a price are of other sellers. With
0.10, two in five sales at a standing venue that was polled every 12 hours were taken for relists."""

_LONGEST_LOOK_BACK = timedelta(days=90)
"""A capture is compared with none that is older than this: as far as trust looks back, too."""


class ChangeKind(StrEnum):
    """What happened to a listing between two captures."""

    LISTED = "listed"
    REMOVED = "removed"
    REPRICED = "repriced"
    QUANTITY = "quantity"
    RELISTED = "relisted"


class Censored(StrEnum):
    """Why no sales are estimated between two captures."""

    EVENT_STARTED = "event started"
    SUSPECT_BETWEEN = "suspect between"
    LONG_GAP = "long gap"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class ChangeRules:
    """What decides how captures are compared.

    Attributes:
        relist_window: seats that are back within this after they were missed first are relisted, not new. A day: a
            seller changes a listing in minutes, a buyer who sells again takes days, and by default the next capture
            comes within 18 hours.
        longest_gap: no sales are estimated between captures further apart. A day: an interval of 12 hours is at most
            18 with its jitter, and one failed attempt fits in between.
    """

    relist_window: timedelta = timedelta(hours=24)
    longest_gap: timedelta = timedelta(hours=24)


DEFAULT_CHANGE_RULES = ChangeRules()


@dataclass(frozen=True, slots=True)
class CaptureLink:
    """With which capture one is compared, if any, and why no sales are estimated between the two (None: they are)."""

    captured_at: datetime
    previous_captured_at: datetime | None
    censored_because: Censored | None


@dataclass(frozen=True, slots=True)
class SeenListing:
    """What a comparison needs of a listing of a capture; `zone` as `market.hours.zone_of` resolves it."""

    listing_id: str
    section: str | None
    row: str | None
    zone: str
    quantity: int
    price: Decimal
    currency: str
    fee_basis: str

    @property
    def unit(self) -> tuple[str, str]:
        """Prices of one unit can be compared."""
        return self.currency, self.fee_basis


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one listing, made after `previous_captured_at` and until `captured_at`. Prices are per ticket.

    Attributes:
        previous_listing_id: of a relisted one: the id under which the seats were removed.
        relisted_as: of a removed one: the id under which the seats are back; such a removal is no sale.
        currency: of `new_price`, else of `old_price`; so `fee_basis`.
        old_price: before; of a relisted one: when it was last seen. None: it was not there, or its price was in another
            currency or fee basis.
        old_quantity: before; None: it was not there.
    """

    captured_at: datetime
    previous_captured_at: datetime
    change: str
    listing_id: str
    previous_listing_id: str | None
    relisted_as: str | None
    section: str | None
    row: str | None
    zone: str
    currency: str
    fee_basis: str
    old_price: Decimal | None
    new_price: Decimal | None
    old_quantity: int | None
    new_quantity: int | None


@dataclass(slots=True)
class _Step:
    """What is gone and what is new in a capture, by id, and the relists among them: old id → new listing."""

    previous_at: datetime
    at: datetime
    kept: list[tuple[SeenListing, SeenListing]]
    gone: dict[str, SeenListing]
    new: dict[str, SeenListing]
    relisted_as: dict[str, str] = field(default_factory=dict)
    relisted: dict[str, SeenListing] = field(default_factory=dict)

    def missing(self) -> list[SeenListing]:
        """What is gone and was not relisted."""
        return [one for one in self.gone.values() if one.listing_id not in self.relisted_as]

    def unexplained(self) -> list[SeenListing]:
        """What is new and no relist."""
        return [one for one in self.new.values() if one.listing_id not in self.relisted]


def link_captures(
    captures: Sequence[tuple[datetime, bool]], event_at: datetime, rules: ChangeRules
) -> list[CaptureLink]:
    """With which capture each is compared: the last trusted one before it. A suspect is compared with none.

    Args:
        captures: of one event and marketplace, in order: when, and whether it is suspect.
        event_at: when the event starts.
        rules: the longest gap.
    """
    links = []
    trusted: datetime | None = None
    is_suspect_between = False
    for at, is_suspect in captures:
        previous = trusted if not is_suspect and trusted is not None and at - trusted <= _LONGEST_LOOK_BACK else None
        reason = None
        if previous is not None:
            reason = _censored_because(previous, at, event_at, rules, is_suspect_between=is_suspect_between)
        links.append(CaptureLink(at, previous, reason))
        is_suspect_between = is_suspect
        trusted = trusted if is_suspect else at
    return links


def find_changes(captures: Sequence[tuple[datetime, Sequence[SeenListing]]], rules: ChangeRules) -> list[Change]:
    """The changes between consecutive trusted captures of one event and marketplace, given in order.

    Seats that are gone and back are relisted: in the same capture, else in the next one within the window. An id that
    comes back in the next one is relisted at any price. Each removal and each listing is part of one relist at most.
    """
    steps = [_compare(*before, *after) for before, after in pairwise(captures)]
    for step in steps:
        _relist(step, step, _same_seats(step.missing(), step.unexplained()))
    for earlier, later in pairwise(steps):
        if later.at - earlier.at <= rules.relist_window:
            missing, unexplained = earlier.missing(), later.unexplained()
            same_ids = {one.listing_id for one in missing} & {one.listing_id for one in unexplained}
            _relist(earlier, later, {name: name for name in same_ids})
            _relist(earlier, later, _same_seats(earlier.missing(), later.unexplained()))
    return [change for step in steps for change in _changes_of(step)]


def _censored_because(
    previous: datetime, at: datetime, event_at: datetime, rules: ChangeRules, *, is_suspect_between: bool
) -> Censored | None:
    if at >= event_at:
        return Censored.EVENT_STARTED
    if is_suspect_between:
        return Censored.SUSPECT_BETWEEN
    return Censored.LONG_GAP if at - previous > rules.longest_gap else None


def _compare(
    previous_at: datetime, earlier: Iterable[SeenListing], at: datetime, later: Iterable[SeenListing]
) -> _Step:
    before = {one.listing_id: one for one in earlier}
    after = {one.listing_id: one for one in later}
    return _Step(
        previous_at,
        at,
        kept=[(before[name], after[name]) for name in before.keys() & after.keys()],
        gone={name: one for name, one in before.items() if name not in after},
        new={name: one for name, one in after.items() if name not in before},
    )


def _relist(gone_in: _Step, back_in: _Step, pairs: Mapping[str, str]) -> None:
    for old_id, new_id in pairs.items():
        gone_in.relisted_as[old_id] = new_id
        back_in.relisted[new_id] = gone_in.gone[old_id]


def _same_seats(missing: Iterable[SeenListing], unexplained: Iterable[SeenListing]) -> dict[str, str]:
    """Old id → new id of the same section, row and quantity at nearly the same price, as many as there can be.

    From the cheapest removal up, each takes the cheapest listing in its reach that is left.
    """
    waiting: dict[object, list[SeenListing]] = defaultdict(list)
    for one in sorted(unexplained, key=_by_price):
        waiting[_seats(one)].append(one)
    found = {}
    for one in sorted(missing, key=_by_price):
        reach = one.price * (_ROWLESS_RELIST_SHARE if one.row is None else _RELIST_SHARE)
        near = [other for other in waiting[_seats(one)] if abs(other.price - one.price) <= reach]
        if near:
            found[one.listing_id] = near[0].listing_id
            waiting[_seats(one)].remove(near[0])
    return found


def _seats(one: SeenListing) -> object:
    return one.section, one.row, one.quantity, one.unit


def _by_price(one: SeenListing) -> tuple[Decimal, str]:
    return one.price, one.listing_id


def _changes_of(step: _Step) -> Iterable[Change]:
    for before, after in step.kept:
        if before.price != after.price and before.unit == after.unit:
            yield _change(step, ChangeKind.REPRICED, before, after)
        if before.quantity != after.quantity:
            yield _change(step, ChangeKind.QUANTITY, before, after)
    for name, one in step.gone.items():
        yield replace(_change(step, ChangeKind.REMOVED, one, None), relisted_as=step.relisted_as.get(name))
    for name, one in step.new.items():
        origin = step.relisted.get(name)
        if origin is None:
            yield _change(step, ChangeKind.LISTED, None, one)
        else:
            yield replace(_change(step, ChangeKind.RELISTED, origin, one), previous_listing_id=origin.listing_id)


def _change(step: _Step, kind: ChangeKind, before: SeenListing | None, after: SeenListing | None) -> Change:
    last = after or before
    assert last is not None  # noqa: S101 - one of the two is given
    return Change(
        captured_at=step.at,
        previous_captured_at=step.previous_at,
        change=kind,
        listing_id=last.listing_id,
        previous_listing_id=None,
        relisted_as=None,
        section=last.section,
        row=last.row,
        zone=last.zone,
        currency=last.currency,
        fee_basis=last.fee_basis,
        old_price=before.price if before and before.unit == last.unit else None,
        new_price=after.price if after else None,
        old_quantity=before.quantity if before else None,
        new_quantity=after.quantity if after else None,
    )
