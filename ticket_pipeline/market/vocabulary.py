"""The words every part of the project shares: marketplaces, fee bases, outcomes, the columns of a listing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Marketplace(StrEnum):
    """One spelling per marketplace, everywhere: code, tables, assets, settings."""

    STUBHUB = "stubhub"
    VIVID_SEATS = "vivid_seats"
    TICKETMASTER = "ticketmaster"
    VIVENU = "vivenu"

    @property
    def traits(self) -> MarketplaceTraits:
        """What it is called, and what its event ids look like."""
        return _TRAITS[self]

    @property
    def has_listings(self) -> bool:
        """Whether its polls bring listings, from which prices are computed; the others only describe events."""
        return self.traits.has_listings


@dataclass(frozen=True, slots=True)
class MarketplaceTraits:
    """What everything but the client and the parser needs to know of a marketplace.

    Attributes:
        label: the name as people write it.
        id_header: the suggested header of the watchlist's column with its event ids.
        id_aliases: all accepted headers, as lower-case letters and digits, separated by blanks.
        id_pattern: a regular expression that matches a whole id; `DIGITS` ids are repaired where a spreadsheet
            formatted them as numbers.
        id_words: the same in words.
        hosts: domains of its event pages, without suffix.
        id_in_url: where the id is in the path of such a page; None: it is not there.
        has_listings: see `Marketplace.has_listings`.
    """

    label: str
    id_header: str
    id_aliases: str
    id_pattern: str
    id_words: str
    hosts: frozenset[str] = frozenset()
    id_in_url: str | None = None
    has_listings: bool = False


DIGITS = "(?=[0-9]*[1-9])[0-9]{1,20}"

_TRAITS = {
    Marketplace.STUBHUB: MarketplaceTraits(
        label="StubHub",
        id_header="viagId",
        id_aliases="viagid viagogoid viagogoeventid stubhubid stubhubeventid",
        id_pattern=DIGITS,
        id_words="a number of at most 16 digits",
        hosts=frozenset({"stubhub", "viagogo"}),
        # stubhub.com/<words>/event/<id>/ and viagogo.com/<words>/E-<id>
        id_in_url=r"(?i)/(?:event/|E-)([0-9]{1,20})(?=/|$)",
        has_listings=True,
    ),
    Marketplace.VIVID_SEATS: MarketplaceTraits(
        label="Vivid Seats",
        id_header="Vivid Seats ID",
        id_aliases="vividseatsid vividid vividseatseventid vividseatsproductionid",
        id_pattern=DIGITS,
        id_words="a number of at most 16 digits",
        hosts=frozenset({"vividseats"}),
        id_in_url=r"/production/([0-9]{1,20})(?=/|$)",
        has_listings=True,
    ),
    # The id in a ticketmaster.com address is the old hexadecimal one, not the Discovery API's.
    Marketplace.TICKETMASTER: MarketplaceTraits(
        label="Ticketmaster",
        id_header="Ticketmaster ID",
        id_aliases="ticketmasterid ticketmastereventid tmid",
        id_pattern="[A-Za-z0-9_-]{1,40}",
        id_words="1 to 40 letters, digits, '-' or '_', as the Discovery API has it",
    ),
    Marketplace.VIVENU: MarketplaceTraits(
        label="vivenu",
        id_header="vivenu ID",
        id_aliases="vivenuid vivenueventid",
        id_pattern="[0-9a-f]{24}",
        id_words="24 hexadecimal digits in lower case",
    ),
}


class FeeBasis(StrEnum):
    """Which price `price` is. Never mixed inside one aggregate row."""

    ALL_IN = "all_in"  # what the buyer pays, fees in
    ASK = "ask"  # before buyer fees


class Outcome(StrEnum):
    """How one fetch attempt of one event ended (`fetch_attempts.outcome`)."""

    OK = "ok"
    EMPTY = "empty"  # zero listings: an empty market, not a failure
    BLOCKED = "blocked"
    RATE_LIMITED = "rate_limited"
    HTTP_ERROR = "http_error"
    TIMEOUT = "timeout"
    BAD_PAYLOAD = "bad_payload"
    GONE = "gone"
    NOT_PERMITTED = "not_permitted"  # our own budget, breaker or switch: nothing was sent
    ABANDONED = "abandoned"  # the run died while it held the lease

    @property
    def is_failure(self) -> bool:
        """Whether coverage counts this attempt as failed."""
        return self not in {Outcome.OK, Outcome.EMPTY}


class Health(StrEnum):
    """How far to trust what is known of an event at a marketplace now; of several words the first that holds."""

    OVER = "over"  # the event has begun: it is not polled any more
    UNTRACKED = "untracked"  # the event, or its id at this marketplace, left the watchlist
    PAUSED = "paused"  # nothing is sent to the marketplace: its breaker, or it asked to wait
    NEVER_SEEN = "never seen"  # no capture yet
    STALE = "stale"  # the newest capture is older than twice the poll interval
    UNREADABLE = "unreadable"  # of the newest capture no listing could be used
    SUSPECT = "suspect"  # the newest capture is not trusted yet
    FAILING = "failing"  # attempts failed since the newest capture
    OK = "ok"


FINER_THAN_CENTS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", "CLF", "UYW"})
"""Currencies with three or four decimals: an amount that needs the third cannot be stored, and is never rounded."""

LISTING_COLUMNS = (
    "listing_id",  # text: the marketplace's own id (ids pass 2^31, and some are not numbers)
    "section",  # text or None
    "row",  # text or None
    "zone",  # text or None: only where the marketplace itself names a zone
    "quantity",  # int: tickets in the listing
    "splits",  # tuple of ints or None: purchasable quantities; None = not known
    "ask_price",  # float or None: per ticket, before buyer fees
    "all_in_price",  # float or None: per ticket, what the buyer pays
    "net_proceeds",  # float or None: per ticket, what the seller gets
    "currency",  # text: ISO 4217
    "is_general_admission",  # bool
    "is_speculative",  # bool
    "notes",  # text or None: what the marketplace says of the listing in words
)
"""What a marketplace's parser fills, one list per column, all of one length. Money is in major units per ticket."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    """One response of a marketplace, as it arrived.

    Attributes:
        external_id: the marketplace's own id of the event; empty where the request was not about one event.
        body: decoded (unzipped), as UTF-8.
        captured_at: aware UTC, when the response had arrived whole.
        tries: requests sent until this response.
        latency_seconds: of the last request, from sending to the last byte.
        served_at: the server's own clock, aware UTC; None where it names no date.
    """

    marketplace: Marketplace
    external_id: str
    body: bytes
    captured_at: datetime
    status: int
    tries: int
    latency_seconds: float
    served_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RejectedListing:
    """One listing that is not a market price, with what was received and every reason why.

    `listing` has its validated columns where it was excluded only because it is no seat, so that it can come back.
    """

    position: int
    raw: Any
    reasons: tuple[str, ...]
    listing: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ParsedListings:
    """What a parser made of one body: columns of candidates, before the market's own rules are applied.

    Attributes:
        items: the listings as received, in order; a parser may read them lazily.
        positions: for each row of `columns`, its index in `items`.
        columns: `LISTING_COLUMNS` → values, all as long as `positions`.
        rejected: items that could not be read at all (not an object, no id, a quantity that is not a number …).
        checksum_problems: where the totals that the marketplace announces disagree with its listings; empty: all agree;
            None: it announces none.
        about: the marketplace's own ids of the events that the body names; empty: it names none.
        unknown: index in `items` → why secondary fields of that candidate are unknown.
    """

    items: Sequence[Any]
    positions: list[int]
    columns: dict[str, list[Any]]
    rejected: list[RejectedListing]
    checksum_problems: tuple[str, ...] | None = None
    about: frozenset[str] = frozenset()
    unknown: Mapping[int, Sequence[str]] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """How many listings the marketplace sent: accepted + rejected, always."""
        return len(self.items)
