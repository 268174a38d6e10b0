"""Rules of price alerts: what a rule watches, when it holds, whom it tells.

What belongs here: the words, and a rule as a user writes it. What does not: reading it (`alert_grammar`), and what
happens while it holds (`alert_states`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.market.quiet_hours import QuietHours
    from ticket_pipeline.market.vocabulary import Marketplace

HOUR = timedelta(hours=1)
ANY = frozenset({"", "any", "all", "*"})
EVERY_ZONE = "each"
WHOLE_EVENT = "*"


class AlertField(StrEnum):
    """The columns of a table of rules, or the keys of a YAML file."""

    ALERT = "Alert"
    EVENT = "Event"
    MARKETPLACE = "Marketplace"
    ZONE = "Zone"
    MEASURE = "Measure"
    CONDITION = "Condition"
    CAPTURES = "Captures"
    COOLDOWN = "Cooldown"
    QUIET_HOURS = "Quiet hours"
    CHANNELS = "Channels"
    ACTIVE = "Active"


class Measure(StrEnum):
    """What is watched."""

    FLOOR = "floor"
    GET_IN = "get-in"
    MEDIAN = "median"
    TICKETS = "tickets"
    LISTINGS = "listings"
    SALES = "sales"
    SPREAD = "spread"
    PERCENTILE = "percentile"

    @property
    def has_history(self) -> bool:
        """Whether its earlier values are kept by the hour, so that it can fall, rise, be new or unusual."""
        return self not in {Measure.SALES, Measure.SPREAD, Measure.PERCENTILE}

    @property
    def is_money(self) -> bool:
        """Whether its values are prices per ticket."""
        return self in {Measure.FLOOR, Measure.GET_IN, Measure.MEDIAN, Measure.SPREAD}

    @property
    def is_count(self) -> bool:
        """Whether it counts what is for sale: an empty market has 0 of it, and no price."""
        return self in {Measure.TICKETS, Measure.LISTINGS}


class Kind(StrEnum):
    """How a condition compares."""

    BELOW = "below"
    ABOVE = "above"
    FALLS = "falls"
    RISES = "rises"
    NEW_LOW = "new low"
    NEW_HIGH = "new high"
    UNUSUAL = "unusual"

    @property
    def is_level(self) -> bool:
        """Whether it compares with a number that the user wrote: its end is news, too."""
        return self is Kind.BELOW or self is Kind.ABOVE

    @property
    def is_extreme(self) -> bool:
        """Whether it compares with all that was before."""
        return self is Kind.NEW_LOW or self is Kind.NEW_HIGH


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule holds.

    Attributes:
        amount: of a level in the unit of the measure; of a change in percent; of `unusual` in standard deviations.
        window: of a change.
    """

    kind: Kind
    amount: Decimal = Decimal()
    window: timedelta = timedelta()

    def __str__(self) -> str:
        """As a user writes it."""
        if self.kind in {Kind.FALLS, Kind.RISES}:
            return f"{self.kind} {_plain(self.amount)}% in {show_duration(self.window)}"
        return self.kind if self.kind.is_extreme else f"{self.kind} {_plain(self.amount)}"


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule.

    Attributes:
        name: unique among the rules.
        event: an id, words, `Group: …`; blank is every event.
        marketplace: None is each; a spread is across all.
        zone: `*` is the whole event, `each` every zone by itself.
        number: tickets together of a get-in price or spread, hours of sales; 0 where the measure has none.
        captures: in a row, before it fires.
        cooldown: after a firing, before the next.
        channels: tags of the channels that are told; empty: all.
    """

    name: str
    event: str
    marketplace: Marketplace | None
    zone: str
    measure: Measure
    number: int
    condition: Condition
    captures: int = 2
    cooldown: timedelta = 6 * HOUR
    quiet_hours: QuietHours | None = None
    channels: tuple[str, ...] = ()
    is_active: bool = True

    @property
    def what(self) -> str:
        """The measure as a user writes it."""
        return show_measure(self.measure, self.number)

    @property
    def definition(self) -> str:
        """What the state of a rule rests on: another definition starts anew."""
        return repr((self.event, self.marketplace, self.zone, self.what, str(self.condition)))


def show_measure(measure: Measure, number: int) -> str:
    """A measure as a user writes it."""
    if measure is Measure.SALES:
        return f"sales {number}h"
    return f"{measure} {number}" if number else str(measure)


def show_duration(duration: timedelta) -> str:
    """A duration as a user writes it: `36h`, `7d`."""
    days = timedelta(days=1)
    return f"{duration // days}d" if duration >= 2 * days and not duration % days else f"{_plain(duration / HOUR)}h"


def _plain(number: Decimal | float) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"
