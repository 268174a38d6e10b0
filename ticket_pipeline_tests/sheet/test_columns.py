"""Headers: found by alias, and refused with names where they cannot be used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.columns import (
    WATCHLIST_ALIASES,
    Column,
    Field,
    column_letter,
    find_name,
    locate_watchlist_columns,
    suggested_header,
)

OLD_HEADER = ["Name", "Venue", "City", "Country", "Date", "viagogoID"]


@pytest.mark.parametrize(
    "header",
    [
        ["Event Name", "Venue", "City", "Country", "Event Date (Local)", "viagId", "is_tracked"],
        ["NAME", "venue", "city", "COUNTRY", "date", "viagogoID", "Tracked"],
        [" event-name ", "VENUE", "City:", "Country", "Event Date", "StubHub\nID", "Is Tracked?"],
    ],
)
def test_a_header_is_found_in_any_case_spacing_and_punctuation(header: list[str]) -> None:
    columns = locate_watchlist_columns(header, "a sheet")
    assert columns.positions == {
        Field.NAME: 0,
        Field.VENUE: 1,
        Field.CITY: 2,
        Field.COUNTRY: 3,
        Field.DATE: 4,
        Marketplace.STUBHUB: 5,
        Field.IS_TRACKED: 6,
    }


@given(st.permutations(list(WATCHLIST_ALIASES)))
def test_columns_may_stand_in_any_order(order: list[Column]) -> None:
    columns = locate_watchlist_columns([suggested_header(field) for field in order], "a sheet")
    assert columns.positions == {field: position for position, field in enumerate(order)}


@pytest.mark.parametrize("untitled", [[], [""], ["\u00a0"]])
def test_the_untitled_seventh_column_of_an_old_sheet_is_is_tracked(untitled: list[str]) -> None:
    columns = locate_watchlist_columns([*OLD_HEADER, *untitled], "a sheet")
    assert columns.positions[Field.IS_TRACKED] == 6
    assert columns.unknown == []
    assert Field.IS_TRACKED not in locate_watchlist_columns([*reversed(OLD_HEADER), ""], "a sheet").positions
    titled = locate_watchlist_columns([*OLD_HEADER, "", "is_tracked"], "a sheet")
    assert titled.positions[Field.IS_TRACKED] == 7


def test_all_that_is_missing_is_named_at_once_with_the_headers_seen() -> None:
    with pytest.raises(SheetError) as error:
        locate_watchlist_columns(["Venue", "Opponent"], "tab 'Events'")
    message = str(error.value)
    assert message.startswith(
        "The header row of tab 'Events' has no column for the event's name (headers such as 'Event Name')"
    )
    assert "no column for the event's date (headers such as 'Event Date (Local)')" in message
    assert "'viagId', 'Vivid Seats ID', 'Ticketmaster ID', 'vivenu ID'" in message
    assert "Its headers are: 'Venue', 'Opponent'." in message


def test_two_columns_for_one_field_are_refused_by_name_and_letter() -> None:
    with pytest.raises(SheetError, match=r"'viagId' \(column C\) and 'StubHub ID' \(column D\); keep one"):
        locate_watchlist_columns(["Name", "Date", "viagId", "StubHub ID"], "a sheet")


@pytest.mark.parametrize(
    ("position", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (702, "AAA")]
)
def test_a_column_has_the_letter_a_spreadsheet_shows(position: int, letter: str) -> None:
    assert column_letter(position) == letter


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"Venue name": "Hall", "EVENT_name": " The  Night ", "Date": "soon"}, "The Night"),
        *(({"viagId": "7", "Title": "The Night"}, "The Night"), ({"Event Name": "", "Venue": "Hall"}, "")),
        *(({"column A": "The Night"}, ""), ({}, "")),
    ],
)
def test_the_name_of_a_kept_row_is_found_by_its_header(cells: dict[str, str], name: str) -> None:
    assert find_name(cells) == name
