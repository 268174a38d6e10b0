"""The user's own rules of what is a seat."""

from __future__ import annotations

import pytest

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.admission import AdmissionRule
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.sheet.exclusions import Exclusions, parse_exclusions
from ticket_pipeline.sheet.source import SheetRows

HEADER = ["Marketplace", "Venue", "Section pattern", "Admission"]
STUBHUB, VIVID = "stubhub", "vivid_seats"


def exclusions(*rows: list[str], header: list[str] = HEADER) -> Exclusions:
    return parse_exclusions(SheetRows([header, *rows], "a tab"))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (["StubHub", "The Dome", "Gold*", "Seat"], (STUBHUB, "The Dome", "Gold*", "seat")),
        (["vivid seats", "", "101-120", "PARKING"], (VIVID, None, "101-120", "parking")),
        (["vivid_seats", "*", "*", "Grounds pass"], (VIVID, None, "*", "grounds")),
        (["viagogo", " ", "Club  Pass", "exclude"], (STUBHUB, None, "Club Pass", "extra")),
        (["any", "ALL", "Lot 5", "extras"], (None, None, "Lot 5", "extra")),
        (["", "", "Terrace", "ignore"], (None, None, "Terrace", "extra")),
    ],
)
def test_a_row_is_a_rule_however_it_is_spelled(row: list[str], rule: tuple[str, str, str, str]) -> None:
    assert exclusions(row) == Exclusions([AdmissionRule(*rule[:3], Admission(rule[3]))], [])


def test_columns_of_marketplace_and_venue_may_be_missing_and_a_title_may_stand_above() -> None:
    read = parse_exclusions(SheetRows([["My rules"], [], ["counts as", "SECTION"], ["seat", "Lot 9"]], "a tab"))
    assert read.rules == [AdmissionRule(None, None, "Lot 9", Admission.SEAT)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            ["SeatGeek", "", "A", "seat"],
            "Marketplace 'SeatGeek' is not a marketplace with listings: write StubHub, Vivid",
        ),
        (["ticketmaster", "", "A", "seat"], "is not a marketplace with listings"),
        (["", "", "", "seat"], "Section pattern '' is blank: write a section, a pattern such as Lot*"),
        (["", "", "A", "maybe"], "Admission 'maybe' is not an admission: write seat, grounds, parking or extra."),
        (["", "", "A", ""], "Admission '' is not an admission"),
        (["", "", "120-101", "seat"], "is a range that runs backwards"),
        (["", "#REF!", "A", "seat"], "Venue '#REF!' is an error of the sheet itself"),
        (
            ["", "", "section first", "extra"],
            "The same marketplace, venue and section are already in row 2, which wins",
        ),
    ],
)
def test_a_bad_row_is_rejected_by_number_with_what_to_write_and_the_others_are_taken(
    row: list[str], reason: str
) -> None:
    read = exclusions(["", "", "First", "seat"], [], row, ["", "", "Last", "seat"])
    assert [rule.section_pattern for rule in read.rules] == ["First", "Last"]
    (rejected,) = read.rejected
    assert (rejected.row_number, len(rejected.reasons)) == (4, 1)
    assert reason in rejected.reasons[0]


@pytest.mark.parametrize("header", [["Section"], ["Admission"], ["Section", "Pattern", "Admission"], []])
def test_a_table_without_its_columns_is_an_error_that_names_them(header: list[str]) -> None:
    with pytest.raises(SheetError, match="header row of a tab"):
        exclusions(header=header)


def test_a_table_without_rows_has_no_rules() -> None:
    assert exclusions() == Exclusions([], [])
