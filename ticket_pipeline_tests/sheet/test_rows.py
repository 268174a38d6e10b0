"""Whole watchlists: good rows are accepted, bad rows rejected with every reason, and no row is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.events import WatchlistEvent
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.cells import clean
from ticket_pipeline.sheet.columns import WATCHLIST_ALIASES, Column, Field, column_letter, suggested_header
from ticket_pipeline.sheet.rows import Watchlist, parse_watchlist
from ticket_pipeline.sheet.source import SheetRows

COLUMNS = list(WATCHLIST_ALIASES)
HEADER = [suggested_header(column) for column in COLUMNS]
GOOD: dict[Column, str] = {
    Field.NAME: "Hawks at Heat",
    Field.VENUE: "Kaseya Center",
    Field.CITY: "Miami",
    Field.COUNTRY: "United States",
    Field.DATE: "2026-03-14 19:30:00",
    Marketplace.STUBHUB: "157284301",
}


def row(**cells: str) -> list[str]:
    """A good row with the cells of some columns replaced: `venue` for Field.VENUE, `stubhub_id` for StubHub's ids."""
    changed: dict[Column, str] = {
        Marketplace(name.removesuffix("_id")) if name.endswith("_id") else Field[name.upper()]: text
        for name, text in cells.items()
    }
    return [(GOOD | changed).get(column, "") for column in COLUMNS]


def ticked(mark: str) -> list[str]:
    """The cells of a row with nothing in it but its tracked box."""
    return [*[""] * HEADER.index(Field.IS_TRACKED), mark]


def parse(*rows: list[str], header: list[str] = HEADER) -> Watchlist:
    return parse_watchlist(SheetRows([header, *rows], "a sheet"), default_timezone="America/New_York")


def reasons(watchlist: Watchlist, at: int = 0) -> tuple[str, ...]:
    return watchlist.rejected[at].reasons


def test_a_full_row_becomes_an_event_with_every_value() -> None:
    watchlist = parse(
        row(
            is_tracked="no",
            timezone="america/chicago",
            capacity="19,600",
            interval="4h",
            group="NBA",
            vivid_seats_id="5432109",
            ticketmaster_id="vvG1IZ9KWL8Vby",
            vivenu_id="5f8d0d55b54764421b7156d9",
        )
    )
    assert watchlist.events == [
        WatchlistEvent(
            sheet_row=2,
            name="Hawks at Heat",
            venue="Kaseya Center",
            city="Miami",
            country="United States",
            event_date=datetime(2026, 3, 14, 19, 30),  # noqa: DTZ001 - local time
            timezone="America/Chicago",
            timezone_source="column",
            event_at=datetime(2026, 3, 15, 0, 30, tzinfo=UTC),
            is_tracked=False,
            capacity=19600,
            poll_interval=timedelta(hours=4),
            external_ids={
                Marketplace.STUBHUB: "157284301",
                Marketplace.VIVID_SEATS: "5432109",
                Marketplace.TICKETMASTER: "vvG1IZ9KWL8Vby",
                Marketplace.VIVENU: "5f8d0d55b54764421b7156d9",
            },
            is_time_known=True,
            event_group="NBA",
        )
    ]
    assert (watchlist.rejected, watchlist.ignored_columns, watchlist.warnings) == ([], [], [])
    event = parse(row(venue="", city="", country="")).events[0]
    assert (event.venue, event.city, event.country, event.capacity, event.poll_interval) == (None,) * 5
    assert event.event_group is None
    assert event.is_tracked


@pytest.mark.parametrize(
    ("cells", "timezone", "source"),
    [
        *(({"timezone": "Europe/Paris"}, "Europe/Paris", "column"), ({"city": "Denver"}, "America/Denver", "city")),
        ({"city": "Graz", "country": "Austria"}, "Europe/Vienna", "country"),
        ({"city": "Springfield"}, "America/New_York", "default"),
    ],
)
def test_the_timezone_comes_from_the_row_then_its_city_then_its_country_then_the_default(
    cells: dict[str, str], timezone: str, source: str
) -> None:
    event = parse(row(**cells)).events[0]
    assert (event.timezone, event.timezone_source) == (timezone, source)


def test_an_assumed_timezone_is_a_warning_that_names_the_rows() -> None:
    rows = [row(city="Springfield", stubhub_id=str(number), name=f"Show {number}") for number in range(1, 13)]
    (warning,) = parse(*rows).warnings
    assert warning.startswith("Rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more: city and country do not determine")
    assert "so America/New_York is assumed" in warning


def test_a_bad_row_is_rejected_with_all_its_reasons_and_good_rows_are_accepted() -> None:
    bad = row(
        name="",
        date="03/04/2026",
        stubhub_id="1.57284E+08",
        is_tracked="maybe",
        timezone="EST",
        capacity="many",
        interval="soon",
        venue="#REF!",
        vivenu_id="xyz",
    )
    watchlist = parse(row(), bad, row(name="Later", stubhub_id="2"))
    assert [event.sheet_row for event in watchlist.events] == [2, 4]
    assert [rejected.row_number for rejected in watchlist.rejected] == [3]
    starts = [
        *("Event Name '' is blank", "Venue '#REF!' is an error of the sheet itself"),
        "Event Date (Local) '03/04/2026' can be read month first or day first",
        *("Timezone 'EST' is not an IANA timezone", "is_tracked 'maybe' is neither yes nor no"),
        *("Capacity 'many' must be a whole number", "Interval 'soon' is not an interval"),
        *("viagId '1.57284E+08' is in scientific notation", "vivenu ID 'xyz' is not a vivenu id"),
    ]
    found = reasons(watchlist)
    assert [reason for reason, start in zip(found, starts, strict=True) if not reason.startswith(start)] == []
    assert all(reason.endswith(".") for reason in found)


def test_a_rejected_row_shows_every_cell_as_it_was_read() -> None:
    header = ["Name", "Date", "viagId", "Note", "Note", ""]
    watchlist = parse(["\u00a0X ", "?", "7", "a", "b", "c", "d\x00", ""], header=header)
    assert watchlist.rejected[0].cells == {
        "Name": "\u00a0X ",
        "Date": "?",
        "viagId": "7",
        "Note": "a",
        "Note (E)": "b",
        "column F": "c",
        "column G": "d\ufffd",
    }


def test_a_row_without_any_id_names_the_columns_for_one() -> None:
    watchlist = parse(["X", "2026-03-14", "", "n/a"], header=["Name", "Date", "StubHub ID", "Vivid Seats ID"])
    assert reasons(watchlist) == ("The row has no marketplace id: fill in StubHub ID or Vivid Seats ID.",)


def test_an_offset_that_the_venue_does_not_have_is_refused_and_one_it_has_is_not() -> None:
    watchlist = parse(row(date="2026-03-14T19:30:00-04:00"), row(name="Z", date="2026-03-14T19:30:00Z", stubhub_id="2"))
    assert watchlist.events[0].event_at == datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
    assert len(reasons(watchlist)) == 1
    assert reasons(watchlist)[0].startswith(
        "Event Date (Local) '2026-03-14T19:30:00Z' has an offset from UTC that America/New_York does not have"
    )


def test_the_first_good_row_with_an_id_or_for_an_event_stands() -> None:
    watchlist = parse(
        row(date="soon"), row(), row(name="Another"), row(name="HAWKS  at heat", stubhub_id="", vivid_seats_id="2")
    )
    assert [event.sheet_row for event in watchlist.events] == [3]
    already = "is already in row 3: remove or correct one of the two rows."
    assert reasons(watchlist, 1) == (f"viagId '157284301' {already}",)
    assert reasons(watchlist, 2) == (f"The same event, by name, venue and date, {already}",)


def test_blank_rows_are_skipped_even_where_only_the_tracked_box_is_ticked() -> None:
    watchlist = parse([], row(), ["", "\u00a0"], ticked("FALSE"), row(name="Last", stubhub_id="2"))
    assert [event.sheet_row for event in watchlist.events] == [3, 6]
    assert watchlist.rejected == []


def test_unknown_columns_are_reported_and_untitled_ones_only_if_they_hold_something() -> None:
    header = [*HEADER, "Notes", "", ""]
    watchlist = parse([*row(), "call Ann", "", "x", "beyond"], header=header)
    assert watchlist.ignored_columns == ["Notes", *(f"column {column_letter(len(header) + n)}" for n in (-1, 0))]


@pytest.mark.parametrize("values", [[], [[]], [["", "\u00a0"]]])
def test_a_sheet_without_anything_is_an_error(values: list[list[str]]) -> None:
    with pytest.raises(SheetError, match=r"a sheet is empty.*nothing was changed"):
        parse_watchlist(SheetRows(values, "a sheet"), default_timezone="UTC")


@pytest.mark.parametrize("rows", [[], [["", ""]], [ticked("TRUE")]])
def test_a_sheet_without_rows_is_an_error(rows: list[list[str]]) -> None:
    with pytest.raises(SheetError, match="no row below it"):
        parse(*rows)


ANY_CELL = st.one_of(
    st.text(st.characters(), max_size=30),  # any character, lone surrogates too
    st.sampled_from(["", "157284301", "2026-03-14", "03/04/2026", "TRUE", "#REF!", "4h", "US", "Miami", "https://["]),
    st.from_regex(r"[0-9]{1,5}[-/.: ,][0-9]{1,3}[-/.: ,][0-9]{1,5}", fullmatch=True),
)


@given(st.lists(st.lists(ANY_CELL, max_size=15), max_size=8))
def test_any_text_in_any_cell_is_an_event_a_rejected_or_a_blank_row(rows: list[list[str]]) -> None:
    watchlist = parse(row(), *rows)
    tracked = HEADER.index(Field.IS_TRACKED)
    cells = [[*one[:tracked], *one[tracked + 1 : len(HEADER)]] for one in rows]
    filled = [one for one in cells if any(map(clean, one))]
    assert len(watchlist.events) + len(watchlist.rejected) == len(filled) + 1
    assert all(rejected.reasons for rejected in watchlist.rejected)
    for event in watchlist.events:
        assert event.external_ids
        event.name.encode()
    for rejected in watchlist.rejected:
        "".join([*rejected.cells, *rejected.cells.values(), *rejected.reasons]).encode()


def test_columns_of_results_are_no_part_of_the_watchlist() -> None:
    header = [*HEADER, "Floor", "Status", "Mine"]
    watchlist = parse([*row(), "12.5", "StubHub", ""], [*row(name=""), "", "Not followed", "x"], header=header)
    assert watchlist.ignored_columns == ["Mine"]
    assert {"Floor", "Status"}.isdisjoint(watchlist.rejected[0].cells)
    assert watchlist.rejected[0].cells["Mine"] == "x"
