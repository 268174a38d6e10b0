"""Results in a Google Sheet on loopback, while somebody edits it between any two requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from ticket_pipeline.errors import SheetError
from ticket_pipeline.sheet.results import LOOKS, ResultColumn
from ticket_pipeline.sheet.write import write_to_google
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.sheet_cells import Area, Cell
from ticket_pipeline.simulator.spreadsheet import Marked
from ticket_pipeline_tests.sheet.conftest import SHEET_ID, SheetsService
from ticket_pipeline_tests.sheet.editing import (
    DATE,
    HEADER,
    SEEN_AS_NUMBER,
    TAB,
    Editing,
    column,
    event,
    results,
    start,
    write,
)


def test_the_first_write_makes_the_columns_and_the_next_changes_nothing(service: SheetsService) -> None:
    sheet = start(service, [["My events"], [], HEADER, event(7), event(8), ["", "No id", DATE]])
    report = write(service)
    assert (report.made, report.rows, report.is_settled) == (list(ResultColumn), 3, True)
    assert sheet.tabs[TAB][2] == HEADER + list(ResultColumn)
    assert column(sheet, ResultColumn.FLOOR) == [None, None, "Floor", 1.75, 2.0]
    assert column(sheet, ResultColumn.LAST_SEEN)[3:] == [SEEN_AS_NUMBER, SEEN_AS_NUMBER]
    # Text that came from outside stays text.
    assert Cell.of(sheet.tabs[TAB][3][len(HEADER) + 10]).entered == {"stringValue": "=HYPERLINK(7)"}
    assert str(column(sheet, ResultColumn.STATUS)[5]).startswith("The row has no marketplace id")
    sent = [record.method for record in service.sheets.log.records(SHEET_ID)]
    assert sent == ["GET", "POST", "GET", "POST", "GET"]
    again = write(service)
    assert (again.made, again.cells, again.is_settled) == ([], 0, True)
    assert len(service.data_requests()) == 6


def test_new_columns_are_formatted_noted_and_guarded_by_a_warning(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    write(service)
    for at, name in enumerate(ResultColumn, len(HEADER)):
        header, below = (Cell.of(row[at]) for row in sheet.tabs[TAB])
        assert header.note == LOOKS[name].note
        assert below.number_format == {"type": LOOKS[name].format_type, "pattern": LOOKS[name].pattern}
    assert [each.area.columns for each in sheet.protected] == [(at, at + 1) for at in range(5, 17)]
    assert all(each.area.rows == (0, 1) and each.resource["warningOnly"] for each in sheet.protected)


def test_columns_of_the_user_with_our_headers_are_never_ours(service: SheetsService) -> None:
    sheet = start(service, [[*HEADER, "Status", "Link"], [*event(7), "call Bob", "https://a.example"]])
    report = write(service)
    assert sheet.tabs[TAB][1][5:7] == ["call Bob", "https://a.example"]
    assert report.made == list(ResultColumn)
    assert sheet.position_of(ResultColumn.STATUS.range_name) == 17


def test_a_deleted_column_comes_back_only_when_asked_for(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    write(service)
    sheet.delete(TAB, "COLUMNS", 5)
    assert write(service).deleted == [ResultColumn.FLOOR]
    assert write(service).made == []
    report = write(service, asked=[ResultColumn.FLOOR, ResultColumn.TICKETS])
    assert (report.made, report.deleted) == ([ResultColumn.FLOOR], [])
    assert sheet.tabs[TAB][0][-1] == "Floor"
    assert sheet.tabs[TAB][1][-1].startswith("1.75")


def test_the_user_may_want_only_some_columns(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    asked = [ResultColumn.STATUS, ResultColumn.GET_IN_2]
    assert write(service, asked=asked).made == [ResultColumn.GET_IN_2, ResultColumn.STATUS]
    assert write(service).made == []
    assert sheet.tabs[TAB][0][5:] == ["Get-in 2", "Status"]


def test_a_renamed_column_is_left_alone_until_it_has_its_name_again(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    write(service)
    sheet.type(TAB, 0, 5, "My floor")
    sheet.type(TAB, 1, 5, "my own note")
    assert write(service).renamed == ["Floor is now 'My floor'"]
    assert sheet.tabs[TAB][1][5] == "my own note"
    sheet.type(TAB, 0, 5, " FLOOR")
    assert write(service).renamed == []
    assert column(sheet, ResultColumn.FLOOR) == [" FLOOR", 1.75]


def test_a_total_of_the_users_below_the_table_stays_and_leftovers_go(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7), event(8), [], ["Sums"]])
    write(service)
    sheet.type(TAB, 4, 5, "=SUM(F2:F3)")
    sheet.type(TAB, 3, 5, "=F2")
    sheet.type(TAB, 4, 6, "all of them")
    sheet.tabs[TAB][2][:5] = [""] * 5  # the event is gone, our cells are still there
    write(service)
    assert column(sheet, ResultColumn.FLOOR) == ["Floor", 1.75, None, "=F2", "=SUM(F2:F3)"]
    assert column(sheet, ResultColumn.GET_IN_1)[4] == "all of them"
    assert column(sheet, ResultColumn.STATUS)[2:] == []


def test_a_header_that_somebody_cleared_or_one_of_our_values_landed_on_is_written_again(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    write(service)
    sheet.type(TAB, 0, 5, "")
    sheet.type(TAB, 0, 6, "17.25")  # of an earlier write that was cut off
    assert write(service).renamed == []
    assert sheet.tabs[TAB][0] == HEADER + list(ResultColumn)


def test_a_copy_of_the_tab_and_a_wider_name_are_not_taken_for_our_columns(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    write(service)
    sheet.tabs["Copy"] = [["", "", "", "", "", "Floor"], ["", "", "", "", "", "7.5"]]
    areas = {"Copy!tickets_floor": Area("Copy", None, (5, 6)), "tickets_link_again1": Area(TAB, None, (0, 2))}
    sheet.names += [Marked(area, {"name": name, "namedRangeId": name}) for name, area in areas.items()]
    report = write(service, 1)
    assert (report.cells, report.renamed, report.is_settled) == (2, [], True)
    assert sheet.tabs["Copy"][1][5] == "7.5"
    assert column(sheet, ResultColumn.FLOOR) == ["Floor", 2.75]


def test_two_thousand_rows_take_three_reads_and_two_writes(service: SheetsService) -> None:
    sheet = start(service, [HEADER, *map(event, range(1, 2001))])
    assert write(service).rows == 2000
    assert column(sheet, ResultColumn.FLOOR)[1:] == [key / 4 for key in range(1, 2001)]
    assert len(service.data_requests()) == 5


def test_a_dry_run_counts_and_sends_nothing(service: SheetsService) -> None:
    sheet = start(service, [HEADER, event(7)])
    service.sheets.writers[SHEET_ID] = set()
    assert write(service, is_dry_run=True).made == list(ResultColumn)
    assert sheet.tabs[TAB] == [HEADER, event(7)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.RATE_LIMITED, times=2, retry_after="0"),
        Fault(FaultKind.UNAVAILABLE, times=2),
        Fault(FaultKind.RESET, times=2),  # after it was applied
        Fault(FaultKind.SLOW, delay_seconds=1.5),  # applied, but the client has given up
    ],
    ids=lambda fault: str(fault.kind),
)
@pytest.mark.parametrize("request_number", range(5))
def test_a_failed_request_loses_nothing_and_repeats_nothing(
    service: SheetsService, fault: Fault, request_number: int
) -> None:
    sheet = start(service, [HEADER, event(7), event(8)])
    before = iter([None] * request_number + [fault])

    def fail() -> None:
        if (planned := next(before, None)) is not None:
            service.sheets.faults.add(planned)

    service.sheets.before_request = fail
    report = write_to_google(service.source(writing_timeout_seconds=1.0), results)
    assert report.is_settled
    assert sheet.tabs[TAB][0] == HEADER + list(ResultColumn)
    assert column(sheet, ResultColumn.FLOOR) == ["Floor", 1.75, 2.0]


def test_what_lasts_is_an_error_with_a_fix(service: SheetsService) -> None:
    start(service, [HEADER, event(7)])
    service.sheets.writers[SHEET_ID] = set()
    with pytest.raises(SheetError, match=r"Could not write results into tab 'Events'.* as Editor"):
        write(service)
    del service.sheets.writers[SHEET_ID]
    service.sheets.faults.add(Fault(FaultKind.RATE_LIMITED, times=None))
    with pytest.raises(SheetError, match="The quota of 60 writes per minute"):
        write(service)
    service.sheets.faults.clear()
    with pytest.raises(SheetError, match=r"there is no such tab. The tabs are: 'Events'"):
        write_to_google(service.source(worksheet_name="Event"), results)


@pytest.fixture
def quiet(service: SheetsService) -> Iterator[SheetsService]:
    yield service
    service.sheets.before_request = lambda: None


@pytest.mark.parametrize("moment", [1, 3], ids=["while columns are made", "while values are written"])
@pytest.mark.parametrize(
    ("edit", "arguments"),
    [
        *(("insert_row", (at,)) for at in range(4)),  # above and below the header
        *(
            ("insert_remark", (0,)),
            ("add_event", (0,)),
            ("add_event", (9,)),
            ("delete_row", (0,)),
            ("clear_event", (1,)),
        ),
        *(("sort", (1, True)), ("insert_column", (0,)), ("insert_column", (5,)), ("insert_column", (7,))),
        *(("move_column", (7, 0)), ("move_column", (0, 9)), ("delete_column", (2,)), ("delete_column", (0,))),
        *(("rename", (0, False)), ("type_below_the_header", (1, 3, "mine")), ("fail", (FaultKind.RESET,))),
    ],
)
def test_an_edit_just_before_a_write_is_found_and_repaired(
    quiet: SheetsService, edit: str, arguments: tuple[Any, ...], moment: int
) -> None:
    editing = Editing(quiet)
    editing.edits = [lambda _: None] * moment
    getattr(editing, edit)(*arguments)
    editing.write(set())


def test_no_cell_of_the_users_changes_and_every_one_of_ours_ends_right_whatever_is_edited(
    quiet: SheetsService,
) -> None:
    run_state_machine_as_test(
        lambda: Editing(quiet), settings=settings(max_examples=15, stateful_step_count=12, deadline=None)
    )
