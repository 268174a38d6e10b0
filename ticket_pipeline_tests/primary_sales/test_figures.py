"""Figures as text: money keeps its currency, and a comparison with next to nothing is none."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ticket_pipeline.primary_sales.figures import NOTHING, show_money, show_pace, show_revenue, show_share


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("12345.6"), "EUR", "12,345.60 EUR"),
        (Decimal("-3.5"), "EUR", "-3.50 EUR"),
        (Decimal(0), None, "0.00"),
        (Decimal(0), "XXX", "0.00"),
        (Decimal(5), "XXX", "5.00 XXX"),
        (None, "EUR", NOTHING),
    ],
)
def test_money_has_cents_and_its_currency(amount: Decimal | None, currency: str | None, shown: str) -> None:
    assert show_money(amount, currency) == shown


def test_revenues_of_several_currencies_stand_side_by_side() -> None:
    summary = {"revenue": None, "currency": None, "revenues": {"USD": "5.00", "EUR": "1234.50"}}
    assert show_revenue(summary) == "1,234.50 EUR + 5.00 USD"
    assert show_revenue(summary | {"revenue": Decimal(7), "currency": "EUR"}) == "7.00 EUR"


@pytest.mark.parametrize(
    ("earlier_events", "earlier_sold", "pace", "shown"),
    [
        (2, 20, Decimal("1.124"), "112%"),
        (2, 19, None, "n/a (fewer than 20 sold at this point)"),
        (0, 0, None, NOTHING),
        (1, 30, None, NOTHING),
    ],
)
def test_a_pace_needs_something_to_be_measured_against(
    earlier_events: int, earlier_sold: int, pace: Decimal | None, shown: str
) -> None:
    summary = {"earlier_events": earlier_events, "earlier_sold": earlier_sold, "pace": pace}
    assert show_pace(summary, 20) == shown


def test_a_share_is_whole_percent() -> None:
    assert [show_share(Decimal("0.125")), show_share(None)] == ["12%", NOTHING]
