"""Write results into a tab of a Google Sheet: read, write, read back, repair, until there is nothing left to change.

Each round reads the whole tab at one moment and works out the rest of the way from what is there (`results_plan`), so
that a failed request, a time-out whose request was applied after all, and a person who edits meanwhile are one case:
the next round. A round that changes nothing is one request, one that does is two.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

import requests
from gspread.utils import absolute_range_name

from ticket_pipeline.sheet.columns import WATCHLIST_ALIASES, find_header
from ticket_pipeline.sheet.google import GoogleSheetSource, RefusalError, SheetsHttpClient
from ticket_pipeline.sheet.results import ResultColumn, ResultsOf, WriteReport
from ticket_pipeline.sheet.results_grid import GRID_FIELDS, Grid, read_grid
from ticket_pipeline.sheet.results_plan import Plan, plan_write
from ticket_pipeline.sheet.source import SheetRows

_MOST_ROUNDS = 10
"""At most 10 reads and 10 writes, of 60 a minute each, however much is edited meanwhile."""


def write_to_google(
    source: GoogleSheetSource,
    results_of: ResultsOf,
    *,
    asked: Collection[ResultColumn] = (),
    is_dry_run: bool = False,
) -> WriteReport:
    """Bring the columns of results in the user's tab up to date.

    Args:
        source: the tab; the service account must be an editor of it.
        results_of: called once for each reading.
        asked: columns to make even if the user deleted them; empty: all that were never made.
        is_dry_run: send nothing, and report what would be done first.

    Raises:
        SheetError: it could not be read or written; whatever was written is right or will be repaired next time.
    """
    return _Writer(source, results_of, asked, is_dry_run=is_dry_run).write()


class _Writer:
    def __init__(
        self, source: GoogleSheetSource, results_of: ResultsOf, asked: Collection[ResultColumn], *, is_dry_run: bool
    ) -> None:
        self._source = source
        self._results_of = results_of
        self._asked = asked
        self._is_dry_run = is_dry_run
        self._report = WriteReport(source.description)
        self._refusal: RefusalError | None = None

    def write(self) -> WriteReport:
        with self._source.connected(to_write=not self._is_dry_run) as (client, key):
            for _ in range(_MOST_ROUNDS):
                if self._report.is_settled:
                    break
                self._source.retried(partial(self._round, client, key))
        if self._refusal is not None and not self._report.is_settled:
            reason = f"Google refused it ({self._refusal.reason.rstrip('.')}), {_MOST_ROUNDS} times."
            raise self._source.error(reason, to_write=True) from self._refusal
        return self._report

    def _round(self, client: SheetsHttpClient, key: str) -> None:
        """Read, and send what is to be done next; a retry does both again, so that its body fits what is there."""
        with self._source.naming_tabs(client, key, to_write=True):
            grid = self._read(client, key)
        plan = self._plan(grid)
        if self._is_dry_run:
            self._report.cells, self._report.made = plan.cells, plan.made
        self._report.is_settled = self._is_dry_run or not (plan.requests or plan.data)
        if not self._report.is_settled:
            self._send(client, key, plan)

    def _read(self, client: SheetsHttpClient, key: str) -> Grid:
        tab = absolute_range_name(self._source.worksheet_name)
        query: Any = {"ranges": tab, "fields": GRID_FIELDS}
        body = client.fetch_sheet_metadata(key, query)
        try:
            return read_grid(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise self._source.error("the response is not one of the Sheets API.", to_write=True) from error

    def _plan(self, grid: Grid) -> Plan:
        rows = SheetRows(grid.values, self._source.description)
        results = self._results_of(rows)
        header_at = find_header(grid.values, WATCHLIST_ALIASES)
        if header_at is None:
            raise self._source.error("it is empty. Check that it is the right sheet and tab.", to_write=True)
        plan = plan_write(grid, header_at, results, self._asked)
        self._report.rows, self._report.renamed, self._report.deleted = len(results), plan.renamed, plan.deleted
        return plan

    def _send(self, client: SheetsHttpClient, key: str, plan: Plan) -> None:
        """Send columns to make, else values; what Google cannot apply because of an edit is worked out anew."""
        try:
            if plan.requests:
                client.batch_update(key, {"requests": plan.requests})
                self._report.made += plan.made
            else:
                client.values_batch_update(key, {"valueInputOption": "RAW", "data": plan.data})
                self._report.cells += plan.cells
            self._refusal = None
        except RefusalError as refusal:
            if refusal.status != requests.codes.bad_request or "protected" in refusal.reason:
                raise
            self._refusal = refusal
