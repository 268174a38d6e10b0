"""The simulated marketplaces: names, fees and currencies."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

CENT = Decimal("0.01")
DOLLAR = Decimal(1)

STUBHUB_BUYER_PAYS = Decimal("1.2217")  # of the ask, as measured on public pages
VIVID_SEATS_BUYER_PAYS_BROKERS = Decimal("1.35")
VIVID_SEATS_BUYER_PAYS_FANS = Decimal("1.20")
SELLER_GETS = Decimal("0.90")  # of the ask, everywhere

DOLLARS = {"USD": Decimal(1), "CAD": Decimal("0.72"), "GBP": Decimal("1.31"), "EUR": Decimal("1.12")}
"""US dollars per unit of a currency; the simulator's rates are fixed."""


class Marketplace(StrEnum):
    """A marketplace; the value is its path."""

    STUBHUB = "stubhub"
    VIVID_SEATS = "vivid_seats"
    TICKETMASTER = "ticketmaster"  # event data only, no listings
    VIVENU = "vivenu"  # an organiser's own sales, with events of its own


def all_in_price(marketplace: Marketplace, ask: Decimal, *, is_fan: bool) -> Decimal:
    """What a buyer pays per ticket: the ask (major units) plus fees, rounded as the marketplace rounds.

    `is_fan`: a fan sells, not a broker; Vivid Seats charges fans less.
    """
    if marketplace is Marketplace.VIVID_SEATS:
        factor = VIVID_SEATS_BUYER_PAYS_FANS if is_fan else VIVID_SEATS_BUYER_PAYS_BROKERS
        return (ask * factor).quantize(DOLLAR, ROUND_HALF_UP)
    return (ask * STUBHUB_BUYER_PAYS).quantize(CENT, ROUND_HALF_UP)


def currency_at(marketplace: Marketplace, local: str) -> str:
    """The currency of a marketplace's asks: US dollars at Vivid Seats, the venue's own elsewhere."""
    return "USD" if marketplace is Marketplace.VIVID_SEATS else local
