"""CSV files as spreadsheet programs save them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.csv_file import CsvSource


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "watchlist.csv"


@pytest.mark.parametrize(
    "content",
    [
        b"Name,viagId\r\nHeat,157284301\r\n",
        b"\xef\xbb\xbfName,viagId\nHeat,157284301",
        b"Name;viagId\nHeat;157284301\n",
        b"Name\tviagId\nHeat\t157284301\n",
        b'"Name","viagId"\n"Heat","157284301"\n',
        b"sep=;\r\nName;viagId\r\nHeat;157284301\r\n",
        b"\xef\xbb\xbfSEP=,\nName,viagId\nHeat,157284301\n",
        b'"sep=|"\nName|viagId\nHeat|157284301\n',
    ],
)
def test_a_file_reads_the_same_with_any_of_the_usual_delimiters(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert CsvSource(path).read_rows().values == [["Name", "viagId"], ["Heat", "157284301"]]


def test_delimiters_inside_quoted_headers_and_in_cells_do_not_count(path: Path) -> None:
    path.write_text('"Name, as, sold";Date\n"Heat, Miami";1,5\n', encoding="utf-8")
    assert CsvSource(path).read_rows().values == [["Name, as, sold", "Date"], ["Heat, Miami", "1,5"]]


@pytest.mark.parametrize(
    ("title", "mark"),
    [
        ("Shows, tours and games, 2026", ";"),
        ("NBA, NFL, NHL, MLB, MLS, NCAA", ";"),
        ("Mo; Di; Mi; Do; Fr; Sa", ","),
        ("1,5;2,5;3,5;4,5;5,5", "\t"),
    ],
)
def test_a_title_above_the_header_does_not_decide_the_delimiter(path: Path, title: str, mark: str) -> None:
    rows = [["Name", "Venue", "Date", "viagId"], ["Heat", "Center", "2026-03-14", "1"], ["Heat", "Dome", "", "2"]]
    path.write_text("\n".join([title, *map(mark.join, rows)]), encoding="utf-8")
    assert CsvSource(path).read_rows().values[1:] == rows


def test_blank_lines_keep_their_row_numbers_and_a_cell_may_span_lines(path: Path) -> None:
    path.write_text('Name,Date\n\n"two\nlines",x\n', encoding="utf-8")
    assert CsvSource(path).read_rows().values == [["Name", "Date"], [], ["two\nlines", "x"]]


def test_an_empty_file_has_no_rows_and_names_its_source(path: Path) -> None:
    path.touch()
    rows = CsvSource(path).read_rows()
    assert (rows.values, rows.source) == ([], f"the CSV file {path}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"watchlist\.csv: there is no such file"),
        ("Name\nBeyoncé\n".encode("latin-1"), r"byte 11 is not UTF-8.*CSV UTF-8"),
        (b'Name,Date\n"Heat,2026-03-14\n', "not valid CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_with_the_fix(path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SheetError, match=message):
        CsvSource(path).read_rows()
    with pytest.raises(SheetError, match=r"Is a directory.*must be a file"):
        CsvSource(path.parent).read_rows()
