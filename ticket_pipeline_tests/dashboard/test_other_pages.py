"""Sources and primary sales: what the queries answer, in words and figures."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx

from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.queries.sources import read_sources
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.ticket_sales import read_sales, rebuild, rebuild_summary
from ticket_pipeline_tests.dashboard.reading import read
from ticket_pipeline_tests.storage.stored import MINUTE, NOON, fail, query, vivenu_event, watch_one
from ticket_pipeline_tests.storage.test_ticket_sales import sell


def test_a_paused_source_says_why_and_how_to_go_on(dashboard: httpx.Client, database: Database) -> None:
    fail(database, watch_one(database), NOON - MINUTE, Outcome.BLOCKED)
    query(
        database,
        "insert into breaker_state (marketplace, state, reason, open_until) "
        "values ('stubhub', 'open', 'It showed <a> challenge.', %(until)s) returning marketplace",
        until=NOON + timedelta(hours=1),
    )
    page = dashboard.get("/sources").text
    assert "It showed &lt;a&gt; challenge." in page
    assert "ticket-pipeline resume stubhub" in page
    assert "it was too slow" in page


def test_a_source_shows_what_fails_and_which_fields_changed(dashboard: httpx.Client, database: Database) -> None:
    event = watch_one(database)
    fail(database, event, NOON - MINUTE)
    query(
        database,
        "insert into payload_changes (detected_at, marketplace, path, change, after, event_id, captured_at)"
        " values (%(at)s, 'stubhub', '[].<b>', 'added', 'string', %(event)s, %(at)s) returning change_id",
        at=NOON - MINUTE,
        event=event.event_id,
    )
    page = dashboard.get("/sources").text
    assert ">timeout</td>" in page
    assert "[].&lt;b&gt;</td><td>new, string</td>" in page
    assert f'href="/events/{event.event_id}"' in page
    (link,) = re.findall(r'href="([^"]+)" download aria-label="Failed attempts', page)
    assert dashboard.get(link).text.splitlines()[1].startswith("timeout,1,")
    assert dashboard.get("/sources/stubhub-secrets.csv").status_code == 404


def test_sources_are_those_of_the_query(dashboard: httpx.Client, database: Database) -> None:
    expected = read_sources(database, list(SOURCES), since=NOON - timedelta(days=1), this_moment=NOON)
    lines = dashboard.get("/sources.csv").text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [str(one.marketplace) for one in expected]


def test_primary_sales_are_those_of_the_summary(dashboard: httpx.Client, database: Database) -> None:
    sold = [{"created_at": NOON - timedelta(days=days)} for days in range(3)]
    sell(database, *sold, event=vivenu_event("e1", name="<i>Race"))
    rebuild(database, "sales_daily")
    rebuild_summary(database, NOON)
    (summary,) = read_sales(database, "summary")
    page = dashboard.get("/primary-sales").text
    assert read(page)["primary-sales"][1][:4] == ["<i>Race", f"{summary['event_on']:%d %b %Y}", "3", "10"]
    tables = read(dashboard.get("/primary-sales/e1").text)
    assert [row[1] for row in tables["daily-card"][1:]] == ["1", "1", "1"]
    assert [row[1] for row in tables["total-card"][1:]] == ["1", "2", "3"]
    assert tables["types"][1][1] == "3"
    assert '<a href="http://127.0.0.1:3000/assets/vivenu_summary">3</a>' in page, "numbers lead to what made them"
    links = re.findall(r'href="([^"]+)" download', dashboard.get("/primary-sales/e1").text)
    assert {link.rpartition("/")[2] for link in links} >= {"types.csv", "daily.csv", "total.csv"}
    assert all(len(dashboard.get(link).text.splitlines()) > 1 for link in links)


def test_what_is_not_there_is_not_found(dashboard: httpx.Client, database: Database) -> None:
    assert dashboard.get("/primary-sales/%00").status_code == 404
    with database.connection() as connection:
        connection.execute("truncate vivenu_summary")  # other tests sell in the same database
    for address in ("/primary-sales/none", "/primary-sales/e1/secrets.csv", "/static/app.py"):
        assert dashboard.get(address).status_code == 404
    assert "ticket-pipeline pipelines run default" in dashboard.get("/primary-sales").text
