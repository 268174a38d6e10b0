"""One object of the wire by itself: what no column can hold is rejected, and the reason quotes no value."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ticket_pipeline.primary_sales.wire import CouponWire, EventWire, TicketWire, TransactionWire

TICKET = {
    "_id": "6400000000000000000000aa",
    "eventId": "6400000000000000000000ee",
    "ticketTypeId": "6400000000000000000000cc",
    "status": "VALID",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "updatedAt": "2026-01-02T00:00:00.000Z",
    "realPrice": 49.5,
}
EVENT = {
    "_id": "6400000000000000000000ee",
    "name": "RACE",
    "start": "2026-09-01T08:00:00Z",
    "tickets": [{"_id": "t1", "price": 10, "amount": 100}],
}
COUPON = {"_id": "c1", "code": "X", "used": 3, "validUntil": "9999-12-31T23:59:59Z"}
TRANSACTION = {"_id": "x1", "eventId": "e1", "updatedAt": "2026-01-02T00:00:00Z"}


def test_what_is_usual_is_read() -> None:
    for sent, kind in ((TICKET, TicketWire), (EVENT, EventWire), (COUPON, CouponWire), (TRANSACTION, TransactionWire)):
        assert msgspec.json.decode(msgspec.json.encode(sent), type=kind).id == sent["_id"]


@pytest.mark.parametrize(
    ("sent", "kind", "changes"),
    [
        (TICKET, TicketWire, {"realPrice": 1e11}),
        (TICKET, TicketWire, {"regularPrice": -1e11}),
        (TICKET, TicketWire, {"createdAt": "0001-01-01T00:00:00+14:00"}),
        (TICKET, TicketWire, {"updatedAt": "9999-12-31T23:59:59-14:00"}),
        (TICKET, TicketWire, {"status": "VA\x00LID"}),
        (TICKET, TicketWire, {"_id": "a b"}),
        (EVENT, EventWire, {"tickets": [{"_id": "t1", "amount": 1e12}]}),
        (EVENT, EventWire, {"maxAmount": 1e12}),
        (EVENT, EventWire, {"eventType": "SIN\x00GLE"}),
        (EVENT, EventWire, {"start": "0001-01-01T00:00:00+14:00"}),
        (COUPON, CouponWire, {"used": 99_999_999_999}),
        (COUPON, CouponWire, {"maxUsage": 1e12}),
        (COUPON, CouponWire, {"couponSeriesId": "s\x00"}),
        (TRANSACTION, TransactionWire, {"eventId": "e\x00"}),
    ],
)
def test_what_no_column_can_hold_is_rejected_without_quoting_it(sent: Any, kind: Any, changes: dict[str, Any]) -> None:  # noqa: ANN401
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(msgspec.json.encode(sent | changes), type=kind)
    assert "SIN" not in str(caught.value)
    assert "VA" not in str(caught.value)
