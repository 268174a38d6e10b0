"""Events, ticket types, tickets, coupons and rejects as they are stored: columns and plain values.

What belongs here: one object of the wire to one row. What does not: what of a ticket may be kept (`tickets`), and
storing (`storage.ticket_sales`).
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ticket_pipeline.primary_sales.fields import find_fields
from ticket_pipeline.primary_sales.tickets import clean, to_decimal, to_money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ticket_pipeline.primary_sales.mappings import Mappings
    from ticket_pipeline.primary_sales.paging import ReadSet
    from ticket_pipeline.primary_sales.tickets import KeptTicket
    from ticket_pipeline.primary_sales.wire import CouponWire, EventWire, SeriesWire

NO_ZONE = "UTC"
"""Stands where vivenu names no timezone that exists; reported among the event's problems."""

Row = dict[str, Any]


def event_row(event: EventWire, mappings: Mappings) -> Row:
    """An event, with the fields that ask for age and gender, and what a person should look at."""
    fields = find_fields(event, mappings.slugs_of(event.id))
    zone, problems = _zone(event), list(fields.problems)
    if event.start is None:
        problems.append("vivenu names no start, so no age is reckoned")
    if zone != event.timezone:
        problems.append(f"vivenu names no known timezone, so days and ages are reckoned in {NO_ZONE}")
    return {
        "external_id": event.id,
        "name": clean(event.name) or event.id,
        "starts_at": event.start,
        "ends_at": event.end,
        "timezone": zone,
        "event_on": event.start.astimezone(ZoneInfo(zone)).date() if event.start else None,
        "event_type": event.event_type,
        "root_id": event.root_id,
        "capacity": _capacity(event),
        "gender_slug": fields.gender_slug,
        "age_slug": fields.age_slug,
        "gender_options": list(fields.gender_options),
        "problems": problems,
    }


def type_rows(event: EventWire) -> list[Row]:
    """The ticket types of an event."""
    categories = {one.ref: one.name for one in event.categories or ()}
    types = {kind.id: kind for kind in event.tickets or ()}
    return [
        {
            "external_id": event.id,
            "ticket_type_id": kind.id,
            "name": clean(kind.name),
            "category": clean(categories.get(kind.category_ref)),
            "price": to_money(kind.price),
            "capacity": None if kind.amount is None else int(kind.amount),
            "is_active": bool(kind.active),
        }
        for kind in types.values()
    ]


def ticket_row(ticket: KeptTicket, external_id: str) -> Row:
    """A ticket of the event that was asked for."""
    return {
        "ticket_id": ticket.id,
        "external_id": external_id,
        "ticket_type_id": ticket.ticket_type_id,
        "ticket_name": ticket.ticket_name,
        "status": ticket.status,
        "created_at": ticket.created_at.astimezone(UTC),
        "updated_at": ticket.updated_at.astimezone(UTC),
        "transaction_id": ticket.transaction_id,
        "currency": ticket.currency,
        "regular_price": ticket.regular_price,
        "real_price": ticket.real_price,
        "channel": ticket.channel,
        "age_years": ticket.age_years,
        "age_shape": ticket.age_shape,
        "gender_answer": ticket.gender_answer,
    }


def coupon_row(coupon: CouponWire, series: Mapping[str, SeriesWire]) -> Row:
    """A coupon, with the name and discount of its series where it is of one."""
    terms = series.get(coupon.coupon_series_id or "", coupon)
    return {
        "coupon_id": coupon.id,
        "code": clean(coupon.code),
        "name": clean(terms.name),
        "series_id": coupon.coupon_series_id,
        "is_active": terms.active,
        "discount_type": terms.discount_type,
        "discount_value": to_decimal(terms.discount_value),
        "valid_from": terms.valid_from,
        "valid_until": terms.valid_until,
        "max_usage": None if terms.max_usage is None else int(terms.max_usage),
        "used": coupon.used,
    }


def reject_rows(found: ReadSet[Any]) -> list[Row]:
    """What of a set could not be read."""
    return [
        {"item_id": one.id, "reason": one.reason, "updated_at": one.updated_at, "is_identified": one.is_identified}
        for one in found.rejects.values()
    ]


def reject_texts(*found: ReadSet[Any]) -> tuple[str, ...]:
    """The same for people, one line each."""
    return tuple(f"{one.id}: {one.reason}" for read in found for one in read.rejects.values())


def _zone(event: EventWire) -> str:
    try:
        ZoneInfo(event.timezone or "")
    except (ValueError, OSError, KeyError):
        return NO_ZONE
    return event.timezone or NO_ZONE


def _capacity(event: EventWire) -> int | None:
    """The event's own limit, or what its active ticket types allow together."""
    if event.max_amount:
        return int(event.max_amount)
    amounts = [kind.amount for kind in event.tickets or () if kind.active and kind.amount is not None]
    return int(sum(amounts)) if amounts else None
