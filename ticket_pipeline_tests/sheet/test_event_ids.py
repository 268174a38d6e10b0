"""Marketplace ids: exact text, or a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.cells import CellProblem
from ticket_pipeline.sheet.event_ids import parse_event_id

STUBHUB, VIVID_SEATS = Marketplace.STUBHUB, Marketplace.VIVID_SEATS
TICKETMASTER, VIVENU = Marketplace.TICKETMASTER, Marketplace.VIVENU


@pytest.mark.parametrize(
    ("marketplace", "text", "event_id"),
    [
        *((STUBHUB, "157284301", "157284301"), (STUBHUB, "00157284301", "157284301")),
        *((VIVID_SEATS, "05432109.0", "5432109"), (STUBHUB, "www.viagogo.com/x/E-0157284301", "157284301")),
        *((TICKETMASTER, "0057", "0057"), (STUBHUB, "157284301.0", "157284301")),
        *((STUBHUB, "157284301,0", "157284301"), (VIVID_SEATS, "5432109,00", "5432109")),
        (STUBHUB, "9007199254740992", "9007199254740992"),
        (STUBHUB, "https://www.stubhub.com/miami-heat-tickets-3-14/event/157284301/?quantity=2", "157284301"),
        (STUBHUB, "www.stubhub.co.uk/x/event/157284301", "157284301"),
        (STUBHUB, "https://www.viagogo.com/Sports-Tickets/Heat/E-157284301", "157284301"),
        (VIVID_SEATS, "https://www.vividseats.com/heat-tickets/production/5432109", "5432109"),
        *((TICKETMASTER, "vvG1IZ9KWL8Vby", "vvG1IZ9KWL8Vby"), (TICKETMASTER, "Z7r9jZ1A-_", "Z7r9jZ1A-_")),
        (VIVENU, "5f8d0d55b54764421b7156d9", "5f8d0d55b54764421b7156d9"),
    ],
)
def test_an_id_is_read_as_text(marketplace: Marketplace, text: str, event_id: str) -> None:
    assert parse_event_id(marketplace, text) == event_id


@pytest.mark.parametrize("marketplace", list(Marketplace))
@pytest.mark.parametrize("text", ["", "-", "n/a", "None", "TBD", "\u2014"])
def test_the_usual_signs_for_none_are_none(marketplace: Marketplace, text: str) -> None:
    assert parse_event_id(marketplace, text) is None


@given(st.integers(1, 2**53), st.integers(0, 3), st.sampled_from(["", ".0", ".00"]))
def test_a_number_is_the_same_id_however_a_spreadsheet_shows_it(number: int, zeros: int, decimals: str) -> None:
    assert parse_event_id(STUBHUB, f"{'0' * zeros}{number}{decimals}") == str(number)


@pytest.mark.parametrize(
    ("marketplace", "text"),
    [
        *((STUBHUB, "157284301.5"), (STUBHUB, "0"), (STUBHUB, "000"), (STUBHUB, "123456789012345678901")),
        *((STUBHUB, "١٥٧٢٨٤٣٠١"), (STUBHUB, "ID 157284301"), (TICKETMASTER, "vv G1"), (TICKETMASTER, "x" * 41)),
        *((VIVENU, "5F8D0D55B54764421B7156D9"), (VIVENU, "5f8d0d55b54764421b7156d")),
    ],
)
def test_anything_else_is_rejected_with_the_right_format(marketplace: Marketplace, text: str) -> None:
    with pytest.raises(CellProblem, match=f"is not a {marketplace} id, which is"):
        parse_event_id(marketplace, text)


@pytest.mark.parametrize(
    ("marketplace", "address"),
    [
        (STUBHUB, "https://www.stubhub.com/miami-heat-tickets/performer/7554"),
        (STUBHUB, "https://www.stubhub.com/event/1/event/2"),
        (STUBHUB, "https://www.stubhub.com/search?next=/event/157284301/"),
        (STUBHUB, "https://www.vividseats.com/x/event/157284301"),
        *((STUBHUB, "https://stubhub.invalid.example/event/157284301x"), (STUBHUB, "http://[half/event/157284301")),
        (VIVID_SEATS, "https://www.stubhub.com/x/event/157284301"),
        (TICKETMASTER, "https://www.ticketmaster.com/x/event/0D005F0A1B2C3D4E"),
        (VIVENU, "https://vivenu.com/event/5f8d0d55b54764421b7156d9"),
    ],
)
def test_an_address_without_one_certain_id_is_rejected(marketplace: Marketplace, address: str) -> None:
    with pytest.raises(CellProblem, match=r"is an address.*enter the id itself"):
        parse_event_id(marketplace, address)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "scientific notation, so digits are lost") for text in ("1.57284E+08", "1,57284E+08", "2e8")),
        *((text, "thousands separators") for text in ("157,284,301", "157.284.301", "157\u2019284\u2019301")),
        *((text, "more digits than") for text in ("9007199254740993", "12345678901234600000.0", "9" * 20)),
    ],
)
def test_damage_by_a_spreadsheet_is_rejected_with_the_fix(text: str, reason: str) -> None:
    with pytest.raises(CellProblem, match=f"{reason}.*: format the column as plain text"):
        parse_event_id(STUBHUB, text)
