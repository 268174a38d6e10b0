"""`--json`, `--csv` and `--parquet`: one of them, on every command that shows a table."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ticket_pipeline_tests.cli.conftest import Cli
from ticket_pipeline_tests.storage.stored import Item, store


@pytest.fixture
def priced(synced: Cli) -> Cli:
    """The first event has one listing for two, whose section is a formula, in one capture."""
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    stock = [Item(section="=2+5", splits=(2,), price=80.5)]
    store(synced.loopback.database, event, datetime.now(UTC) - timedelta(minutes=1), stock)
    return synced


def test_the_same_rows_come_as_csv_and_as_parquet(priced: Cli, tmp_path: Path) -> None:
    result = priced.run("show-listings", "event 0", "--csv")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["marketplace"], row["section"], row["splits"], row["price"]) == ("stubhub", "'=2+5", "[2]", "80.50")
    file = tmp_path / "new" / "x.parquet"
    written = priced.run("show-listings", "event 0", "--parquet", str(file))
    assert (written.stdout, written.stderr) == ("", f"1 rows written to {file}.\n")
    with duckdb.connect() as connection:
        found = connection.execute(f"select section, splits, price, {', '.join(row)} from '{file}'").fetchall()  # noqa: S608
        codecs = connection.execute(f"select distinct compression from parquet_metadata('{file}')").fetchall()  # noqa: S608
    assert found[0][:3] == ("=2+5", [2], Decimal("80.50"))
    assert codecs == [("ZSTD",)]
    assert [path.name for path in file.parent.iterdir()] == ["x.parquet"]


@pytest.mark.parametrize("command", ["price-history", "section-prices"])
def test_prices_have_their_event_currency_and_get_in_prices_in_each_row(priced: Cli, command: str) -> None:
    row = list(csv.DictReader(io.StringIO(priced.run(command, "event 0", "--csv").stdout)))[-1]
    assert (row["name"], row["currency"], row["fee_basis"]) == ("Event 0", "USD", "all_in")
    assert (row["get_in_1_price"], row["get_in_2_price"]) == ("", "80.50")


def test_without_rows_csv_is_empty_and_a_parquet_file_is_refused_with_what_to_do(synced: Cli, tmp_path: Path) -> None:
    key = synced.loopback.keys[0]
    as_csv = synced.run("price-history", key, "--csv")
    assert (as_csv.exit_code, as_csv.stdout) == (0, "")
    refused = synced.run("price-history", key, "--parquet", str(tmp_path / "x.parquet"))
    assert (refused.exit_code, list(tmp_path.glob("*.parquet"))) == (1, [])
    for result in (as_csv, refused):
        assert f"ticket-pipeline fetch-listings {key}" in result.stderr


def test_one_format_at_a_time(synced: Cli) -> None:
    result = synced.run("show-events", "--json", "--csv")
    assert (result.exit_code, "choose one of" in result.stderr) == (2, True)


def test_a_folder_that_cannot_be_written_is_named(priced: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = priced.run("show-events", "--parquet", str(tmp_path / "file" / "x.parquet"))
    assert result.exit_code == 1
    assert f"Could not write {tmp_path}/file/x.parquet" in result.stderr
