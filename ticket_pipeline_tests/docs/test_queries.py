"""The notebook of docs/queries.md runs from top to bottom and prints what it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from ticket_pipeline.queries.events import read_events
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.prices import HOUR, Span, hour_start, rebuild_hourly
from ticket_pipeline_tests.docs.documents import PROJECT
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.storage.stored import Item, event_record, store, watch

DAY = timedelta(days=1)
NOW = datetime.now(UTC)
TEXT = (PROJECT / "docs" / "queries.md").read_text(encoding="utf-8")
PARTS = re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
SAID = {
    "Open a database": r"",
    "What everything costs now": r"Glass Orchard, stubhub: floor 130.00 USD, 12 tickets \(ok\)\n"
    r"Glass Orchard, vivid_seats: floor 104.00 USD, 12 tickets \(ok\)\n",
    "Where prices are heading": r"stubhub: floor in USD, all_in\n  seen in 4 of \d+ hours\n"
    r"  up: 100.00 to 130.00 \(30.00 %\)\n  slope (9|10)\.\d+ a day, over 4 points\n(.|\n)+"
    r"\[Decimal\('\d+.00'\), .+\]\nstubhub: 12 tickets of 500 seats, rate 0.0240\n(.|\n)+",
    "Against the days to the event": r"stubhub, 7 days before: for one 110.00, floor 110.00\n(.|\n)+"
    r"stubhub: 1.3000 of day 8, percentile 80 of 5\nvivid_seats: 0 past events are too few to say\n",
    "In pandas": r" +floor_price +median_price +tickets +hours_covered\n(.|\n)+130.0 ",
    "Close it": r"",
}


@pytest.fixture
def seeded_url(database_server: EmbeddedServer, migrated_template: str) -> Iterator[str]:
    """A database with an event at two marketplaces, and five past events of its group."""
    with throwaway_database(database_server, template=migrated_template) as url, Database(url, "tickets") as database:
        start = hour_start(NOW) + 5 * DAY + 12 * HOUR
        for number, last in zip(count(2), (80.0, 90.0, 110.0, 120.0, 150.0), strict=False):
            _add(database, number, start - 30 * DAY * number, {8: 100.0, 5: last}, name=f"Past {number}")
        _add(database, 1, start, {8: 100.0, 7: 110.0, 6: 120.0, 5: 130.0}, name="Glass Orchard", capacity=500)
        yield url


def _add(database: Database, number: int, start: datetime, prices: dict[int, float], **changes: object) -> None:
    """An event with a capture a day: prices of its three listings by days to it; at the second market a fifth less."""
    ids = {"stubhub": str(1000 + number)} | ({"vivid_seats": "v1"} if number == 1 else {})
    (watched,) = watch(database, event_record(number, external_ids=ids, event_at=start, event_group="Tour", **changes))
    for event in read_events(database, event_id=watched.event_id):
        share = 1.0 if event.marketplace == "stubhub" else 0.8
        for days, price in prices.items():
            at = start - days * DAY - 13 * HOUR + timedelta(minutes=1)
            store(database, event, at, [Item(listing_id=str(n), price=price * share, quantity=4) for n in range(3)])
            rebuild_hourly(database, Span(hour_start(at), hour_start(at) + HOUR))


def test_the_notebook_runs_as_it_stands(
    seeded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(tmp_path / "no.env"))
    monkeypatch.setenv("DATABASE_URL", seeded_url)
    assert [title for title, _ in PARTS] == list(SAID)
    names = {"__name__": "__main__"}
    for title, text in PARTS:
        for block in re.findall(r"^```python\n(.+?)^```", text, re.MULTILINE | re.DOTALL):
            exec(compile(block, title, "exec"), names)  # noqa: S102 - it is what a reader runs
        printed = capsys.readouterr()
        assert printed.err == ""
        assert re.match(SAID[title], printed.out), (title, printed.out)
