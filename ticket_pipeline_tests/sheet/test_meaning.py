"""What a person's sheet means: titles, merged cells, double-headers, midnights, clock changes, places, errors."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.rows import Watchlist, parse_watchlist
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline_tests.sheet.test_rows import HEADER, parse, reasons, row

# --- shapes of sheets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "above",
    [
        [["My shows 2026"]],
        [["sep=;"]],
        [[], ["Events of the season", "", "updated weekly"], ["", ""]],
        [["Name: Ann", "", "", "Venue"], ["call 555-1234"]],
    ],
)
def test_a_header_is_found_below_titles_and_blank_rows(above: list[list[str]]) -> None:
    watchlist = parse_watchlist(SheetRows([*above, HEADER, row()], "a sheet"), default_timezone="UTC")
    assert [event.sheet_row for event in watchlist.events] == [len(above) + 2]
    assert watchlist.rejected == []


@pytest.mark.parametrize("blank", ["", "\u00a0"])
def test_rows_below_a_merged_cell_inherit_name_and_place(blank: str) -> None:
    below = [
        row(name=blank, venue=blank, city=blank, country=blank, date=f"2026-03-{day} 19:30", stubhub_id=str(day))
        for day in (15, 16)
    ]
    watchlist = parse(row(), *below)
    assert {(event.name, event.venue, event.city, event.timezone) for event in watchlist.events} == {
        ("Hawks at Heat", "Kaseya Center", "Miami", "America/New_York")
    }
    assert len({event.event_at for event in watchlist.events}) == 3
    assert watchlist.warnings == ["Rows 3, 4: name and place are blank, so those of the row above are used."]


@pytest.mark.parametrize("cells", [{"venue": "Elsewhere"}, {"date": ""}, {"stubhub_id": ""}])
def test_where_inheriting_is_not_safe_the_row_is_rejected(cells: dict[str, str]) -> None:
    blank = {"name": "", "venue": "", "city": "", "country": "", "date": "2026-03-15 19:30", "stubhub_id": "15"}
    watchlist = parse(row(), row(**(blank | cells)))
    assert [(item.row_number, len(watchlist.events)) for item in watchlist.rejected] == [(3, 1)]


@pytest.mark.parametrize("date", ["2026-03-14", "2026-03-14 00:00:00", "2026-03-14 TBD", "2026-03-14 19:30"])
def test_the_ids_of_a_double_header_make_two_events(date: str) -> None:
    watchlist = parse(row(date=date), row(date=date, stubhub_id="2"))
    assert [event.external_ids[Marketplace.STUBHUB] for event in watchlist.events] == ["157284301", "2"]


@pytest.mark.parametrize("date", ["2026-11-28 00:00:00", "2026-11-28T00:00:00-05:00", "46354.0", "11/28/2026 12:00 AM"])
def test_midnight_counts_as_no_time_until_the_local_day_ends(date: str) -> None:
    watchlist = parse(row(date=date))
    event = watchlist.events[0]
    assert not event.is_time_known
    assert watchlist.warnings == [
        "Row 2: the date has no time of day; the event counts as upcoming until that day ends."
    ]
    assert event.event_at == datetime(2026, 11, 29, 4, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "time", "start"),
    [
        ("Time", "19:30", "19:30"),
        ("Start Time", "7:30 pm", "19:30"),
        ("event_time", "7:30PM", "19:30"),
        ("Uhrzeit", "19:30:00", "19:30"),
        ("Time", "0.8125", "19:30"),  # a time as a spreadsheet stores it
        ("Time", "1899-12-30 19:30:00", "19:30"),
        ("Time", "19:30-22:00", "19:30"),
        ("Time", "TBD", None),
        ("Time", "", None),
        ("Time", "00:00", None),
    ],
)
def test_a_time_in_a_column_of_its_own_is_the_time_of_a_date_alone(header: str, time: str, start: str | None) -> None:
    event, other = with_time(header, ("2026-03-14", time), ("2026-03-15 20:00", "21:00")).events
    assert (event.is_time_known, f"{event.event_date:%H:%M}") == (start is not None, start or "00:00")
    assert f"{other.event_date:%H:%M}" == "20:00"  # the date has its own


def test_a_time_that_cannot_be_read_rejects_the_row() -> None:
    (rejected,) = with_time("Time", ("2026-03-14", "evening")).rejected
    assert "Time 'evening' has a time of day we cannot read" in rejected.reasons[0]


def with_time(header: str, *events: tuple[str, str]) -> Watchlist:
    """A watchlist of events with date and time, the column of times under this header."""
    place = HEADER.index("Event Time")
    rows = [[*HEADER[:place], header, *HEADER[place + 1 :]]]
    for number, (date, time) in enumerate(events, 1):
        cells = row(date=date, stubhub_id=str(number))
        rows.append([*cells[:place], time, *cells[place + 1 :]])
    return parse_watchlist(SheetRows(rows, "a sheet"), default_timezone="UTC")


@pytest.mark.parametrize(
    ("date", "event_at"),
    [
        ("2026-11-01T01:30:00-05:00", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        ("2026-11-01 01:30 -05:00", datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        ("2026-11-01 01:30-04:00", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        ("2026-11-01 20:00-02:00", datetime(2026, 11, 2, 1, 0, tzinfo=UTC)),  # a range, no offset
    ],
)
def test_an_offset_that_the_venue_has_is_used(date: str, event_at: datetime) -> None:
    assert parse(row(date=date)).events[0].event_at == event_at


@pytest.mark.parametrize("date", ["2026-03-08 02:30", "2026/3/8 2:00 AM", "Sunday, March 8, 2026 2:59 am"])
def test_a_time_that_clocks_skip_is_rejected_with_the_reason(date: str) -> None:
    (reason,) = reasons(parse(row(date=date)))
    assert "does not exist in America/New_York: clocks go forward at that hour" in reason


def test_an_ambiguous_city_is_a_warning_with_the_assumed_zone() -> None:
    (warning,) = parse(row(city="Portland")).warnings
    assert warning.startswith("Row 2: Portland may be in more than one place; America/Los_Angeles is assumed.")
    assert parse(row(city="Portland, Maine")).warnings == parse(row(city="Portland", timezone="UTC")).warnings == []


@pytest.mark.parametrize(
    ("cells", "is_unidentified"),
    [
        *(({"name": "Loading...", "stubhub_id": "Loading..."}, True), ({"name": "", "stubhub_id": "#NV"}, True)),
        *(({"name": "#BEZUG!"}, False), ({"stubhub_id": "#REF!"}, False), ({"name": "", "stubhub_id": "x y"}, False)),
    ],
)
def test_a_row_whose_errors_hide_the_event_is_marked(cells: dict[str, str], is_unidentified: bool) -> None:
    (rejected,) = parse(row(**cells)).rejected
    assert rejected.is_unidentified is is_unidentified
