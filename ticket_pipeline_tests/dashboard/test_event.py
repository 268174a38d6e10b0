"""An event's page shows what the queries answer for what its address asks, and survives any address."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from itertools import accumulate
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.dashboard.event_charts import _expected
from ticket_pipeline.dashboard.formats import clock, count, money
from ticket_pipeline.market.sale_rates import DEFAULT_SALE_RULES
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.queries.changes import listing_changes
from ticket_pipeline.queries.comparables import comparables
from ticket_pipeline.queries.market import market_depth, market_now, sections_now, spread
from ticket_pipeline.queries.prices import PriceBucket, price_history, section_prices
from ticket_pipeline.queries.sales import estimated_sales
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.sales import update_sales
from ticket_pipeline_tests.dashboard.reading import read
from ticket_pipeline_tests.storage.conftest import filled_template, open_clone
from ticket_pipeline_tests.storage.stored import (
    DAY,
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    NOON,
    Item,
    event_record,
    fail,
    items,
    store,
    watch,
)

NAME, ZONE = "<b>Nightjar & Sons</b>", "=Lower '\"<i>"
NEW_YORK = ZoneInfo("America/New_York")
KEYS = {"stubhub": "1001", "vivid_seats": "2001"}


def fill(database: Database) -> int:
    """An event at two marketplaces: two days of captures, then a gap of failures, then one more."""
    (event,) = watch(database, event_record(1, name=NAME, event_at=NOON + 3 * DAY, external_ids=KEYS))
    for hours in (*range(50, 20, -1), 1):
        listings = [
            *items(5, zone=ZONE),
            *(Item(price=300.0 + n, listing_id=f"u{n}", section="9") for n in range(max(hours, 20))),
        ]
        store(database, event, NOON - hours * HOUR, listings)
    fail(database, event, NOON - 5 * HOUR, Outcome.BLOCKED)
    rebuild_hourly(database, Span(NOON - 3 * DAY, NOON + HOUR))
    return event.event_id


@pytest.fixture(scope="module")
def template(database_server: EmbeddedServer, migrated_template: str) -> Iterator[tuple[str, int]]:
    """The name of a database with that event, and its id."""
    with filled_template(database_server, migrated_template, fill) as made:
        yield made


@pytest.fixture
def database(database_server: EmbeddedServer, template: tuple[str, int]) -> Iterator[Database]:
    """A clone of it."""
    with open_clone(database_server, template[0]) as opened:
        yield opened


@pytest.fixture
def event_id(template: tuple[str, int]) -> int:
    """The event of it."""
    return template[1]


def shown(client: httpx.Client, address: str) -> dict[str, list[list[str]]]:
    """The tables of a page that is found."""
    response = client.get(address)
    assert response.status_code == 200, response.text
    return read(response.text)


def test_the_tables_are_those_of_the_queries(dashboard: httpx.Client, database: Database, event_id: int) -> None:
    tables = shown(dashboard, f"/events/{event_id}?n=2")
    asked: dict[str, Any] = {"this_moment": NOON}
    now = market_now(database, event_id, **asked)
    assert [[row[2], row[5], row[7], row[10]] for row in tables["now"][1:]] == [
        [
            money(one.floor_price),
            money(one.get_in_prices and one.get_in_prices[1]),
            money(one.median_price),
            count(one.tickets),
        ]
        for one in now
    ]
    steps = [step for one in market_depth(database, event_id, together=2, **asked) for step in one.steps]
    assert [row[1:4] for row in tables["depth"][1:]] == [
        [money(step.up_to_price), count(step.listings), count(step.tickets)] for step in steps
    ]
    zones = section_prices(database, event_id, span=Span(NOON - 30 * DAY + HOUR, NOON + HOUR))
    assert [[row[0], row[3], row[7]] for row in tables["sections"][1:]] == [
        ["whole event" if one.zone == "*" else one.zone, money(one.floor_price), money(one.median_price)]
        for one in zones
    ]
    changed = listing_changes(database, event_id, span=Span(NOON - 30 * DAY + HOUR, NOON + HOUR), limit=100)
    assert [[row[2], row[9], row[10]] for row in tables["changes"][1:]] == [
        [one.change, money(one.old_price), money(one.new_price)] for one in changed
    ]
    assert len(changed) > 20
    of_zone = shown(dashboard, f"/events/{event_id}?n=2&zone=9")["zone_sections"]
    assert [[row[0], row[3], row[4].removeprefix("thin "), row[6], row[7]] for row in of_zone[1:]] == [
        [one.section, money(one.floor_price), money(one.get_in_price), count(one.listings), count(one.tickets)]
        for one in sections_now(database, event_id, zone="9", together=2, **asked)
    ]
    assert {row[0] for row in tables["sections"]} >= {ZONE, "9"}
    assert [row[2] for row in tables["spread"][1:]] == [
        money(one.get_in_price) for one in spread(database, event_id, together=2, **asked)
    ]


def test_a_chart_is_its_query_and_breaks_where_nothing_was_seen(
    dashboard: httpx.Client, database: Database, event_id: int
) -> None:
    page = dashboard.get(f"/events/{event_id}?days=7&n=1").text
    (series,) = price_history(
        database, event_id, span=Span(NOON - 7 * DAY + HOUR, NOON + HOUR), bucket=HOUR, timezone="America/New_York"
    )
    expected = [[money(one.floor_price), money(one.get_in_prices[0])] for one in series.buckets]
    rows = read(page)["prices-stubhub-card"][1:]
    assert [row[1:3] for row in rows] == expected[:-1]  # the hour that has just begun is no gap
    assert [row[-1] for row in rows if row[-1]] == ["1 failed attempt, no capture"]
    assert page.count('class="gap"') == 2  # in the chart of prices, and in that of what is for sale
    assert "USD per ticket, all-in" in page
    assert "local time at the venue (America/New York)" in page


def test_seats_of_ones_own_are_compared(dashboard: httpx.Client, database: Database, event_id: int) -> None:
    rows = shown(dashboard, f"/events/{event_id}?section=9&n=2&own_price=310")["comparables"][1:]
    (found,) = comparables(database, event_id, this_moment=NOON, quantity=2, section="9", ask=310)
    assert [[row[0], row[3], row[9]] for row in rows] == [
        [ring.name, count(ring.listings), count(ring.ask_rank)] for ring in found.rings
    ]
    assert "is not a price" in dashboard.get(f"/events/{event_id}?section=9&own_price=cheap").text
    assert "Name the section" in dashboard.get(f"/events/{event_id}?rows=1-2").text


@pytest.mark.parametrize("address", ["?section=9", "?axis=days", f"?zone={quote(ZONE)}", "/captures"])
def test_every_table_and_chart_is_a_file(dashboard: httpx.Client, event_id: int, address: str) -> None:
    page = dashboard.get(f"/events/{event_id}{address}").text
    tables = {name.removesuffix("-card"): rows for name, rows in read(page).items()}
    files = {
        link.rpartition("/")[2].partition(".csv")[0]: list(csv.reader(io.StringIO(dashboard.get(unescape(link)).text)))
        for link in re.findall(r'href="([^"]+)" download', page)
    }
    assert {name: len(rows) for name, rows in files.items()} == {name: len(rows) for name, rows in tables.items()}
    assert not [cell for rows in files.values() for row in rows for cell in row if re.match(r"[=+@\t]|-\D", cell)]


def test_the_file_of_a_chart_has_whole_values_and_their_unit(dashboard: httpx.Client, event_id: int) -> None:
    file = dashboard.get(f"/events/{event_id}/prices-stubhub.csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(file)))
    assert rows[-1]["local time at the venue (America/New York)"] == (NOON - HOUR).astimezone(NEW_YORK).isoformat()
    assert Decimal(rows[-1]["Floor (USD per ticket, all-in)"]) == 100
    assert "failed attempt" in " ".join(row["Remarks"] for row in rows)


def test_captures_lead_to_their_runs(dashboard: httpx.Client, database: Database, event_id: int) -> None:
    with database.connection() as connection:
        connection.execute("update fetch_attempts set run_id = 'abcdef01-2345'")
    page = dashboard.get(f"/events/{event_id}/captures").text
    assert len(read(page)["captures"]) == 1 + 31
    assert 'href="http://127.0.0.1:3000/runs/abcdef01-2345"' in page


def test_months_in_the_archive_are_named_where_their_changes_are_missing(
    dashboard: httpx.Client, database: Database, event_id: int
) -> None:
    page = f"/events/{event_id}?days=7"
    assert "archive" not in dashboard.get(page).text
    with database.connection() as connection:
        connection.execute(
            "insert into archive_files values (%s, 'stubhub', 'listings', 'a file', 1, 1, 1, 'dropped', now())",
            [NOON.replace(day=1).date()],
        )
    assert f"first run `ticket-pipeline archive restore {NOON:%Y-%m}`" in dashboard.get(page).text


def test_a_page_is_made_anew_when_an_attempt_has_ended(
    dashboard: httpx.Client, database: Database, event_id: int
) -> None:
    known = {"if-none-match": dashboard.get(f"/events/{event_id}").headers["etag"]}
    assert dashboard.get(f"/events/{event_id}", headers=known).status_code == 304
    assert dashboard.get(f"/events/{event_id}?n=4", headers=known).status_code == 200
    with database.connection() as connection:
        connection.execute("update poll_schedule set last_attempt_at = %s", [NOON])
    assert dashboard.get(f"/events/{event_id}", headers=known).status_code == 200


def test_names_are_text_wherever_they_stand(dashboard: httpx.Client, event_id: int) -> None:
    for address in ("", "/captures", f"?zone={ZONE}", "?axis=days"):
        page = dashboard.get(f"/events/{event_id}{address}").text
        assert "<b>" not in page
        assert "<i>" not in page


def test_an_event_that_is_not_there_is_not_found(dashboard: httpx.Client) -> None:
    assert dashboard.get("/events/99").status_code == 404
    assert dashboard.get("/events/99999999999999999999").status_code == 404
    assert dashboard.get("/events/1/secrets.csv").status_code == 404


@given(
    st.dictionaries(
        st.sampled_from(["n", "zone", "days", "market", "fees", "axis", "section", "rows", "own_price", "all"]),
        st.one_of(
            st.sampled_from(["1", "8", "365", "days", "9", "A-C", "1-3", "vivid_seats", "ask", "\0"]),
            st.text(max_size=8),
        ),
    )
)
@EXAMPLES_SHARE_A_DATABASE
def test_any_address_of_an_event_is_a_page(dashboard: httpx.Client, event_id: int, query: dict[str, str]) -> None:
    response = dashboard.get(f"/events/{event_id}", params=query)
    is_known = query.get("zone", "").casefold() in {"", "*", "9", ZONE.casefold()}
    assert response.status_code == (200 if is_known else 404), response.text


def test_a_zone_that_is_not_there_is_named_with_those_that_are(dashboard: httpx.Client, event_id: int) -> None:
    for address in ("", "/captures", "/sections.csv"):
        answer = dashboard.get(f"/events/{event_id}{address}?zone=unknown")
        assert answer.status_code == 404
        assert "This event has no zone &#39;unknown&#39;. It has 9, " in answer.text


def test_captures_are_of_the_zone_number_and_moment_of_the_address(dashboard: httpx.Client, event_id: int) -> None:
    at = NOON - 30 * HOUR
    table = shown(dashboard, f"/events/{event_id}/captures?n=2&zone=9&at={at.isoformat().replace('+', '%2B')}")[
        "captures"
    ]
    assert (table[0][7], len(table)) == ("Get-in 2", 1 + 21)
    assert table[1][:9] == [
        clock(at, "America/New_York"),
        "StubHub",
        "30",
        "0",
        "60",
        "USD, all-in",
        "300.00",
        "300.00",
        "314.50",
    ]
    assert shown(dashboard, f"/events/{event_id}/captures?fees=ask").get("captures") is None


def test_numbers_lead_to_the_captures_that_they_are_of(dashboard: httpx.Client, event_id: int) -> None:
    at = (NOON - HOUR).isoformat().replace(":", "%3A").replace("+", "%2B")
    for address in ("/", f"/events/{event_id}"):
        assert (
            dashboard.get(address).text.count(f"/captures?market=stubhub&amp;at={at}")
            + dashboard.get(address).text.count(f"/captures?at={at}&amp;market=stubhub")
            > 3
        )
    page = dashboard.get(f"/events/{event_id}/captures?at={at}").text
    assert read(page)["captures"][1][0] == clock(NOON - HOUR, "America/New_York")


@given(st.lists(st.integers(1, 6), min_size=12, max_size=30), st.integers(0, 11), st.integers(40, 90))
def test_only_a_time_much_longer_than_usual_is_a_gap(steps: list[int], place: int, outage: int) -> None:
    polled = list(accumulate(steps, initial=0))
    late = [number + (outage if number > polled[place] else 0) for number in polled]
    for numbers, has_gap in ((polled, False), (late, True)):
        buckets = [PriceBucket(NOON + n * HOUR, snapshots=int(n in set(numbers))) for n in range(numbers[-1] + 1)]
        kept = list(_expected(buckets))
        assert sum(not one.is_gap for one in kept) == len(numbers)
        assert (sum(one.is_gap for one in kept) >= outage) == has_gap


def test_estimated_sales_are_bars_with_their_range(dashboard: httpx.Client, database: Database, event_id: int) -> None:
    assert "Estimated sales" not in dashboard.get(f"/events/{event_id}?days=7").text
    update_sales(database, DEFAULT_SALE_RULES)
    end = NOON + HOUR
    sold = estimated_sales(database, event_id, span=Span(end - 7 * DAY, end), timezone="America/New_York", by=DAY)
    page = dashboard.get(f"/events/{event_id}?days=7").text
    assert "Estimated sales, StubHub" in page
    tables = read(page)
    (rows,) = [rows for name, rows in tables.items() if "sales-stubhub" in name]
    expected = [[f"{number:,.1f}" for number in (one.tickets, one.low_tickets, one.high_tickets)] for one in sold]
    assert [row[1:4] for row in rows[1:]] == expected
