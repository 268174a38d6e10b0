"""The JSON objects of the simulated vivenu: events, tickets, transactions and coupons as the API describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ticket_pipeline.simulator.vivenu_world import (
    ANSWERS,
    CANARY,
    SELLER_ID,
    OrganisedCoupon,
    OrganisedEvent,
    OrganisedTicket,
    Purchase,
)

_PERSONAL = (
    *("name", "firstname", "lastname", "email", "company", "street", "city", "postal", "phone"),
    *("secret", "barcode", "customerId"),
)


def event_payload(event: OrganisedEvent) -> dict[str, Any]:
    """An event as `GET /api/events` lists it."""
    return {
        "_id": event.event_id,
        "sellerId": SELLER_ID,
        "name": event.name,
        "start": iso(event.starts_at),
        "end": iso(event.starts_at),
        "timezone": event.timezone,
        "eventType": "SINGLE",
        "tickets": [
            {"_id": kind.type_id, "name": kind.name, "price": kind.price_cents / 100, "amount": kind.capacity}
            for kind in event.types
        ],
        "extraFields": [_definition("company_name", "Company", "text")],
        "ticketExtraFields": _questions(event),
    }


def ticket_payload(ticket: OrganisedTicket) -> dict[str, Any]:
    """A ticket as `GET /api/tickets` lists it, with all personal data of its holder."""
    person = person_of(ticket.number)
    payload = {
        "_id": ticket.ticket_id,
        "sellerId": SELLER_ID,
        "eventId": ticket.event.event_id,
        "ticketTypeId": ticket.type.type_id,
        "ticketName": ticket.type.name,
        "transactionId": ticket.purchase.transaction_id if ticket.purchase else "",
        "createdAt": iso(ticket.created_at),
        "updatedAt": iso(ticket.updated_at),
        "status": ticket.status,
        "currency": "EUR",
        "regularPrice": ticket.type.price_cents / 100,
        "realPrice": ticket.paid_cents / 100,
        "origin": ticket.origin,
        "history": [{"date": iso(ticket.created_at), "type": "ticket.created", "message": person["name"]}],
    }
    fields = _answers(ticket, person.pop("phone"))
    payload |= person
    return payload | {"extraFields": fields} if fields else payload


def purchase_payload(purchase: Purchase) -> dict[str, Any]:
    """A transaction as `GET /api/transactions` lists it."""
    person = person_of(int(purchase.transaction_id[3:], 16))
    return {
        "_id": purchase.transaction_id,
        "sellerId": SELLER_ID,
        "eventId": purchase.event.event_id,
        "status": "COMPLETE",
        "realPrice": 0,
        "updatedAt": iso(purchase.updated_at),
        "appliedCoupons": [{"_id": coupon.coupon_id, "code": coupon.code} for coupon in purchase.coupons],
        **{what: person[what] for what in ("name", "email", "secret")},
        "ipLookup": {"ip": "203.0.113.7", "lookup": {"city": person["city"]}},
    }


def coupon_payload(coupon: OrganisedCoupon, used: int) -> dict[str, Any]:
    """A coupon as `GET /api/coupon/rich` lists it: one of a series has only the id of its series."""
    payload = {"_id": coupon.coupon_id, "sellerId": SELLER_ID, "code": coupon.code, "used": used}
    if coupon.series_id is not None:
        return payload | {"couponType": "couponSeries", "couponSeriesId": coupon.series_id}
    return payload | {"couponType": "coupon"} | _discount(coupon)


def series_payload(coupon: OrganisedCoupon) -> dict[str, Any]:
    """The series that `coupon` is of."""
    return {"_id": coupon.series_id, "sellerId": SELLER_ID} | _discount(coupon)


def person_of(number: int) -> dict[str, str]:
    """The personal data of the buyer of ticket `number`, by vivenu's names."""
    return {what: f"{CANARY}-{what}-{number}" for what in _PERSONAL}


def iso(moment: datetime) -> str:
    """A moment as vivenu writes it: UTC with milliseconds and Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _discount(coupon: OrganisedCoupon) -> dict[str, Any]:
    return {"name": coupon.name, "active": True, "discountType": "var", "discountValue": coupon.percent}


def _questions(event: OrganisedEvent) -> list[dict[str, Any]]:
    style = event.style
    fields = [
        _definition("phone", "Emergency contact", "tel"),
        _definition("old_gender", "Gender", "select", is_deleted=True),
    ]
    if style is not None:
        options = {"options": [text for text, _ in ANSWERS]}
        fields.append(_definition(style.gender_slug, style.gender_name, "select") | options)
        fields.append(_definition(style.age_slug, style.age_name, style.age_type))
    return fields


def _definition(slug: str, name: str, kind: str, *, is_deleted: bool = False) -> dict[str, Any]:
    return {"_id": f"f-{slug}", "slug": slug, "name": name, "type": kind, "required": True, "deleted": is_deleted}


def _answers(ticket: OrganisedTicket, phone: str) -> dict[str, Any]:
    style = ticket.event.style
    answers: dict[str, Any] = {}
    if style is not None and ticket.gender is not None:
        answers[style.gender_slug] = ANSWERS[ticket.gender][0]
    if style is not None and ticket.birth_on is not None:
        is_date = style.age_type == "date"
        answers[style.age_slug] = ticket.birth_on.isoformat() if is_date else ticket.age_at_event()
    return answers | {"phone": phone} if answers else answers
