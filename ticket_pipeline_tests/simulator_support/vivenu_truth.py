"""The correct summaries of the simulated organiser, counted ticket by ticket; money in cents."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ticket_pipeline.simulator.vivenu_payloads import person_of
from ticket_pipeline.simulator.vivenu_world import ANSWERS, OrganisedEvent, OrganisedTicket, VivenuWorld

_GROUPS = (
    *((f"{start}-{start + 4}", start, start + 4) for start in range(30, 70, 5)),
    ("16-24", 16, 24),
    ("25-29", 25, 29),
    ("70+", 70, 200),
)

_LEAST_PACE_BASE = 20  # tickets; below that there is no pace

DayKey = tuple[str, str, date, str]
"""Event id, ticket type id, local day, channel."""


def true_sales_daily(world: VivenuWorld) -> dict[DayKey, dict[str, int]]:
    """By event, type, day and channel: tickets sold that day and still valid, and tickets invalidated that day."""
    rows: dict[DayKey, Counter[str]] = defaultdict(Counter)
    for ticket in world.tickets.values():
        if ticket.is_sold:
            row = rows[_day_key(ticket, ticket.created_at)]
            row["tickets"] += 1
            row["revenue"] += ticket.paid_cents
            row["regular_value"] += ticket.type.price_cents
        elif ticket.status == "INVALID":
            row = rows[_day_key(ticket, ticket.updated_at)]
            row["invalidated"] += 1
            row["invalidated_value"] += ticket.paid_cents
    names = ("tickets", "revenue", "regular_value", "invalidated", "invalidated_value")
    return {key: {name: row[name] for name in names} for key, row in rows.items()}


def true_age_groups(world: VivenuWorld) -> dict[tuple[str, str, str], int]:
    """(event id, age group, gender) → sold tickets."""
    return dict(
        Counter(
            (one.event.event_id, true_age_group(one), true_gender(one)) for one in world.tickets.values() if one.is_sold
        )
    )


def true_gender_answers(world: VivenuWorld) -> dict[tuple[str, str | None], int]:
    """(event id, the answer as given or None) → sold tickets."""
    return dict(
        Counter(
            (one.event.event_id, None if one.gender is None else ANSWERS[one.gender][0])
            for one in world.tickets.values()
            if one.is_sold
        )
    )


def true_coupons(world: VivenuWorld) -> dict[str, dict[str, int]]:
    """Coupon id → uses, and the tickets and money of the transactions that used this coupon alone."""
    rows: dict[str, Counter[str]] = {coupon.coupon_id: Counter() for coupon in world.coupons}
    for purchase in world.purchases.values():
        for coupon in purchase.coupons:
            rows[coupon.coupon_id]["used"] += 1
            rows[coupon.coupon_id]["shared_transactions"] += len(purchase.coupons) > 1
    for ticket in world.tickets.values():
        if ticket.is_sold and ticket.purchase and len(ticket.purchase.coupons) == 1:
            row = rows[ticket.purchase.coupons[0].coupon_id]
            row["tickets"] += 1
            row["revenue"] += ticket.paid_cents
            row["discount"] += ticket.type.price_cents - ticket.paid_cents
    names = ("used", "shared_transactions", "tickets", "revenue", "discount")
    return {coupon_id: {name: row[name] for name in names} for coupon_id, row in rows.items()}


def personal_values(world: VivenuWorld) -> set[str]:
    """Every text that identifies a buyer, without birth dates; each holds `CANARY`."""
    return {value for ticket in world.tickets.values() for value in person_of(ticket.number).values()}


def birth_dates(world: VivenuWorld) -> set[str]:
    """Every birth date, as it is sent."""
    return {ticket.birth_on.isoformat() for ticket in world.tickets.values() if ticket.birth_on}


def true_summary(world: VivenuWorld, now: datetime) -> dict[str, dict[str, Any]]:
    """Event id → sold, capacity, revenue, coupon tickets and revenue, invalidated, and the pace."""
    return {event.event_id: _summary(world, event, now) for event in world.events}


def true_age_group(ticket: OrganisedTicket) -> str:
    """The usual age group of a ticket's holder at the event."""
    age = ticket.age_at_event()
    if age is None:
        return "unknown"
    if age < 16:
        return "under 16"
    return next(label for label, first, last in _GROUPS if first <= age <= last)


def true_gender(ticket: OrganisedTicket) -> str:
    """The gender of a ticket's holder; `unknown` without an answer or with an unknown one."""
    return (ticket.gender is not None and ANSWERS[ticket.gender][1]) or "unknown"


def _summary(world: VivenuWorld, event: OrganisedEvent, now: datetime) -> dict[str, Any]:
    own = world.of_event(event.event_id)
    sold = [ticket for ticket in own if ticket.is_sold]
    with_coupon = [ticket for ticket in sold if ticket.purchase and ticket.purchase.coupons]
    return {
        "sold": len(sold),
        "capacity": event.capacity,
        "revenue": sum(ticket.paid_cents for ticket in sold),
        "invalidated": sum(ticket.status == "INVALID" for ticket in own),
        "coupon_tickets": len(with_coupon),
        "coupon_revenue": sum(ticket.paid_cents for ticket in with_coupon),
        "pace": _pace(world, event, now),
    }


def _pace(world: VivenuWorld, event: OrganisedEvent, now: datetime) -> float | None:
    """Sold share of capacity now, over the mean share that earlier, finished events had as long before their start."""
    ahead = max(event.starts_at - now, timedelta())
    earlier = [other for other in world.events if other.starts_at < event.starts_at and other.starts_at <= now]
    if not earlier:
        return None
    shares = [_share(world, other, other.starts_at - ahead) for other in earlier]
    sold = sum(_sold(world, other, other.starts_at - ahead) for other in earlier)
    if sold < _LEAST_PACE_BASE:
        return None
    mean = sum(shares) / len(shares)
    return _share(world, event, min(now, event.starts_at)) / mean if mean else None


def _share(world: VivenuWorld, event: OrganisedEvent, until: datetime) -> float:
    return _sold(world, event, until) / event.capacity


def _sold(world: VivenuWorld, event: OrganisedEvent, until: datetime) -> int:
    return sum(ticket.is_sold and ticket.created_at <= until for ticket in world.of_event(event.event_id))


def _day_key(ticket: OrganisedTicket, moment: datetime) -> DayKey:
    day = moment.astimezone(ZoneInfo(ticket.event.timezone)).date()
    return ticket.event.event_id, ticket.type.type_id, day, ticket.origin
