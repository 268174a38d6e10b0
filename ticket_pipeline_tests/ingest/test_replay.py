"""A replay after a parser was wrong makes everything as if it had been right from the beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ticket_pipeline.ingest import replay as replaying
from ticket_pipeline.ingest.replay import ReplayReport, replay_snapshots
from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.storage.database import Row
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.prices import (
    DAY,
    HOUR,
    Span,
    contiguous_spans,
    read_stale_windows,
    rebuild_daily,
    rebuild_hourly,
)
from ticket_pipeline.storage.sales import build_sale_rules, update_sales
from ticket_pipeline_tests.ingest.loopback import Loopback, open_loopback
from ticket_pipeline_tests.ingest.scripted import ScriptedClient, answer_about, ingest_of, listing
from ticket_pipeline_tests.mortal import attempt, replay
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.storage.stored import empty

Parse = Callable[[bytes], ParsedListings]

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CAPTURES = 20
SPAN = Span(MOMENT, MOMENT + CAPTURES * HOUR)
TABLES = {
    "snapshots": ("stored_at",),
    "listings": (),
    "rejected_listings": (),
    "listing_changes": (),
    "estimated_sales": (),
    "hourly_prices": ("built_at",),
    "daily_prices": ("built_at",),
    "fetch_attempts": ("attempt_id",),
}


def market(key: str, hour: int) -> list[dict[str, object]]:
    """A market that loses, gains and reprices listings from hour to hour; some are no seats, some no prices."""
    random = Random(f"{key} {hour // 2}")  # noqa: S311 - a market, not cryptography
    items = [
        listing(number, 40 + number + random.choice((0, 0, 3.5)), section=f"{100 + number % 7}", row="A")
        for number in range(30)
        if number < 8 or random.random() < 0.8
    ]
    return [*items, listing(90, 25, section="Gold Lot"), listing(91, 0)]


def wrong(body: bytes) -> ParsedListings:
    """A parser that confuses fields; of some bodies it sees few listings, of others no price."""
    number = len(body) % 5
    if number == 0:
        return parse_stubhub_listings(body.replace(b'"sellerAllInPrice"', b'"price"'))
    if number == 1:
        return parse_stubhub_listings(body.replace(b'"sellerAllInPrice":4', b'"price":4'))
    return parse_stubhub_listings(body.replace(b'"section":"10', b'"section":"20').replace(b":43.5", b":143.5"))


def store(loopback: Loopback, parse: Parse) -> None:
    """Poll two events for some hours with a parser, into an empty database."""
    empty(loopback.database)
    loopback.watch()
    ingest = ingest_of(loopback, client=ScriptedClient(parse=parse))
    for hour in range(CAPTURES):
        for key in loopback.keys[:2]:
            ingest.store([answer_about(loopback, key, MOMENT + hour * HOUR, *market(key, hour))])
    update_sales(loopback.database, build_sale_rules(loopback.settings()))


def stored(loopback: Loopback) -> dict[str, list[Row]]:
    """Everything that follows from the captures, once prices that are marked are rebuilt."""
    for span in contiguous_spans(read_stale_windows(loopback.database, "hour"), HOUR, most=CAPTURES):
        rebuild_hourly(loopback.database, span)
    for span in contiguous_spans(read_stale_windows(loopback.database, "day"), DAY, most=CAPTURES):
        rebuild_daily(loopback.database, span.start.date(), span.end.date())
    with loopback.database.connection() as connection:
        return {
            table: connection.execute(
                sql.SQL("select to_jsonb(t) - %s::text[] as row from {} as t order by 1").format(sql.Identifier(table)),
                [list(left_out)],
            ).fetchall()
            for table, left_out in TABLES.items()
        }


def replay_all(loopback: Loopback, **how: Any) -> ReplayReport:  # noqa: ANN401 - parameters of the replay
    return replay_snapshots(loopback.database, loopback.settings(), SPAN, **how)


@pytest.fixture(scope="module")
def template(database_server: EmbeddedServer, migrated_template: str) -> Iterator[tuple[str, dict[str, list[Row]]]]:
    """The name of a database where the parser was wrong, and what is stored where it was right."""
    with throwaway_database(database_server, template=migrated_template) as url:
        with open_loopback(url) as loopback:
            store(loopback, parse_stubhub_listings)
            right = stored(loopback)
            assert all(right.values())
            store(loopback, wrong)
            false = stored(loopback)
            assert {table for table in TABLES if false[table] != right[table]} == set(TABLES)
        yield str(conninfo_to_dict(url)["dbname"]), right


@pytest.fixture
def loopback(database_server: EmbeddedServer, template: tuple[str, object]) -> Iterator[Loopback]:
    """A marketplace, and a database where the parser was wrong."""
    with throwaway_database(database_server, template=template[0]) as url, open_loopback(url) as opened:
        yield opened


@pytest.fixture
def truth(template: tuple[str, dict[str, list[Row]]]) -> dict[str, list[Row]]:
    """What is stored where the parser was right."""
    return template[1]


def test_a_replay_makes_everything_as_with_the_right_parser(loopback: Loopback, truth: dict[str, list[Row]]) -> None:
    planned = replay_all(loopback, dry_run=True)
    done = replay_all(loopback)
    assert (done.captures, done.changed, done.without_body, done.unreadable) == (40, 40, 0, 0)
    assert (planned.changed, planned.fields, planned.trust) == (done.changed, done.fields, 0)
    assert done.trust > 0
    assert set(done.fields) == {"section", "price", "all_in_price"}
    after = stored(loopback)
    assert {table for table in TABLES if after[table] != truth[table]} == set()
    again = replay_all(loopback)
    assert (again.changed, again.unchanged, again.hours) == (0, 40, set())


KILLS = 5
CALLS = 10_000
"""Fewer than those of a replay that finds nothing to do."""


def test_a_replay_that_is_killed_leaves_whole_captures_and_the_next_goes_on(
    loopback: Loopback, truth: dict[str, list[Row]]
) -> None:
    settings, random = loopback.settings(), Random(14)  # noqa: S311 - a seed, no secret
    unbalanced = "select 1 from snapshots s where accepted <> (select count(*) from listings l where"
    key = "(l.event_id, l.marketplace, l.captured_at) = (s.event_id, s.marketplace, s.captured_at))"
    for _ in range(KILLS):
        assert attempt(replay, settings, SPAN, dies_at=random.randrange(1, CALLS)) is None
        assert loopback.rows(f"{unbalanced} {key}") == []
    assert attempt(replay, settings, SPAN, dies_at="update_sales") is None
    assert isinstance(attempt(replay, settings, SPAN), int)
    after = stored(loopback)
    assert {table for table in TABLES if after[table] != truth[table]} == set()


def test_what_cannot_be_read_again_stays_and_is_counted(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    loopback.rows("delete from raw_payloads where captured_at < %s", MOMENT + 2 * HOUR)
    before = loopback.rows("select * from listings where captured_at < %s order by 1, 3, 4", MOMENT + 2 * HOUR)

    def refusing(body: bytes) -> ParsedListings:
        return parse_stubhub_listings(body if len(body) % 2 else b"gone")

    monkeypatch.setattr(replaying, "parsers", lambda _: {Marketplace.STUBHUB: refusing})
    only = loopback.keys[0]
    done = replay_all(loopback, external_ids=[only], marketplaces=[Marketplace.STUBHUB])
    assert (done.captures, done.without_body) == (20, 2)
    assert 0 < done.unreadable < 18
    assert done.changed + done.unchanged + done.unreadable + done.without_body == 20
    assert done.keys == {("stubhub", only)}
    assert loopback.rows("select * from listings where captured_at < %s order by 1, 3, 4", MOMENT + 2 * HOUR) == before
    loopback.rows(
        "insert into archive_files values (%s, 'stubhub', 'listings', 'a file', 1, 1, 1, 'dropped', now())",
        MOMENT.date(),
    )
    archived = replay_all(loopback)
    assert (archived.changed, archived.archived + archived.unreadable + archived.without_body) == (0, 40)
