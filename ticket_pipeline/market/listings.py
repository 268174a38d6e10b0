"""Which listings are market prices: the rules, as one pandera schema, and the price a listing counts with.

Several snapshots are validated at once: of pandera's time nearly all is per call (about 1 ms), not per listing.
Reasons are fixed texts without values, so that they can be counted; the listing as received is stored beside them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain, pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.config import ValidationDepth, config_context

from ticket_pipeline.market.admission import BUILT_IN, EventAdmission, judge_notes, settle_grounds
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.contradictions import MONEY_COLUMNS, MONEY_LIMIT, drop_contradictions
from ticket_pipeline.market.price_classes import price_classes
from ticket_pipeline.market.validated import EXTRA_REASON, PARKING_REASON, SET_ASIDE, ValidatedListings
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS, FeeBasis, ParsedListings, RejectedListing

Amounts: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.float64]]"
Flags: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.bool_]]"
_T = TypeVar("_T")

MAX_QUANTITY = 1000
"""More tickets in one listing are a typing error or a placeholder."""

_CURRENCY = re.compile(r"[A-Z]{3}")
_GENERAL_ADMISSION = re.compile(
    r"\b(?:general adm(?:ission)?|gen\.? adm(?:ission)?|ga ?[0-9]{0,4}|sro ?[0-9]{0,3}|standing(?: room)?)\b",
    re.IGNORECASE,
)
_SPECULATIVE = re.compile(
    r"\b(?:speculative|spec seats?|zone seating|tbd|tba|to be (?:determined|assigned))\b", re.IGNORECASE
)


_NO_PRICE = "price is missing: neither an all-in nor an ask price"
_NO_CURRENCY = "currency is missing"

LISTING_RULES = pa.DataFrameSchema(
    {
        "price": pa.Column(
            "float64",
            [
                pa.Check.gt(0, error="price is zero or less"),
                pa.Check.lt(MONEY_LIMIT, error="price is absurdly large"),
            ],
            nullable=False,
        ),
        "quantity": pa.Column(
            "int64",
            [
                pa.Check.gt(0, error="quantity is zero or less"),
                pa.Check.le(MAX_QUANTITY, error=f"quantity is above {MAX_QUANTITY}"),
            ],
        ),
        "has_currency": pa.Column(bool, pa.Check.eq(value=True, error=_NO_CURRENCY)),
        "is_currency": pa.Column(bool, pa.Check.eq(value=True, error="currency is not an ISO 4217 code")),
        "is_parking": pa.Column(bool, pa.Check.eq(value=False, error=PARKING_REASON)),
        "is_extra": pa.Column(bool, pa.Check.eq(value=False, error=EXTRA_REASON)),
        "is_repeated": pa.Column(bool, pa.Check.eq(value=False, error="listing id was in this snapshot already")),
    },
    name="listings",
)
"""What makes a candidate a market price. The flags come from `_build_frame`."""

_IS_MISSING = frozenset({_NO_PRICE, _NO_CURRENCY})


_JUDGED = tuple(name for name in LISTING_COLUMNS if name not in {"zone", "notes"})


def validate_listings(
    parsed: Sequence[ParsedListings], admission: Sequence[EventAdmission] | None = None
) -> list[ValidatedListings]:
    """Apply the rules to several snapshots at once; one result per snapshot, in order.

    A listing that breaks a rule is rejected with every rule it breaks. `price` is the all-in price where known, else
    the ask; all money is rounded half-up to cents, on the decimal text and not on the binary number, so that what is
    validated is what numeric(12,2) stores. A field that contradicts the price or the quantity is unknown and counted;
    it costs no listing. The parsers have bounded text and splits to what the database holds.

    Args:
        parsed: the snapshots.
        admission: what is a seat, for each snapshot; None: by the built-in table.
    """
    rules = [BUILT_IN] * len(parsed) if admission is None else admission
    admissions = [own.judge(one.columns, len(one.positions)) for own, one in zip(rules, parsed, strict=True)]
    columns = {name: _joined([one.columns[name] for one in parsed]) for name in _JUDGED}
    money = {name: round_to_cents(columns[name]) for name in MONEY_COLUMNS}
    unknown = drop_contradictions(columns, money)
    sizes = [len(one.positions) for one in parsed]
    frame = _build_frame(columns, money, sizes, _joined(admissions))
    reasons = _find_reasons(frame)
    computed: dict[str, list[Any]] = {name: _nan_to_none(frame[name]) for name in (*MONEY_COLUMNS, "price")}
    computed["splits"] = columns["splits"]
    basis_by = (FeeBasis.ASK, FeeBasis.ALL_IN)  # looked up once: an enum's attribute is slow to reach
    is_all_in = frame["all_in_price"].notna()
    computed["fee_basis"] = (
        [FeeBasis.ALL_IN] * len(frame) if is_all_in.all() else [basis_by[known] for known in is_all_in.tolist()]
    )
    computed["is_general_admission"] = frame["is_general_admission"].tolist()
    computed["is_speculative"] = frame["is_speculative"].tolist()
    validated = []
    start = 0
    for one, own_admission in zip(parsed, admissions, strict=True):
        end = start + len(one.positions)
        own = one.columns | {name: values[start:end] for name, values in computed.items()}
        own |= {"admission": own_admission, "notes": _deciding(one.columns["notes"])}
        broken = {row - start: why for row, why in reasons.items() if start <= row < end}
        contradicted = {one.positions[row - start]: why for row, why in unknown.items() if start <= row < end}
        validated.append(_assemble(one, own, broken, contradicted))
        start = end
    return validated


def _joined(lists: Sequence[list[_T]]) -> list[_T]:
    """One list of all, by extending: item by item, `chain` takes three times as long."""
    joined: list[_T] = []
    for one in lists:
        joined += one
    return joined


def _deciding(notes: list[str | None]) -> list[str | None]:
    """The notes that decide what their listing is; the others, nearly all, are not kept."""
    kept = {text for text in set(notes) if text and judge_notes(text) is not Admission.SEAT}
    return [text if text in kept else None for text in notes] if kept else [None] * len(notes)


def _build_frame(
    columns: dict[str, list[Any]], money: dict[str, Amounts], sizes: list[int], admissions: list[Admission]
) -> pd.DataFrame:
    """The columns that rules look at, of all snapshots one below the other; texts are judged once per distinct one."""
    places = [(texts, set(texts) - {None}) for texts in (columns["section"], columns["row"])]
    return pd.DataFrame(
        {
            **money,
            "price": np.where(np.isnan(money["all_in_price"]), money["ask_price"], money["all_in_price"]),
            "quantity": np.array(columns["quantity"], dtype="int64"),
            "has_currency": ~_in(columns["currency"], {None}),
            "is_currency": ~_in(
                columns["currency"], {code for code in set(columns["currency"]) if not _may_be_code(code)}
            ),
            "is_general_admission": _matching(is_general_admission, places) | _flags(columns["is_general_admission"]),
            "is_speculative": _matching(is_speculative, places) | _flags(columns["is_speculative"]),
            "is_parking": _are(Admission.PARKING, admissions),
            "is_extra": _are(Admission.EXTRA, admissions),
            "is_repeated": _repeated(columns["listing_id"], sizes),
        }
    )


def round_to_cents(amounts: Sequence[float | None]) -> Amounts:
    """Round half-up (away from zero) to two decimals, as a person rounds the decimal text; None and NaN are NaN.

    The nearest double of 1.005 is below 1.005, and still it must become 1.01: amounts that close to half a cent are
    rounded by `Decimal` on their text, the others at once.
    """
    if amounts.count(None) == len(amounts):
        return np.full(len(amounts), np.nan)
    values: Amounts = np.array(amounts, dtype="float64")
    with np.errstate(invalid="ignore", over="ignore"):  # NaN is unknown, and infinite amounts are rejected by rule
        cents = np.abs(values) * 100
        rounded: Amounts = np.copysign(np.floor(cents + 0.5) / 100, values)
        is_close = np.abs(cents - np.floor(cents) - 0.5) < 1e-3  # noqa: PLR2004 - far above any error of the product
    for index in np.flatnonzero(is_close & (cents < MONEY_LIMIT * 100)):
        text = Decimal(repr(float(values[index])))
        rounded[index] = float(text.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
    return rounded


def is_general_admission(text: str) -> bool:
    """Whether a section or row says that there is no seat of one's own: "GA", "General Admission", "SRO8"."""
    return _GENERAL_ADMISSION.search(text) is not None


def is_speculative(text: str) -> bool:
    """Whether a section or row says that the seller does not know the seat yet: "Zone Seating", "TBD"."""
    return _SPECULATIVE.search(text) is not None


def _matching(matches: Callable[[str], bool], places: list[tuple[list[str | None], set[str]]]) -> Flags:
    """The rows where one of the columns matches; `places` holds each column and its distinct texts."""
    flags: Flags = np.zeros(len(places[0][0]), dtype=bool)
    for texts, distinct in places:
        found = {text for text in distinct if matches(text)}
        if found:
            flags[[row for row, text in enumerate(texts) if text in found]] = True
    return flags


def _may_be_code(code: object) -> bool:
    return code is None or (isinstance(code, str) and _CURRENCY.fullmatch(code) is not None)


def _in(values: list[Any], wanted: set[Any]) -> Flags:
    return _flags([value in wanted for value in values] if wanted.intersection(values) else [False] * len(values))


def _repeated(ids: list[str], sizes: list[int]) -> Flags:
    """The listings whose id was in their snapshot already."""
    flags: Flags = np.zeros(len(ids), dtype=bool)
    start = 0
    for size in sizes:
        own = ids[start : start + size]
        if len(set(own)) < size:
            seen: set[str] = set()
            for row, listing_id in enumerate(own, start):
                flags[row] = listing_id in seen
                seen.add(listing_id)
        start += size
    return flags


def _are(wanted: Admission, admissions: list[Admission]) -> Flags:
    """Which listings have this admission; nearly always none."""
    is_any = admissions.count(Admission.SEAT) < len(admissions)
    return _flags([one is wanted for one in admissions] if is_any else [False] * len(admissions))


def _flags(values: list[bool]) -> Flags:
    return np.array(values, dtype=bool) if any(values) else np.zeros(len(values), dtype=bool)


def _find_reasons(frame: pd.DataFrame) -> dict[int, tuple[str, ...]]:
    """Row of `frame` → every rule it breaks, in the order of the schema."""
    try:
        # The environment could switch pandera off.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            LISTING_RULES.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        if cases["index"].isna().any():
            raise  # about the frame and not a listing: a bug of a parser
        order = {name: number for number, name in enumerate(LISTING_RULES.columns)}
        found: dict[int, list[tuple[int, str]]] = {}
        for row, column, check in zip(cases["index"], cases["column"], cases["check"], strict=True):
            text = _NO_PRICE if check == "not_nullable" else check
            found.setdefault(int(row), []).append((order[column], text))
        return {row: tuple(text for _, text in sorted(broken)) for row, broken in found.items()}
    return {}


def _assemble(
    parsed: ParsedListings,
    columns: dict[str, list[Any]],
    broken: dict[int, tuple[str, ...]],
    contradicted: dict[int, list[str]],
) -> ValidatedListings:
    """Separate the accepted listings of one snapshot from the rejected.

    Args:
        parsed: the snapshot.
        columns: its validated columns.
        broken: row → reasons.
        contradicted: position in the body → why fields of that listing are unknown, beside what the parser found.
    """
    unknown = {
        position: (*parsed.unknown.get(position, ()), *contradicted.get(position, ()))
        for position in {**parsed.unknown, **contradicted}
    }
    rejected = list(parsed.rejected)
    for row, reasons in broken.items():
        position = parsed.positions[row]
        why = unknown.pop(position, ())
        # What could not be read explains what is missing; a listing rejected for another reason needs no more.
        explained = (*reasons, *why) if _IS_MISSING.intersection(reasons) else reasons
        kept = {name: values[row] for name, values in columns.items()} if reasons in SET_ASIDE else None
        rejected.append(RejectedListing(position, parsed.items[position], explained, kept))
    if broken:
        rejected.sort(key=lambda one: one.position)
        rows = sorted(broken)
        columns = {name: _without(values, rows) for name, values in columns.items()}
    columns["admission"] = settle_grounds(columns["admission"])
    columns["price_class"] = price_classes(columns)
    unknown_fields = dict(Counter(chain.from_iterable(unknown.values())).most_common())
    return ValidatedListings(columns, tuple(rejected), parsed.received, parsed.checksum_problems, unknown_fields)


def _without(values: list[_T], rows: list[int]) -> list[_T]:
    """`values` without those at `rows` (ascending), copied in runs."""
    kept = values[: rows[0]]
    for row, end in pairwise([*rows, len(values)]):
        kept += values[row + 1 : end]
    return kept


def _nan_to_none(values: pd.Series[float]) -> list[float | None]:
    unknown = values.isna()
    if unknown.all():
        return [None] * len(values)
    if not unknown.any():
        return list(values.tolist())
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - only NaN differs from itself
