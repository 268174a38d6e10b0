"""Records as rows: what becomes of each kind of value in CSV and in Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.cli.parquet import write_parquet
from ticket_pipeline.cli.rows import arrange_rows, write_csv
from ticket_pipeline.market.vocabulary import Marketplace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Kinds:
    """One field of each kind."""

    name: str | None
    market: Marketplace | None
    count: int | None
    price: Decimal | None
    share: float | None
    is_on: bool | None
    at: datetime | None
    on: date | None
    splits: Sequence[int] | None
    reasons: Sequence[str] | None
    fields: Mapping[str, Any] | None


NOTHING = Kinds(*[None] * 11)


def as_csv(*rows: Sequence[Any]) -> list[dict[str, str]]:
    stream = io.StringIO()
    write_csv(arrange_rows(rows), stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue())))


def test_records_stand_side_by_side_and_get_in_prices_are_columns() -> None:
    record = {"get_in_prices": [Decimal("4.58"), None], "poll_interval": timedelta(hours=12), "splits": (1, 2)}
    (row,) = as_csv(({"event_id": 7}, record, {"event_date": datetime(2026, 6, 1, 19, 30)}))  # noqa: DTZ001 - local
    assert row == {
        "event_id": "7",
        "get_in_1_price": "4.58",
        "get_in_2_price": "",
        "poll_interval_seconds": "43200.0",
        "splits": "[1, 2]",
        "event_date": "2026-06-01 19:30:00",
    }


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1"])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless_in_csv(text: str) -> None:
    (row,) = as_csv(({"name": text, "change": Decimal("-1.50"), "count": -1},))
    assert row["name"] == f"'{text}"
    assert (row["change"], row["count"]) == ("-1.50", "-1")


def test_an_ordinary_text_stays_as_it_is_in_csv() -> None:
    texts = ["101", 'Row "A", 5', "a=b", "", "two\nlines", "a\r\nb", "Z\u00fcrich"]
    assert [row["name"] for row in as_csv(*(({"name": text},) for text in texts))] == [
        text.replace("\r", "") for text in texts
    ]


def test_money_has_the_type_of_the_tables_and_more_digits_where_they_would_be_lost() -> None:
    def kind(*values: str) -> str:
        return arrange_rows([({"x": Decimal(value)},) for value in values]).columns["x"]

    assert kind("1", "9999999999.99") == "DECIMAL(12,2)"
    assert kind("0.125", "1E+3") == "DECIMAL(12,3)"
    assert kind("99999999999.99") == "DECIMAL(38,2)"


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
_RECORDS = st.builds(
    Kinds,
    st.none() | _TEXTS,
    st.none() | st.sampled_from(Marketplace),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.decimals(-(10**9), 10**9, places=2),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.booleans(),
    st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    st.none() | st.dates(),
    st.none() | st.lists(st.integers(0, 99)),
    st.none() | st.lists(_TEXTS),
    st.none() | st.dictionaries(_TEXTS, st.integers(0, 99)),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_RECORDS, min_size=1, max_size=5))
def test_parquet_brings_every_value_back_with_its_type(
    tmp_path_factory: pytest.TempPathFactory, records: list[Kinds]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "x.parquet"
    write_parquet(arrange_rows((each,) for each in records), path)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        query = 'select * replace ("at"::varchar as "at") from read_parquet(?)'
        read = connection.execute(query, [str(path)]).fetchall()
    for record, row in zip(records, read, strict=True):
        found = dict(zip((each.name for each in fields(Kinds)), row, strict=True))
        found["at"] = found["at"] and datetime.fromisoformat(found["at"])
        assert {name: value for name, value in found.items() if name != "fields"} == {
            name: getattr(record, name) for name in found if name != "fields"
        }


def test_types_do_not_depend_on_the_values_of_a_day(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_parquet(arrange_rows([(NOTHING,)]), path)
    with duckdb.connect() as connection:
        described = connection.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
    assert {name: kind for name, kind, *_ in described} == {
        "name": "VARCHAR",
        "market": "VARCHAR",
        "count": "BIGINT",
        "price": "DECIMAL(12,2)",
        "share": "DOUBLE",
        "is_on": "BOOLEAN",
        "at": "TIMESTAMP WITH TIME ZONE",
        "on": "DATE",
        "splits": "BIGINT[]",
        "reasons": "VARCHAR[]",
        "fields": "VARCHAR",
    }
