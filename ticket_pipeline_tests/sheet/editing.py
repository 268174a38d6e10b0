"""A Google Sheet with results, and somebody who edits it between any two requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.columns import WATCHLIST_ALIASES, find_header, header_key
from ticket_pipeline.sheet.results import ResultColumn, Results
from ticket_pipeline.sheet.rows import parse_watchlist
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.write import WriteReport, write_to_google
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.sheet_cells import Cell
from ticket_pipeline.simulator.spreadsheet import Spreadsheet
from ticket_pipeline_tests.sheet.conftest import SHEET_ID, SheetsService

TAB = "Events"
HEADER = ["Notes", "Event Name", "Event Date (Local)", "viagId", "Mine"]
SEEN_AT = datetime(2026, 11, 29, 15, 30, tzinfo=UTC)
SEEN_AS_NUMBER = 46355.4375  # in New York
DATE = "2027-03-14 19:30:00"


def event(key: int, name: str = "Hawks at Heat") -> list[str]:
    """A row of the user's table; only its id is read."""
    return [f"note {key}", f"{name} {key}", DATE, str(key), "=1+1"]


def start(service: SheetsService, rows: list[list[str]]) -> Spreadsheet:
    """Put a table into the sheet."""
    service.sheets.spreadsheets[SHEET_ID] = Spreadsheet("Watchlist", {TAB: rows, "Bob's zones": [["Venue"]]})
    return service.sheets.spreadsheets[SHEET_ID]


def results_of(key: int, version: int = 0) -> Results:
    """Results that differ for each event, and change with the version."""
    return {
        ResultColumn.FLOOR: Decimal(key) / 4 + version,
        ResultColumn.CHANGE_24_HOURS: None if key % 2 else Decimal("-0.125"),
        ResultColumn.TICKETS: key % 50,
        ResultColumn.LAST_SEEN: SEEN_AT,
        ResultColumn.STATUS: f"=HYPERLINK({key})" + "!" * version,
    }


def results(rows: SheetRows, version: int = 0) -> dict[int, Results]:
    """What is to be written for a table as read."""
    watchlist = parse_watchlist(rows, default_timezone="America/New_York")
    found = {each.sheet_row or 0: results_of(int(*each.external_ids.values()), version) for each in watchlist.events}
    return found | {each.row_number: {ResultColumn.STATUS: each.reasons[0]} for each in watchlist.rejected}


def write(service: SheetsService, version: int = 0, **options: Any) -> WriteReport:  # noqa: ANN401 - of write_to_google
    """Write, without waiting between tries."""
    return write_to_google(service.source(), partial(results, version=version), **options)


def column(sheet: Spreadsheet, name: ResultColumn) -> list[object]:
    """What the cells of a column of results hold, from the top."""
    position = sheet.position_of(name.range_name)
    assert position is not None
    return [next(iter(Cell.of(cell).entered.values()), None) for cell in column_at(sheet, position)]


def column_at(sheet: Spreadsheet, position: int) -> list[str]:
    """The cells of a column, from the top, without the empty end."""
    cells = [row[position] if position < len(row) else "" for row in sheet.tabs[TAB]]
    return cells[: max((at for at, cell in enumerate(cells, 1) if cell), default=0)]


_MANY_WRITES = 30
TYPED = ("7", "=A1", "mine", "Floor")
Edit = Callable[[Spreadsheet], None]


def header_of(sheet: Spreadsheet) -> int:
    """Index of the header."""
    at = find_header(sheet.tabs[TAB], WATCHLIST_ALIASES)
    assert at is not None
    return at


def ours(sheet: Spreadsheet) -> dict[int, ResultColumn]:
    """Position → column of results, whatever its header is."""
    places = {sheet.position_of(name.resource["name"]): name.resource["name"] for name in sheet.names}
    found = {each.range_name: each for each in ResultColumn}
    return {at: found[name.partition("_again")[0]] for at, name in places.items() if at is not None}


def renamed(sheet: Spreadsheet) -> dict[str, list[str]]:
    """Columns of results under a header of the user's."""
    titles = sheet.tabs[TAB][header_of(sheet)]
    return {
        f"{name} {at}": column_at(sheet, at)
        for at, name in ours(sheet).items()
        if at < len(titles) and titles[at].startswith("My ")
    }


def users_cells(sheet: Spreadsheet) -> list[list[str]]:
    """The columns that are not ours, without the empty ends."""
    width = max(map(len, sheet.tabs[TAB]))
    columns = [column_at(sheet, at) for at in range(width) if at not in ours(sheet)]
    return [column for column in columns if any(column)]


class Editing(RuleBasedStateMachine):
    """Edits wait in a queue, and one is made before each request of a write."""

    def __init__(self, service: SheetsService) -> None:
        super().__init__()
        self.service = service
        self.sheet = start(service, [["My events"], HEADER, *map(event, (4, 9, 16, 25, 36))])
        self.edits: list[Edit] = []
        self.next_key = 100
        self.version = 0
        self.seen: tuple[list[list[str]], dict[str, list[str]]] | None = None
        self.violations: list[object] = []
        self.errors: list[str] = []
        service.sheets.faults.clear()
        service.sheets.before_request = self.before_request

    def before_request(self) -> None:
        """A request is about to be served; the one before it has been."""
        self.look()
        was_renamed = renamed(self.sheet)
        if self.edits:
            self.edits.pop(0)(self.sheet)
        still = {name: cells for name, cells in renamed(self.sheet).items() if name in was_renamed}
        self.seen = users_cells(self.sheet), still

    def look(self) -> None:
        """Whether a request changed a cell of the user's since the last edit."""
        if self.seen is not None:
            cells, others = self.seen
            now = renamed(self.sheet)
            if users_cells(self.sheet) != cells or any(now.get(name) != was for name, was in others.items()):
                self.violations.append((cells, users_cells(self.sheet), others, now))

    @rule(by=st.integers(0, 20), is_reversed=st.booleans())
    def sort(self, by: int, is_reversed: bool) -> None:
        """Sort the rows below the header."""

        def edit(sheet: Spreadsheet) -> None:
            sheet.sort(TAB, header_of(sheet) + 1, lambda row: row[by] if by < len(row) else "")
            if is_reversed:
                first = header_of(sheet) + 1
                sheet.tabs[TAB][first:] = sheet.tabs[TAB][first:][::-1]

        self.edits.append(edit)

    @rule(at=st.integers(0, 12))
    def insert_row(self, at: int) -> None:
        """Insert an empty row, also above the header."""
        self.edits.append(lambda sheet: sheet.insert(TAB, "ROWS", at % (len(sheet.tabs[TAB]) + 1)))

    @rule(at=st.integers(0, 12))
    def insert_remark(self, at: int) -> None:
        """Insert a row with a text that is no event, below the header."""

        def edit(sheet: Spreadsheet) -> None:
            first = header_of(sheet) + 1
            row = first + at % (len(sheet.tabs[TAB]) - first + 1)
            free = [at for at, title in enumerate(sheet.tabs[TAB][first - 1]) if title in {"Notes", "Mine"}]
            if free:
                sheet.insert(TAB, "ROWS", row)
                sheet.type(TAB, row, free[0], "a remark")

        self.edits.append(edit)

    @rule(at=st.integers(0, 12))
    def add_event(self, at: int) -> None:
        """Insert a row with a new event."""
        self.next_key += 1
        key = self.next_key

        def edit(sheet: Spreadsheet) -> None:
            first = header_of(sheet) + 1
            row = first + at % (len(sheet.tabs[TAB]) - first + 1)
            sheet.insert(TAB, "ROWS", row)
            titles = sheet.tabs[TAB][header_of(sheet)]
            for title, text in zip(HEADER, event(key), strict=True):
                if title in titles:
                    sheet.type(TAB, row, titles.index(title), text)

        self.edits.append(edit)

    @rule(at=st.integers(0, 12))
    def delete_row(self, at: int) -> None:
        """Delete a row below the header."""

        def edit(sheet: Spreadsheet) -> None:
            first = header_of(sheet) + 1
            if len(sheet.tabs[TAB]) > first + 3:
                sheet.delete(TAB, "ROWS", first + at % (len(sheet.tabs[TAB]) - first))

        self.edits.append(edit)

    @rule(at=st.integers(0, 12))
    def clear_event(self, at: int) -> None:
        """Empty the user's cells of a row; the results stay."""

        def edit(sheet: Spreadsheet) -> None:
            first = header_of(sheet) + 1
            row = first + at % (len(sheet.tabs[TAB]) - first)
            if len(sheet.tabs[TAB]) > first + 3 and row != first:
                for column in range(len(sheet.tabs[TAB][row])):
                    if column not in ours(sheet):
                        sheet.type(TAB, row, column, "")

        self.edits.append(edit)

    @rule(at=st.integers(0, 20))
    def insert_column(self, at: int) -> None:
        """Insert a column and fill it."""

        def edit(sheet: Spreadsheet) -> None:
            position = at % sheet.column_count(TAB)
            sheet.insert(TAB, "COLUMNS", position)
            for row in range(header_of(sheet), len(sheet.tabs[TAB])):
                sheet.type(TAB, row, position, f"mine {row}")

        self.edits.append(edit)

    @rule(start=st.integers(0, 20), end=st.integers(0, 20))
    def move_column(self, start: int, end: int) -> None:
        """Drag a column elsewhere."""

        def edit(sheet: Spreadsheet) -> None:
            width = len(sheet.tabs[TAB][header_of(sheet)])
            sheet.move(TAB, "COLUMNS", start % width, end % width)

        self.edits.append(edit)

    @rule(at=st.integers(0, 30))
    def delete_column(self, at: int) -> None:
        """Delete a column, one of ours or another that is not needed."""

        def edit(sheet: Spreadsheet) -> None:
            titles = sheet.tabs[TAB][header_of(sheet)]
            free = [at for at, title in enumerate(titles) if title not in HEADER or title in {"Notes", "Mine"}]
            if free:
                sheet.delete(TAB, "COLUMNS", free[at % len(free)])

        self.edits.append(edit)

    @rule(row=st.integers(0, 12), at=st.integers(0, 20), text=st.sampled_from(["", *TYPED]))
    def type_below_the_header(self, row: int, at: int, text: str) -> None:
        """Type into a cell of an event, also over a result."""

        def edit(sheet: Spreadsheet) -> None:
            first = header_of(sheet) + 1
            titles = sheet.tabs[TAB][first - 1]
            free = [column for column in range(len(titles)) if titles[column] not in HEADER[1:4]]
            events = [at for at in range(first, len(sheet.tabs[TAB])) if at in event_rows(sheet)]
            if free and events:
                sheet.type(TAB, events[row % len(events)], free[at % len(free)], text)

        self.edits.append(edit)

    @rule(at=st.integers(0, 20), is_back=st.booleans())
    def rename(self, at: int, is_back: bool) -> None:
        """Rename a column of results, or name it back."""

        def edit(sheet: Spreadsheet) -> None:
            places = sorted(ours(sheet).items())
            if places:
                position, name = places[at % len(places)]
                sheet.type(TAB, header_of(sheet), position, str(name) if is_back else f"My {name}")

        self.edits.append(edit)

    @rule(kind=st.sampled_from([FaultKind.RATE_LIMITED, FaultKind.UNAVAILABLE, FaultKind.RESET]))
    def fail(self, kind: FaultKind) -> None:
        """Let the next request fail."""
        self.edits.append(lambda _: self.service.sheets.faults.add(Fault(kind, retry_after="0")))

    @rule(asked=st.sets(st.sampled_from(ResultColumn), max_size=2))
    def write(self, asked: set[ResultColumn]) -> None:
        """Write until it is settled; nothing of the user's may have changed, and all of ours must be right."""
        self.version += 1  # so that there is something to write
        is_settled, attempts = False, 0
        while self.edits or not is_settled:
            attempts += 1
            assert attempts < _MANY_WRITES
            try:
                is_settled = write(self.service, self.version, asked=asked).is_settled
            except SheetError as error:  # more than two failures in a row
                self.errors.append(str(error))
        assert [error for error in self.errors if "400" in error or "refused" in error] == []
        self.look()
        assert self.violations == []
        self.every_cell_of_ours_is_right(asked)

    def every_cell_of_ours_is_right(self, asked: set[ResultColumn]) -> None:
        """Compare each cell of our columns with the results of its row."""
        header_at, wanted = header_of(self.sheet), results(SheetRows(self.sheet.tabs[TAB], "the test"), self.version)
        users = renamed(self.sheet)
        places = {at: name for at, name in ours(self.sheet).items() if f"{name} {at}" not in users}
        assert asked <= set(places.values())
        for at, name in places.items():
            cells = [Cell.of(cell) for cell in column_at(self.sheet, at)]
            assert header_key(cells[header_at]) == header_key(name)
            for row, cell in enumerate(cells):
                if row + 1 in wanted:
                    expected = wanted[row + 1].get(name)
                    shown = SEEN_AS_NUMBER if isinstance(expected, datetime) else expected
                    assert next(iter(cell.entered.values()), None) == shown
                elif row != header_at and "formulaValue" not in cell.entered:
                    assert cell == "" or (has_text(self.sheet, row) and cell in TYPED)


def event_rows(sheet: Spreadsheet) -> set[int]:
    """Indexes of the rows that get results."""
    return {number - 1 for number in results(SheetRows(sheet.tabs[TAB], "the test"))}


def has_text(sheet: Spreadsheet, row: int) -> bool:
    """Whether a row holds anything but results."""
    return row < header_of(sheet) or any(cell for at, cell in enumerate(sheet.tabs[TAB][row]) if at not in ours(sheet))
