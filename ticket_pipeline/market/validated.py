"""The result of validating one snapshot: its market prices, and what was rejected.

The rules (`listings`) are elsewhere, because they load pandas and pandera, which takes half a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any, TypeVar

from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.vocabulary import LISTING_COLUMNS, FeeBasis, RejectedListing

if TYPE_CHECKING:
    import pandas as pd


_T = TypeVar("_T")

VALIDATED_COLUMNS = (*LISTING_COLUMNS, "price", "fee_basis", "admission", "price_class")
"""`LISTING_COLUMNS`, the price a listing counts with, which price that is (`FeeBasis`), what it admits to, and the
class of its price among the seats (`price_classes`).

Of the notes only those are kept that decide what their listing is.
"""

PARKING_REASON = "parking pass, not a seat"
EXTRA_REASON = "extra without admission, not a seat"
SET_ASIDE = frozenset({(PARKING_REASON,), (EXTRA_REASON,)})
"""The reasons of listings that are excluded for what they are; they say nothing about the format."""


@dataclass(frozen=True, slots=True)
class ValidatedListings:
    """The market prices of one snapshot, and what was rejected; accepted + rejected = received, always.

    Attributes:
        columns: `VALIDATED_COLUMNS` → one value per accepted listing; None where not known; money in whole cents.
        rejected: by position in the body, each with every reason.
        checksum_problems: see `ParsedListings`.
        unknown_fields: why fields of accepted listings are unknown: reason → how many, the most frequent first.
    """

    columns: dict[str, list[Any]]
    rejected: tuple[RejectedListing, ...]
    received: int
    checksum_problems: tuple[str, ...] | None = None
    unknown_fields: dict[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many listings are market prices."""
        return len(self.columns["listing_id"])

    @property
    def is_unusable(self) -> bool:
        """Whether listings came and none is a market price, though not all of them are parking passes or extras."""
        return not self.accepted and any(item.reasons not in SET_ASIDE for item in self.rejected)

    @property
    def reasons(self) -> dict[str, int]:
        """Why listings were rejected: reason → how many, the most frequent first."""
        return dict(Counter(reason for item in self.rejected for reason in item.reasons).most_common())

    @property
    def set_aside(self) -> int:
        """How many listings were rejected only because they are parking passes or extras."""
        return sum(item.reasons in SET_ASIDE for item in self.rejected)

    @property
    def seats(self) -> dict[str, list[Any]]:
        """The columns of the accepted listings that are seats."""
        admissions = self.columns["admission"]
        if Admission.GROUNDS not in admissions:
            return self.columns
        is_seat = [admission is Admission.SEAT for admission in admissions]
        return {name: list(compress(values, is_seat)) for name, values in self.columns.items()}

    @property
    def tickets(self) -> int:
        """Seats for sale in the accepted listings together."""
        return sum(self.seats["quantity"])

    @property
    def currency(self) -> str | None:
        """The currency of all accepted listings; None where there is none or more than one."""
        return _only(self.columns["currency"])

    @property
    def fee_basis(self) -> FeeBasis | None:
        """The fee basis of all accepted listings; None where there is none or more than one."""
        return _only(self.columns["fee_basis"])

    def to_frame(self) -> pd.DataFrame:
        """The accepted listings as a frame, for analysis."""
        import pandas as pd  # noqa: PLC0415 - half a second

        return pd.DataFrame(self.columns, columns=list(VALIDATED_COLUMNS))


def _only(values: Iterable[_T]) -> _T | None:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
