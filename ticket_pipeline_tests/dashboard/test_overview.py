"""The overview shows what the query answers, sorted and filtered as the address says, and only as text."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from ticket_pipeline.dashboard.formats import change, money
from ticket_pipeline.dashboard.overview import Group, _sorted
from ticket_pipeline.queries.overview import overview
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.dashboard.reading import read
from ticket_pipeline_tests.storage.stored import DAY, HOUR, MINUTE, NOON, event_record, fail, items, store, watch

ATTACK, FORMULA, QUIET = "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "Glass Orchard"


@pytest.fixture
def filled(database: Database) -> Database:
    """Three events with hostile and quiet names, the last of which only fails."""
    records = [
        event_record(n, name=name, event_at=NOON + timedelta(days=9 - n))
        for n, name in enumerate((ATTACK, FORMULA, QUIET))
    ]
    dear, cheap, failing = watch(database, *records)
    for days_ago, listings in ((7.5, items(5)), (1.1, items(4)), (0.01, items(6))):
        at = NOON - timedelta(days=days_ago)
        store(database, dear, at, [*listings, *items(1, section="x")])
        store(database, cheap, at, listings[2:])
    fail(database, failing, NOON - MINUTE)
    rebuild_hourly(database, Span(NOON - 9 * DAY, NOON + HOUR))
    return database


def names(client: httpx.Client, address: str = "/") -> list[str]:
    """The events of the overview, in order, without what stands below their names."""
    rows = read(client.get(address).text).get("overview", [[]])[1:]
    return [next(name for name in (ATTACK, FORMULA, QUIET) if row[0].startswith(name)) for row in rows]


def test_numbers_are_those_of_the_query(dashboard: httpx.Client, filled: Database) -> None:
    rows = read(dashboard.get("/").text)["overview"][1:]
    expected = [
        [
            money(row.floor_price),
            str(change(row.percent_24_hours)),
            money(row.get_in_2_price),
            str(row.tickets or "\u2013"),
        ]
        for row in overview(filled, this_moment=NOON)
    ]
    shown = [[row[3], row[5], row[7].removeprefix("thin "), row[8]] for row in rows]
    assert [[cell.rpartition(">")[2] for cell in row] for row in shown] == [
        [cell.removesuffix("</span>").rpartition(">")[2] for cell in row] for row in expected
    ]
    assert {row[0] for row in shown} != {"\u2013"}


@pytest.mark.usefixtures("filled")
def test_the_address_sorts_and_filters(dashboard: httpx.Client) -> None:
    assert names(dashboard) == [QUIET, FORMULA, ATTACK]
    assert names(dashboard, "/?sort=floor") == [ATTACK, FORMULA, QUIET]
    assert names(dashboard, "/?sort=floor&down=1") == [FORMULA, ATTACK, QUIET]
    assert names(dashboard, "/?sort=week&down=1") == [FORMULA, ATTACK, QUIET]
    assert names(dashboard, "/?q=ORCHARD+glass") == [QUIET]
    assert names(dashboard, "/?trouble=1") == [QUIET]
    assert names(dashboard, "/?market=vivid_seats") == []
    assert names(dashboard, "/?sort=nonsense&market=") == [QUIET, FORMULA, ATTACK]


def test_the_farthest_move_comes_first_up_or_down() -> None:
    groups: list[Any] = [SimpleNamespace(rows=[SimpleNamespace(percent_24_hours=move)]) for move in (3, None, -20, 10)]
    moves = [group.rows[0].percent_24_hours for group in _sorted(groups, "day", is_down=True)]
    assert moves == [-20, 10, 3, None]


@pytest.mark.parametrize(
    ("spread", "thin", "expected"), [(5, [False, True], True), (5, [False], False), (None, [True], False)]
)
def test_the_spread_of_a_lone_ask_is_thin(spread: int | None, thin: list[bool], expected: bool) -> None:
    rows: list[Any] = [SimpleNamespace(is_get_in_2_thin=one) for one in thin]
    assert Group(rows, {}, None if spread is None else Decimal(spread)).is_spread_thin is expected


@pytest.mark.usefixtures("filled")
def test_names_are_text_and_no_formula_leaves_in_a_file(dashboard: httpx.Client) -> None:
    page = dashboard.get("/").text
    assert "<script>alert" not in page
    file = dashboard.get("/overview.csv?sort=event")
    assert file.headers["content-disposition"] == 'attachment; filename="overview.csv"'
    rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert {row["Event"] for row in rows} == {ATTACK, f"'{FORMULA}", QUIET}
    assert [row["Floor"] for row in rows if row["Event"] == ATTACK] == ["100.00"]


@pytest.mark.usefixtures("filled")
def test_a_page_that_has_not_changed_is_not_sent_again(dashboard: httpx.Client) -> None:
    first = dashboard.get("/")
    again = dashboard.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert dashboard.get("/?q=x", headers={"if-none-match": first.headers["etag"]}).status_code == 200


def test_an_empty_watchlist_says_what_to_do(dashboard: httpx.Client) -> None:
    assert "ticket-pipeline sync-events" in dashboard.get("/").text


def test_the_connections_can_only_read_and_nothing_can_be_sent(dashboard: httpx.Client) -> None:
    assert dashboard.post("/").status_code == 405
    assert dashboard.get("/no/such/page").status_code == 404
    assert dashboard.get("/static/../app.py").status_code == 404
