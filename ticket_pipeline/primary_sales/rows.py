"""Events, ticket types, coupons and rejects as rows of their tables. Rows of tickets are made in `tickets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ticket_pipeline.primary_sales.fields import find_fields
from ticket_pipeline.primary_sales.tickets import clean, to_decimal, to_money

if TYPE_CHECKING:
    from ticket_pipeline.primary_sales.mappings import Mappings
    from ticket_pipeline.primary_sales.paging import ReadSet
    from ticket_pipeline.primary_sales.wire import CouponWire, EventWire, SeriesWire

NO_ZONE = "UTC"
"""Used where vivenu gives no existing timezone; reported among the event's problems."""

Row = dict[str, Any]


def event_row(event: EventWire, mappings: Mappings) -> Row:
    """An event, with the fields that ask for age and gender, and problems for a person to look at."""
    fields = find_fields(event, mappings.slugs_of(event.id))
    zone, problems = _zone(event), list(fields.problems)
    if event.start is None:
        problems.append("vivenu gives no start, so ages are unknown")
    if zone != event.timezone:
        problems.append(f"vivenu gives no known timezone, so days and ages are computed in {NO_ZONE}")
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
    """What was rejected of a set."""
    return [
        {"item_id": one.id, "reason": one.reason, "updated_at": one.updated_at, "is_identified": one.is_identified}
        for one in found.rejects.values()
    ]


def reject_texts(*found: ReadSet[Any]) -> tuple[str, ...]:
    """What was rejected of sets, one line each."""
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
