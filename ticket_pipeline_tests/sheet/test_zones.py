"""The venue map: sections to zones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.zones import ZoneMap, parse_zones

HEADER = ["Venue", "Section Pattern", "Zone"]


def zone_map(*rows: list[str], header: list[str] = HEADER) -> ZoneMap:
    return parse_zones(SheetRows([header, *rows], "a map"))


GARDEN = zone_map(
    ["Garden", "101-120", "Lower"],
    ["Garden", "Floor*", "Floor"],
    ["GARDEN", "1?? VIP", "Club"],
    ["Garden", "Balcony 1-12", "Balcony"],
    ["Garden", "Pit [A]", "Pit"],
    ["Garden", "110", "Never reached"],
    ["Arena", "*", "Everywhere"],
)


@pytest.mark.parametrize(
    ("section", "zone"),
    [
        *(("101", "Lower"), ("120", "Lower"), ("Section 105", "Lower"), ("sec. 105", "Lower"), ("110", "Lower")),
        *(("100", None), ("121", None), ("105A", None), ("Club 105", None), ("FLOOR b", "Floor"), ("floor", "Floor")),
        *(("The Floor", None), ("112 vip", "Club"), ("balcony 7", "Balcony"), ("Balcony 13", None)),
        *(("pit [a]", "Pit"), ("pit a", None), ("\u00a0105 ", "Lower"), ("", None), (None, None)),
    ],
)
def test_the_first_matching_rule_of_the_venue_names_the_zone(section: str | None, zone: str | None) -> None:
    assert GARDEN.zone_of("garden ", section) == zone


def test_a_rule_holds_for_its_own_venue_only() -> None:
    assert GARDEN.zone_of("Arena", "101") == "Everywhere"
    assert GARDEN.zone_of("Hall", "101") is None
    assert GARDEN.zone_of(None, "101") is None


def test_bad_rows_are_rejected_with_all_their_reasons() -> None:
    made = zone_map(
        ["Garden", "", ""],
        ["Garden", "120-101", "#REF!"],
        ["", "", ""],
        ["Garden", "101", "Lower"],
        ["garden", "Section 101", "Upper"],
    )
    assert [(item.row_number, item.reasons) for item in made.rejected] == [
        (
            2,
            (
                "Section Pattern '' is blank: fill in all three columns.",
                "Zone '' is blank: fill in all three columns.",
            ),
        ),
        (
            3,
            (
                "Zone '#REF!' is an error of the sheet itself: fix the formula, or wait until it has loaded.",
                "Section Pattern '120-101' is a range that runs backwards.",
            ),
        ),
        (6, ("The same venue and section are already in row 5, which wins: remove one of the two rows.",)),
    ]
    assert made.rejected[0].cells == {"Venue": "Garden", "Section": "", "Zone": ""}
    assert (made.rule_count, zone_map().rule_count) == (1, 0)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([], "no column 'Venue'; no column 'Section'; no column 'Zone'"),
        ([["Venue", "Zone"]], "no column 'Section'"),
        ([["Venue", "Section", "Pattern", "Zone"]], "two columns for one thing: 'Section'"),
    ],
)
def test_a_map_whose_header_cannot_be_used_is_an_error(values: list[list[str]], problem: str) -> None:
    with pytest.raises(SheetError, match=problem):
        parse_zones(SheetRows(values, "a map"))


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_rule_a_rejected_or_a_blank_row_and_any_section_has_a_result(
    venue: str, pattern: str, section: str
) -> None:
    made = zone_map([venue, pattern, "Zone"])
    assert made.rule_count + len(made.rejected) == 1
    assert made.zone_of(venue, section) in {"Zone", None}
