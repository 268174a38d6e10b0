"""What changed about an event at Ticketmaster: its price ranges by type, whatever their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.queries.event_details import EventDescription, find_changes

Range = tuple[str, str, str]
STANDARD, WITH_FEES, RESALE = (
    ("standard", "50.00", "90.00"),
    ("standard including fees", "60.00", "99.00"),
    ("resale", "1", "2"),
)


def described(day: int, ranges: tuple[Range, ...]) -> EventDescription:
    """A capture of an event with these price ranges."""
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
    names = ("price_type", "min_price", "max_price")
    unknown = dict.fromkeys(["status", "local_date", "local_time", "timezone", "event_at", "on_sale_at", "venue"])
    return EventDescription(
        captured_at=at,
        external_id="1",
        name="The Lanterns",
        is_date_open=False,
        is_time_open=False,
        city=None,
        country=None,
        url=None,
        problems=(),
        is_test=False,
        price_ranges=[{"currency": "PLN"} | dict(zip(names, one, strict=True)) for one in ranges],
        **unknown,
    )


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ((STANDARD, WITH_FEES), (WITH_FEES, STANDARD), []),
        ((STANDARD, WITH_FEES, RESALE), (RESALE, STANDARD, WITH_FEES), []),
        ((STANDARD, RESALE, STANDARD), (STANDARD, STANDARD, RESALE), []),
        ((STANDARD, WITH_FEES), (STANDARD, ("standard including fees", "65.00", "99.00")), ["standard including fees"]),
        ((STANDARD, WITH_FEES), (STANDARD,), ["standard including fees"]),
        ((), (RESALE, STANDARD), ["resale", "standard"]),
        ((STANDARD,), (("standard", "50.00", "90.00"), ("standard", "55.00", "90.00")), ["standard"]),
    ],
)
def test_a_change_of_prices_names_its_type_and_an_order_is_none(
    before: tuple[Range, ...], after: tuple[Range, ...], what: list[str]
) -> None:
    changes = list(find_changes([described(0, before), described(1, after)]))
    assert [change.what for change in changes] == [f"prices, {price_type}" for price_type in what]
    for change, price_type in zip(changes, what, strict=True):
        assert [one["min_price"] for one in change.before] == sorted(
            low for kind, low, _ in before if kind == price_type
        )
        assert [one["min_price"] for one in change.after] == sorted(low for kind, low, _ in after if kind == price_type)
