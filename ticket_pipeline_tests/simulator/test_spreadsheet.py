"""Cells and ranges, as the Sheets API addresses and returns them."""

from __future__ import annotations

import pytest

from ticket_pipeline.simulator.spreadsheet import RangeError, Spreadsheet


def _sheet() -> Spreadsheet:
    return Spreadsheet("Watchlist", {"Events": [["A1", "B1", ""], [], ["A3", "", "C3"], ["", ""]], "It's": [["x"]]})


def test_trailing_empty_cells_and_rows_are_not_sent() -> None:
    assert _sheet().read("'Events'")["values"] == [["A1", "B1"], [], ["A3", "", "C3"]]


def test_an_empty_range_has_no_values_key() -> None:
    assert "values" not in _sheet().read("Events!E1:F9")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ("Events!A1", [["A1"]]),
        ("Events!B1:C3", [["B1"], [], ["", "C3"]]),
        ("Events!A3:3", [["A3", "", "C3"]]),
        ("Events!A:A", [["A1"], [], ["A3"]]),
        ("'It''s'!A1", [["x"]]),
        ("A1", [["A1"]]),
    ],
)
def test_a1_ranges_cut_what_they_say(cells: str, values: list[list[str]]) -> None:
    assert _sheet().read(cells)["values"] == values


@pytest.mark.parametrize("cells", ["Nowhere", "Nowhere!A1", "Events!?!", "'Events"])
def test_a_range_that_does_not_parse_is_refused_in_googles_words(cells: str) -> None:
    with pytest.raises(RangeError, match="Unable to parse range"):
        _sheet().read(cells)


def test_writing_grows_the_grid_and_keeps_cells_given_as_none() -> None:
    sheet = _sheet()
    answer = sheet.write("Events!B3", [[None, "new", True], [5]])
    assert sheet.read("Events!A3:D4")["values"] == [["A3", "", "new", "TRUE"], ["", "5"]]
    assert (answer["updatedRange"], answer["updatedRows"], answer["updatedCells"]) == ("Events!B3:D4", 2, 4)


def test_appending_writes_below_the_last_filled_row() -> None:
    sheet = _sheet()
    assert sheet.append("Events", [["A4"]])["updatedRange"] == "Events!A4"
    assert sheet.read("Events!A4")["values"] == [["A4"]]


def test_clearing_empties_only_the_range() -> None:
    sheet = _sheet()
    sheet.clear("Events!A1:A3")
    assert sheet.read("Events")["values"] == [["", "B1"], [], ["", "", "C3"]]
