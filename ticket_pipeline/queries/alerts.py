"""Price alerts: where each rule stands, what fired, and what was sent of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.alert_rules import Measure
from ticket_pipeline.market.alert_states import AlertState

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_OPEN = frozenset({AlertState.FIRING, AlertState.RECOVERING})


@dataclass(frozen=True, slots=True)
class AlertStanding:
    """Where a rule stands with one subject. Moments are aware UTC; values are in the unit of the measure.

    Attributes:
        alert: the name of the rule.
        name: of the event; None: the rule has measured nothing yet, so that all that follows is None.
        marketplace: `*`: across marketplaces; zone `*`: the whole event.
        state: a word of `AlertState`.
        obstacle: why there is no data, such as a thin price; None in any other state.
        health: why a state may stay as it is: captures wait while a market is not ok; None across marketplaces.
        since_at: the first capture of the breach under way, or of the last one.
        captured_at: the last capture that the rule was tried on.
        reference: what `value` is compared with.
        is_muted: until `muted_until`, or where that is None until it has recovered.
    """

    rule_id: int
    alert: str
    measure: str
    condition: str
    event_id: int | None
    name: str | None
    marketplace: str | None
    zone: str | None
    currency: str | None
    fee_basis: str | None
    state: str | None
    obstacle: str | None
    health: str | None
    reason: str | None
    value: Decimal | None
    reference: Decimal | None
    since_at: datetime | None
    fired_at: datetime | None
    captured_at: datetime | None
    is_muted: bool
    muted_until: datetime | None

    @property
    def shown_value(self) -> str | None:
        """The value with the digits of its measure: cents of a price, whole tickets."""
        if self.value is None:
            return None
        return f"{self.value:,.{2 if Measure(self.measure.split()[0]).is_money else 0}f}"


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One firing (`fired`), or the end of one (`resolved`).

    Attributes:
        captures: in a row, that it rests on; the last is `captured_at`, the first of a firing `since_at`.
        summary: one line in words.
        deliveries: its messages by state, such as `2 sent, 1 dead`; empty: nobody was to be told.
    """

    alert_event_id: int
    alert: str
    event_id: int
    name: str
    timezone: str
    marketplace: str
    zone: str
    currency: str
    fee_basis: str
    kind: str
    captured_at: datetime
    since_at: datetime | None
    captures: int
    value: Decimal | None
    reference: Decimal | None
    is_muted: bool
    summary: str
    created_at: datetime
    deliveries: str


@dataclass(frozen=True, slots=True)
class AlertDelivery:
    """One message for one channel.

    Attributes:
        event_id: and `name`: of price alerts; None: it is about incidents.
        channel: scheme and hash of its address.
        state: `queued`, `sent` or `dead`.
        next_attempt_at: of a queued one: when its wait or the quiet hours end.
        error: of the last attempt that failed.
    """

    delivery_id: int
    event_id: int | None
    name: str | None
    channel: str
    title: str
    state: str
    attempts: int
    next_attempt_at: datetime
    error: str | None
    created_at: datetime
    ended_at: datetime | None


def alert_standings(database: Database, *, this_moment: datetime, event_id: int | None = None) -> list[AlertStanding]:
    """Where the rules of the last sync stand: what fires first; one without a subject has one entry."""
    rows = database.fetch_all("queries/select_alert_standings", this_moment=this_moment, event_id=event_id)
    return sorted((AlertStanding(**row) for row in rows), key=lambda one: one.state not in _OPEN)


def alert_events(
    database: Database, *, since: datetime | None = None, event_id: int | None = None, most: int = 200
) -> list[AlertEvent]:
    """What fired and ended, the newest first; `since` is by `created_at`."""
    rows = database.fetch_all("queries/select_alert_events", since=since, event_id=event_id, most=most)
    return [AlertEvent(**row) for row in rows]


def alert_deliveries(
    database: Database, *, states: Sequence[str] | None = None, since: datetime | None = None, most: int = 200
) -> list[AlertDelivery]:
    """Messages by channel, the newest first; None: in any state."""
    rows = database.fetch_all(
        "queries/select_alert_deliveries", states=None if states is None else list(states), since=since, most=most
    )
    return [AlertDelivery(**row) for row in rows]
