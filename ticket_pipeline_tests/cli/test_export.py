"""`export`: every row with its value and type, whole files or none, and nothing twice."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.events import Event
from ticket_pipeline.storage.exports import EXPORTS
from ticket_pipeline.storage.parquet import open_duckdb, stream_parquet, whole_file
from ticket_pipeline_tests.cli.conftest import Cli
from ticket_pipeline_tests.storage.stored import EXAMPLES_SHARE_A_DATABASE, Item, items, rejects, store

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=1, microsecond=250_000)
STOCK = [
    Item(listing_id="1", price=80.55, splits=(1, 2), zone="", section="=1+1", ask_price=70.5),
    Item(listing_id="2", price=9_999_999.99, zone='Upper, "left"\nbox', section=None, row="+3", is_speculative=True),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to export to; nothing is there yet."""
    return tmp_path / "exported"


@pytest.fixture
def events(synced: Cli) -> list[Event]:
    """Two events with captures on three days, today among them, and a third one without any."""
    first, second, third = synced.loopback.events(synced.loopback.keys[:3])
    for days_ago in (3, 2, 0):
        store(synced.loopback.database, first, TODAY - days_ago * DAY, STOCK, rejects(1))
        store(synced.loopback.database, second, TODAY - days_ago * DAY, items(3))
    return [first, second, third]


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def day(days_ago: int) -> str:
    return f"{TODAY - days_ago * DAY:%Y-%m-%d}"


def read(path: Path | str, columns: str = "*") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"select {columns} from read_parquet('{path}')").fetchall()  # noqa: S608


@pytest.mark.usefixtures("events")
def test_a_table_becomes_a_file_per_day_with_exact_values_and_types(synced: Cli, folder: Path) -> None:
    synced.loopback.rows("update listings set notes = '' where listing_id = '1' and price < 90")
    result = synced.run("export", "listings", "--to", str(folder))
    assert result.exit_code == 0
    assert names(folder) == [f"listings/{day(number)}.parquet" for number in (3, 2, 0)]
    assert "listings: 15 rows in 3 files" in result.stdout
    file = folder / "listings" / f"{day(3)}.parquet"
    columns = 'section, notes, "row", splits, price, ask_price, is_speculative, captured_at::varchar'
    at = f"{TODAY - 3 * DAY:%Y-%m-%d %H:%M:%S}.25+00"
    assert ("=1+1", "", None, [1, 2], Decimal("80.55"), Decimal("70.50"), False, at) in read(file, columns)
    assert (None, None, "+3", None, Decimal("9999999.99"), None, True, at) in read(file, columns)
    kinds = dict(read(file, "any_value(typeof(price)), any_value(typeof(captured_at))"))
    assert kinds == {"DECIMAL(12,2)": "TIMESTAMP WITH TIME ZONE"}


@pytest.mark.usefixtures("events")
def test_csv_has_a_header_and_runs_nothing_in_a_spreadsheet(synced: Cli, folder: Path) -> None:
    synced.run("export", "listings", "--format", "csv", "--to", str(folder), "--event", "event 0")
    (found,) = (folder / "listings").iterdir()
    with (found / f"{day(2)}.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["listing_id"]: row for row in csv.DictReader(stream)}
    assert (rows["1"]["section"], rows["1"]["splits"], rows["1"]["price"]) == ("'=1+1", "[1,2]", "80.55")
    assert (rows["2"]["row"], rows["2"]["is_speculative"], rows["2"]["section"]) == ("'+3", "true", "")


def test_chosen_events_and_days_are_files_of_their_own(synced: Cli, events: list[Event], folder: Path) -> None:
    choice = ("--event", "event 1", "--event", events[0].external_id, "--from", day(2), "--until", day(1))
    synced.run("export", "listings", "--to", str(folder), *choice)
    assert names(folder) == [f"listings/event-{n}-{events[n].event_id}/{day(2)}.parquet" for n in (0, 1)]
    nothing = synced.run("export", "listings", "--to", str(folder / "none"), "--event", "event 2")
    assert (nothing.exit_code, "Nothing was captured of event-2" in nothing.stderr) == (0, True)


@pytest.mark.usefixtures("events")
def test_what_was_complete_is_skipped_and_a_day_that_was_not_over_is_written_again(synced: Cli, folder: Path) -> None:
    export = ("export", "snapshots", "--to", str(folder))
    synced.run(*export)
    old, unfinished = (folder / "snapshots" / f"{day(number)}.parquet" for number in (3, 2))
    for path in (old, unfinished):
        path.write_bytes(b"untouched")
    evening = (TODAY - 2 * DAY).timestamp()
    os.utime(unfinished, (evening, evening))
    again = synced.run(*export)
    assert "1 complete file skipped, --overwrite writes again" in " ".join(again.stdout.split())
    assert old.read_bytes() == b"untouched"
    assert len(read(unfinished)) == 2
    synced.run(*export, "--overwrite")
    assert len(read(old)) == 2


@pytest.mark.usefixtures("events")
def test_every_table_can_be_exported_with_all_its_columns(synced: Cli, folder: Path) -> None:
    assert synced.run("export", *EXPORTS, "--to", str(folder)).exit_code == 0
    written = {name.partition("/")[0] for name in names(folder)}
    assert written >= {"listings", "snapshots", "rejected_listings", "hourly_prices", "daily_prices", "events"}
    for table in written & {name for name, export in EXPORTS.items() if export.asked is None}:
        (rows,) = synced.loopback.rows(f"select count(*) from {table}")  # type: ignore[arg-type] # noqa: S608 - our own names
        assert read(folder / table / "*.parquet", "count(*)") == [(rows["count"],)]
    assert read(folder / "rejected_listings" / "*.parquet", "distinct reasons") == [(["price is zero or less"],)]


def test_answers_are_those_of_the_question_for_each_event(synced: Cli, events: list[Event], folder: Path) -> None:
    synced.run("export", "price_trend", "market_now", "--to", str(folder))
    assert names(folder / "price_trend") == [f"{day(number)}.parquet" for number in (3, 2, 0)]
    hour = TODAY.replace(minute=0, second=0, microsecond=0) - 3 * DAY
    found = read(folder / "price_trend" / f"{day(3)}.parquet", 'event_id, "at", value')
    floor = min(item.price for item in items(3))
    assert len(found) == 2 * 24  # hours without a capture are gaps
    captured = [(event_id, value) for event_id, at, value in sorted(found) if at == hour]
    assert captured == [(events[0].event_id, None), (events[1].event_id, Decimal(str(floor)))]
    now = read(folder / "market_now" / "all.parquet", "event_id, listings")
    assert {row for row in now if row[1] is not None} == {(events[0].event_id, 2), (events[1].event_id, 3)}
    synced.run("export", "market_now", "--to", str(folder), "--format", "csv")
    assert ',"[80.55,80.55,null,null,null,null,null,null]",' in (folder / "market_now" / "all.csv").read_text()


def test_money_of_an_answer_is_exact_in_parquet(synced: Cli, events: list[Event], folder: Path) -> None:
    synced.run("export", "market_now", "--to", str(folder), "--event", events[0].external_id)
    (path,) = (folder / "market_now").rglob("*.parquet")
    kinds = read(path, "typeof(median_price), typeof(get_in_prices), get_in_prices[2:4]")
    assert kinds == [("DECIMAL(12,2)", "DECIMAL(12,2)[]", [Decimal("80.55"), None, None])]


def test_a_call_that_names_no_table_or_folder_says_what_there_is(synced: Cli) -> None:
    for arguments, words in (("listings", "--to"), ("--to x", "--list"), ("raw_payloads --to x", "fetch_attempts")):
        result = synced.run("export", *arguments.split())
        assert (result.exit_code, words in result.stderr) == (2, True), arguments


def test_a_list_of_the_tables_needs_no_database(cli: Cli) -> None:
    shown = cli.run("export", "--list", DATABASE_URL="postgresql://127.0.0.1:1/nothing").stdout
    assert [name for name in EXPORTS if name not in shown] == []


def test_a_stream_that_breaks_leaves_nothing_behind(tmp_path: Path) -> None:
    def produce(write: Callable[[bytes], object]) -> int:
        write(b"1,a\n" * 100_000)
        raise StorageError("the connection failed")

    path = tmp_path / "x.parquet"
    with open_duckdb() as connection, pytest.raises(StorageError, match="connection"), whole_file(path) as part:
        stream_parquet(connection, {"n": "INTEGER", "t": "VARCHAR"}, part, produce)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_parquet_cannot_hold_ends_in_an_error_and_not_in_waiting(tmp_path: Path) -> None:
    def produce(write: Callable[[bytes], object]) -> int:
        for _ in range(1_000):
            write(b"not a number\n" * 1_000)
        return 1_000_000

    with open_duckdb() as connection, pytest.raises(duckdb.Error), whole_file(tmp_path / "x.parquet") as part:
        stream_parquet(connection, {"n": "INTEGER"}, part, produce)
    assert list(tmp_path.iterdir()) == []


_TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@EXAMPLES_SHARE_A_DATABASE
@given(texts=st.lists(st.tuples(_TEXT, _TEXT), min_size=1, max_size=6))
def test_every_text_comes_back(synced: Cli, folder: Path, texts: list[tuple[str | None, str | None]]) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    synced.loopback.rows("truncate listings; delete from snapshots; delete from fetch_attempts")
    stock = [Item(listing_id=str(n), section=section, zone=zone) for n, (section, zone) in enumerate(texts)]
    store(synced.loopback.database, event, TODAY - DAY, stock)
    synced.run("export", "listings", "--to", str(folder), "--overwrite")
    stored = synced.loopback.rows("select section, zone from listings order by listing_id")
    found = read(folder / "listings" / f"{day(1)}.parquet", "section, zone, listing_id")
    assert [row[:2] for row in sorted(found, key=lambda row: row[2])] == [(r["section"], r["zone"]) for r in stored]
