"""Each row of the user's table gets the numbers of its own event, of one marketplace, or the reason why it has none."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ticket_pipeline.errors import SheetError
from ticket_pipeline.market.vocabulary import Health, Marketplace
from ticket_pipeline.outputs.sheet_results import build_results, write_results
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.queries.overview import overview
from ticket_pipeline.queries.results import EventResult, choose_result, read_results
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.results import ResultColumn
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.storage.stored import DAY, HOUR, NOON, event_record, items, store, watch

HEADER = ["Event Name", "Event Date (Local)", "viagId", "Vivid Seats ID", "is_tracked"]
IDS = {"stubhub": "1001", "vivid_seats": "2001"}


def row(name: str, *ids: str, tracked: str = "") -> list[str]:
    """A row of the user's table."""
    return [name, "2026-06-01 19:30", *ids, *[""] * (2 - len(ids)), tracked]


def results(database: Database, *rows: list[str]) -> list[dict[ResultColumn, Any]]:
    """What the rows get."""
    found = build_results(database, Settings(), NOON)(SheetRows([HEADER, *rows], "a sheet"))
    assert sorted(found) == list(range(2, len(rows) + 2))
    return [dict(found[number]) for number in sorted(found)]


@pytest.fixture
def event_id(database: Database) -> int:
    """One event at two marketplaces: cheaper at Vivid Seats, and a week of history there."""
    watch(database, event_record(1, external_ids=IDS), event_record(2), event_record(3, external_ids={"stubhub": "3"}))
    by_marketplace = {each.marketplace: each for each in read_events(database) if each.external_id in IDS.values()}
    vivid = by_marketplace[Marketplace.VIVID_SEATS]
    for age, price in ((7 * DAY, 50.0), (DAY, 80.0), (0 * DAY, 60.0)):
        lots = [replace(each, price=price + number, quantity=4) for number, each in enumerate(items(4))]
        store(database, vivid, NOON - HOUR - age, lots)
    store(database, by_marketplace[Marketplace.STUBHUB], NOON - HOUR, items(5))
    rebuild_hourly(database, Span(NOON - 8 * DAY, NOON))
    return vivid.event_id


def test_a_row_gets_the_numbers_of_the_marketplace_with_the_lowest_floor(database: Database, event_id: int) -> None:
    (cells,) = results(database, row("Event 1", *IDS.values()))
    assert cells == {
        ResultColumn.FLOOR: Decimal(60),
        ResultColumn.GET_IN_1: Decimal(60),
        ResultColumn.GET_IN_2: Decimal(60),
        ResultColumn.GET_IN_4: Decimal(60),
        ResultColumn.CHANGE_24_HOURS: Decimal("-25.00"),
        ResultColumn.CHANGE_7_DAYS: Decimal("20.00"),
        ResultColumn.TICKETS: 16,
        ResultColumn.ESTIMATED_SALES: None,
        ResultColumn.PERCENTILE: None,
        ResultColumn.LAST_SEEN: NOON - HOUR,
        ResultColumn.STATUS: "Vivid Seats, USD, all fees in (also at StubHub)",
        ResultColumn.LINK: f"http://127.0.0.1:3001/events/{event_id}",
    }


def test_only_marketplaces_that_the_row_names_count(database: Database, event_id: int) -> None:
    (cells,) = results(database, row("Event 1", "1001"))
    assert (cells[ResultColumn.FLOOR], cells[ResultColumn.STATUS]) == (Decimal(100), "StubHub, USD, all fees in")
    assert event_id


@pytest.mark.usefixtures("event_id")
def test_a_row_without_numbers_says_why(database: Database) -> None:
    found = results(
        database,
        row("Event 1", "1001", tracked="FALSE"),
        row("Event 2", "1002"),
        row("New", "4711"),
        row("No id"),
        row("Event 3", "1e9"),
    )
    lost = (
        "Not followed: viagId '1e9' is in scientific notation, so digits are lost: format the column as plain text "
        "and enter the digits again."
    )
    assert [cells[ResultColumn.STATUS] for cells in found] == [
        "Not followed: is_tracked is FALSE.",
        "StubHub. Never seen: no attempt has ended yet",
        "Not read yet: the next sync of the watchlist takes it in.",
        "Not followed: The row has no marketplace id: fill in viagId or Vivid Seats ID.",
        lost,
    ]
    assert [cells.get(ResultColumn.FLOOR, "blank") for cells in found] == ["blank", None, "blank", "blank", "blank"]


def test_results_are_the_overview_with_the_get_in_price_for_four(database: Database, event_id: int) -> None:
    found = read_results(database, this_moment=NOON)
    plain = overview(database, this_moment=NOON)
    assert [tuple(getattr(each, name) for name in plain[0].__slots__) for each in found] == [
        tuple(getattr(each, name) for name in each.__slots__) for each in plain
    ]
    prices = {each.marketplace: each.get_in_4_price for each in found if each.event_id == event_id}
    assert prices == {Marketplace.VIVID_SEATS: Decimal(60), Marketplace.STUBHUB: None}  # lots of two


def test_one_entry_stands_for_an_event_and_nothing_is_summed(database: Database, event_id: int) -> None:
    (known, *_) = [each for each in read_results(database, this_moment=NOON) if each.event_id == event_id]

    def entry(marketplace: Marketplace, floor: int | None, **changes: Any) -> EventResult:  # noqa: ANN401 - its fields
        return replace(known, marketplace=marketplace, floor_price=floor and Decimal(floor), **changes)

    dear, cheap = entry(Marketplace.STUBHUB, 90), entry(Marketplace.VIVID_SEATS, 80)
    before_fees = entry(Marketplace.STUBHUB, 10, fee_basis="ask")
    stale = entry(Marketplace.STUBHUB, 20, health=Health.STALE)
    euros, nothing = entry(Marketplace.STUBHUB, 5, currency="EUR"), entry(Marketplace.STUBHUB, None, currency=None)
    assert choose_result([]) is None
    assert choose_result([nothing]) is nothing
    assert choose_result([dear, cheap, before_fees, stale, euros, nothing]) is cheap


# --- a CSV watchlist ----------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A watchlist as Excel saves it in Germany, with a name that a spreadsheet would run."""
    path = tmp_path / "shows.csv"
    lines = [["My shows"], HEADER, row("=cmd|'/c calc'!A1", *IDS.values()), row("No id")]
    path.write_text("\n".join(";".join(line) for line in lines), encoding="utf-8")
    return Settings(watchlist_csv=path)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))


@pytest.mark.usefixtures("event_id")
def test_a_csv_watchlist_gets_a_file_beside_it_and_stays_as_it_is(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    before = (tmp_path / "shows.csv").read_bytes()
    assert write_results(database, settings, NOON, is_dry_run=True).cells == 24
    assert [path.name for path in tmp_path.iterdir()] == ["shows.csv"]
    report = write_results(database, settings, NOON)
    assert (report.rows, report.cells, report.is_settled) == (2, 24, True)
    good, bad = read_csv(tmp_path / "shows.results.csv")
    assert (good["Row"], good["Floor"], good["Change 24 h"], good["viagId"]) == ("3", "60.00", "-25.00", "1001")
    assert good["Event Name"] == "'=cmd|'/c calc'!A1"
    assert good["Last seen"] == "2026-03-02T11:00:00+00:00"
    assert bad["Status"].startswith("Not followed: The row has no marketplace id")
    assert (tmp_path / "shows.csv").read_bytes() == before
    written_at = (tmp_path / "shows.results.csv").stat().st_mtime_ns
    assert write_results(database, settings, NOON).cells == 0
    assert (tmp_path / "shows.results.csv").stat().st_mtime_ns == written_at
    write_results(database, settings, NOON, asked=[ResultColumn.FLOOR])
    assert list(read_csv(tmp_path / "shows.results.csv")[0])[-2:] == ["Vivid Seats ID", "Floor"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shows.csv", "shows.results.csv"]


def test_a_folder_that_cannot_be_written_to_is_named(database: Database, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "shows.results.csv").mkdir()
    with pytest.raises(SheetError, match=r"shows\.results\.csv: Is a directory"):
        write_results(database, settings, NOON)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shows.csv", "shows.results.csv"]
