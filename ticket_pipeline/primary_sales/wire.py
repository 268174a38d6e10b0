"""The shapes of vivenu's answers, as far as they are read.

What belongs here: one struct per object, with nothing but what is kept or reckoned with. What does not: meaning.

Decoding is where personal data ends: a key that no struct names (name, e-mail, address, barcode, secret, history)
never becomes a Python object, and answers to an organiser's questions stay undecoded bytes until one is asked for by
its slug.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]


class Page(msgspec.Struct, frozen=True):
    """A page of a set: `rows`, or `docs` with transactions."""

    total: int
    rows: list[msgspec.Raw] = []
    docs: list[msgspec.Raw] = []


class IdentityWire(msgspec.Struct, frozen=True, rename="camel"):
    """What tells one object from another, each value undecoded: read of what cannot be read otherwise."""

    id: msgspec.Raw = msgspec.field(name="_id", default=msgspec.Raw(b"null"))
    updated_at: msgspec.Raw = msgspec.Raw(b"null")


class FieldDefinition(msgspec.Struct, frozen=True, rename="camel"):
    """A question that an organiser asks."""

    slug: str | None = None
    name: str | None = None
    type: str = "text"
    deleted: bool | None = False
    options: list[str] | None = None


class TicketTypeWire(msgspec.Struct, frozen=True, rename="camel"):
    """A kind of ticket of an event."""

    id: str = msgspec.field(name="_id")
    name: str | None = None
    price: float | None = None
    amount: float | None = None
    active: bool | None = True
    category_ref: str | None = None


class CategoryWire(msgspec.Struct, frozen=True):
    """A category of ticket types."""

    ref: str | None = None
    name: str | None = None


class EventWire(msgspec.Struct, frozen=True, rename="camel"):
    """An event of `GET /api/events`."""

    id: str = msgspec.field(name="_id")
    name: str
    start: AwareTime | None = None
    end: AwareTime | None = None
    timezone: str | None = None
    event_type: str | None = None
    root_id: str | None = None
    max_amount: float | None = None
    tickets: list[TicketTypeWire] | None = None
    categories: list[CategoryWire] | None = None
    extra_fields: list[FieldDefinition] | None = None
    ticket_extra_fields: list[FieldDefinition] | None = None


class TicketWire(msgspec.Struct, frozen=True, rename="camel"):
    """A ticket of `GET /api/tickets`."""

    id: str = msgspec.field(name="_id")
    event_id: str
    ticket_type_id: str
    status: str
    created_at: AwareTime
    updated_at: AwareTime
    ticket_name: str | None = None
    transaction_id: str | None = None
    currency: str | None = None
    regular_price: float | None = None
    real_price: float | None = None
    origin: str | None = None
    extra_fields: dict[str, msgspec.Raw] | None = None


class AppliedCoupon(msgspec.Struct, frozen=True):
    """A coupon that a transaction used."""

    id: str = msgspec.field(name="_id")


class TransactionWire(msgspec.Struct, frozen=True, rename="camel"):
    """A transaction of `GET /api/transactions`."""

    id: str = msgspec.field(name="_id")
    event_id: str
    updated_at: AwareTime | None = None
    applied_coupons: list[AppliedCoupon] | None = None


class SeriesWire(msgspec.Struct, frozen=True, rename="camel"):
    """A coupon series, and what every kind of coupon says of its discount."""

    id: str = msgspec.field(name="_id")
    name: str | None = None
    active: bool | None = True
    max_usage: float | None = None
    discount_type: str | None = None
    discount_value: float | None = None
    valid_from: AwareTime | None = None
    valid_until: AwareTime | None = None


class CouponWire(SeriesWire, frozen=True, rename="camel"):
    """A coupon of `GET /api/coupon/rich`; one of a series names that instead of a discount."""

    code: str | None = None
    used: int = 0
    coupon_series_id: str | None = None
