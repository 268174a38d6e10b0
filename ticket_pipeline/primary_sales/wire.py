"""The objects in vivenu's responses: one struct each, with only the fields that are used.

Personal data ends here: a key that no struct names (name, e-mail, address, barcode, secret, history) never becomes a
Python object, and answers to an organiser's questions stay undecoded until one is read by its slug.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]

# Values that no column can hold are rejected here, so that one odd value costs only its own object.
Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*\Z")]
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_-]{1,64}\Z")]
Money = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
Amount = Annotated[float, msgspec.Meta(ge=-1e7, le=1e7)]
"""A number of tickets; the sum over a hundred types still fits an integer."""

Uses = Annotated[float, msgspec.Meta(ge=-2e9, le=2e9)]

_YEARS = range(1900, 2200)


class _Dated(msgspec.Struct, frozen=True, rename="camel"):
    """An object whose moments can be shown in every time zone; others are rejected."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime) and value.year not in _YEARS:
                raise ValueError(f"a moment is outside the years {_YEARS.start} to {_YEARS.stop - 1}")


class Page(msgspec.Struct, frozen=True):
    """A page of a set: `rows`, or `docs` with transactions."""

    total: int
    rows: list[msgspec.Raw] = []
    docs: list[msgspec.Raw] = []


class IdentityWire(msgspec.Struct, frozen=True, rename="camel"):
    """The identity of an object that could not be decoded otherwise; each value is undecoded."""

    id: msgspec.Raw = msgspec.field(name="_id", default=msgspec.Raw(b"null"))
    updated_at: msgspec.Raw = msgspec.Raw(b"null")


class FieldDefinition(msgspec.Struct, frozen=True, rename="camel"):
    """A question that an organiser asks."""

    slug: Text | None = None
    name: str | None = None
    type: str = "text"
    deleted: bool | None = False
    options: list[Text] | None = None


class TicketTypeWire(msgspec.Struct, frozen=True, rename="camel"):
    """A kind of ticket of an event."""

    id: Id = msgspec.field(name="_id")
    name: str | None = None
    price: Money | None = None
    amount: Amount | None = None
    active: bool | None = True
    category_ref: str | None = None


class CategoryWire(msgspec.Struct, frozen=True):
    """A category of ticket types."""

    ref: str | None = None
    name: str | None = None


class EventWire(_Dated, frozen=True, rename="camel"):
    """An event of `GET /api/events`."""

    id: Id = msgspec.field(name="_id")
    name: str
    start: AwareTime | None = None
    end: AwareTime | None = None
    timezone: str | None = None
    event_type: Text | None = None
    root_id: Text | None = None
    max_amount: Amount | None = None
    tickets: list[TicketTypeWire] | None = None
    categories: list[CategoryWire] | None = None
    extra_fields: list[FieldDefinition] | None = None
    ticket_extra_fields: list[FieldDefinition] | None = None


class TicketWire(_Dated, frozen=True, rename="camel"):
    """A ticket of `GET /api/tickets`."""

    id: Id = msgspec.field(name="_id")
    event_id: Text
    ticket_type_id: Text
    status: Text
    created_at: AwareTime
    updated_at: AwareTime
    ticket_name: str | None = None
    transaction_id: Text | None = None
    currency: Text | None = None
    regular_price: Money | None = None
    real_price: Money | None = None
    origin: Text | None = None
    extra_fields: dict[str, msgspec.Raw] | None = None


class AppliedCoupon(msgspec.Struct, frozen=True):
    """A coupon that a transaction used."""

    id: Text = msgspec.field(name="_id")


class TransactionWire(_Dated, frozen=True, rename="camel"):
    """A transaction of `GET /api/transactions`."""

    id: Text = msgspec.field(name="_id")
    event_id: Text
    updated_at: AwareTime | None = None
    applied_coupons: list[AppliedCoupon] | None = None


class SeriesWire(msgspec.Struct, frozen=True, rename="camel"):
    """A coupon series, and the discount of any coupon."""

    id: Id = msgspec.field(name="_id")
    name: str | None = None
    active: bool | None = True
    max_usage: Uses | None = None
    discount_type: Text | None = None
    discount_value: Money | None = None
    valid_from: AwareTime | None = None
    valid_until: AwareTime | None = None


class CouponWire(SeriesWire, frozen=True, rename="camel"):
    """A coupon of `GET /api/coupon/rich`; one of a series has its id instead of a discount."""

    code: str | None = None
    used: Annotated[int, msgspec.Meta(ge=-2_000_000_000, le=2_000_000_000)] = 0
    coupon_series_id: Text | None = None
