"""(j) The dashboard: its pages in a browser, its memory, and what its readers cost the polling.

`python -m benchmarks.dashboard DAYS` has so many days of hourly prices and one of listings: filling takes minutes,
not sixteen.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import httpx

from benchmarks.bodies import add_events
from benchmarks.dashboard_child import open_dashboard, open_readers
from benchmarks.ground import PLAIN, SCHEMA, open_ground
from benchmarks.marketplace import open_marketplace
from benchmarks.query_data import TINY, Size, fill, kept_database
from benchmarks.report import Goal, Report, percentile
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.end_to_end.browser import find_chromium, open_browser, open_visit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psutil
    from playwright.sync_api import Browser, Page

    from benchmarks.ground import Ground

_READERS = 20
_RENEWED_SECONDS = 15
_MOST_PAINT, _MOST_INTERACTION = 1000, 300
_MOST_MEMORY_MB, _MOST_GROWTH_MB = 150, 10
_MOST_SLOWER = 1.25

_SETTLED = """() => new Promise((resolve) => {
  const look = () => {
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    const isReady = document.getElementById('live').textContent && !document.querySelector('[data-more]');
    if (paint && isReady) resolve([paint.startTime, performance.now()]);
    else requestAnimationFrame(look);
  };
  look();
})"""
"""Milliseconds to the first paint, and until the script runs and all rows are there.

The pages' policy forbids Playwright's own way of waiting, which evaluates text.
"""

_CHANGE = """([act, isDone]) => new Promise((resolve) => {
  const started = performance.now(), done = new Function(`return ${isDone}`);
  const end = () => resolve(performance.now() - started);
  const look = () => requestAnimationFrame(done() ? end : look);
  new Function(act)();
  look();
})"""
"""Milliseconds from an input to the first frame after its result is in the page."""


def _choose(name: str, value: str) -> str:
    return (
        f"const e = document.getElementById('{name}'); e.value = '{value}'; "
        "e.dispatchEvent(new Event('input', {bubbles: true}))"
    )


_ON_EVENT = {
    "choose 4 together": (_choose("n", "4"), "document.getElementById('now').textContent.includes('Get-in 4')"),
    "choose a zone": (_choose("zone", "Zone 1"), "document.getElementById('zone_sections')"),
    "choose a year": (_choose("days", "365"), "document.querySelector('#days option[value=\"365\"][selected]')"),
}
_ON_OVERVIEW = {
    "sort by tickets": (
        "[...document.querySelectorAll('thead a')].find((a) => a.textContent === 'Tickets').click()",
        "document.querySelector('th[aria-sort]')",
    ),
    "search for an event": (
        _choose("q", "Event 4"),
        "[...document.querySelectorAll('#overview .name')].every((a) => a.textContent.includes('4'))",
    ),
}


@dataclass(frozen=True, slots=True)
class _Amount:
    """How often to measure what."""

    visits: int
    requests: int
    polls: int


def measure_dashboard(ground: Ground, *, quick: bool) -> Report:
    """Measure pages, memory and polling, on a year of hourly prices of 500 events."""
    if quick:
        return _measure_on_new(ground, TINY, _Amount(visits=1, requests=10, polls=1))
    with kept_database(ground, size := Size()) as (kept, url):
        return _measure(kept, url, size, _Amount(visits=15, requests=1000, polls=60))


def measure_shorter(days: int) -> Report:
    """The same on so many days of hourly prices, and two of listings, filled anew."""
    with open_ground(PLAIN) as ground:
        return _measure_on_new(ground, Size(days=days, listing_days=1), _Amount(visits=9, requests=1000, polls=30))


def _measure_on_new(ground: Ground, size: Size, amount: _Amount) -> Report:
    with ground.database() as url:
        fill(url, size)
        return _measure(ground, url, size, amount)


def _measure(ground: Ground, url: str, size: Size, amount: _Amount) -> Report:
    report = Report(f"(j) Dashboard of {size.events} events with {size.days} days of hourly prices; {ground.name}")
    with Database(url, SCHEMA) as database:
        events = [event.event_id for event in read_events(database, tracked_only=True)]
    with open_dashboard(url, size.now) as (address, server):
        chromium = find_chromium()
        if chromium is None:
            report.add("in a browser", "not measured", "the program chromium is not installed")
        else:
            with open_browser(chromium) as browser:
                _measure_visits(report, browser, address, events, amount.visits)
        _measure_memory(report, server, address, events, amount.requests)
        _measure_polling(report, ground, address, events, amount.polls)
    return report


def _measure_visits(report: Report, browser: Browser, address: str, events: Sequence[int], visits: int) -> None:
    """Each visit is of a browser that has nothing of the site yet."""
    random = Random(0)  # noqa: S311 - the same order each time
    pages: list[tuple[str, Callable[[], str], dict[str, tuple[str, str]]]] = [
        ("overview", lambda: address, _ON_OVERVIEW),
        ("event page", lambda: f"{address}/events/{random.choice(events)}", _ON_EVENT),
    ]
    for name, choose, changes in pages:
        took: dict[str, list[float]] = {}
        for _ in range(visits):
            with open_visit(browser) as page:
                _visit(page, choose(), changes, took)
        for what, times in took.items():
            detail = f"median of {len(times)}; 95 % within {percentile(times, 0.95):.0f} ms"
            report.add(f"{name}, {what}", f"{percentile(times, 0.5):.0f} ms", detail)
        paint = percentile(took.pop("first contentful paint"), 0.5)
        report.goals.append(Goal(f"first contentful paint, {name}", paint, _MOST_PAINT, unit=" ms"))
        took.pop("complete and ready for input")
        slowest = max(percentile(times, 0.5) for times in took.values())
        report.goals.append(Goal(f"slowest interaction, {name}", slowest, _MOST_INTERACTION, unit=" ms"))


def _visit(page: Page, url: str, changes: dict[str, tuple[str, str]], took: dict[str, list[float]]) -> None:
    page.goto(url)
    painted, ready = page.evaluate(_SETTLED)
    took.setdefault("first contentful paint", []).append(painted)
    took.setdefault("complete and ready for input", []).append(ready)
    for name, change in changes.items():
        took.setdefault(name, []).append(page.evaluate(_CHANGE, list(change)))


def _measure_memory(report: Report, server: psutil.Process, address: str, events: Sequence[int], requests: int) -> None:
    """Memory after a fifth of the requests, and after all: pages of all kinds, of events in random order."""
    random = Random(0)  # noqa: S311 - the same order each time
    kinds = ("/events/{}", "/events/{}?n=4&zone=Zone+1", "/events/{}?days=365", "/events/{}/captures", "/", "/sources")
    took: list[float] = []
    held: list[float] = []
    with httpx.Client(base_url=address, timeout=60) as client:
        for number in range(requests):
            started = time.perf_counter()
            client.get(kinds[number % len(kinds)].format(random.choice(events))).raise_for_status()
            took.append((time.perf_counter() - started) * 1000)
            if number + 1 in (requests // 5, requests):
                held.append(server.memory_info().rss / 2**20)
    first, last = held
    for kind, path in enumerate(kinds):
        own = took[kind :: len(kinds)]
        report.add(
            f"server, {path.replace('{}', 'N')}",
            f"{percentile(own, 0.5):.0f} ms",
            f"median of {len(own)}; 95 % within {percentile(own, 0.95):.0f} ms",
        )
    report.add("memory", f"{last:.0f} MB", f"after {requests:,} requests; {first:.0f} MB after {requests // 5:,}")
    report.goals.append(Goal("memory of the dashboard", last, _MOST_MEMORY_MB, unit=" MB"))
    if requests >= 1000:  # noqa: PLR2004 - before that, it still loads what it uses
        report.goals.append(Goal("growth of it", last - first, _MOST_GROWTH_MB, unit=" MB"))


def _measure_polling(report: Report, ground: Ground, address: str, events: Sequence[int], polls: int) -> None:
    """One poll after the other: alone, and beside as many open pages, which renew themselves.

    Polls write to a database of their own on the same server: the large one stays as it is for the next measure.
    """
    pages = [address, *(f"{address}/events/{event}" for event in events)]
    watched = [pages[number % len(pages)] for number in range(_READERS)]
    with (
        open_marketplace(1, 300, 0.1) as marketplace,
        ground.database() as url,
        Database(url, SCHEMA) as database,
    ):
        poll = _polling(database, marketplace)
        alone = poll(polls)
        with open_readers(watched, _RENEWED_SECONDS):
            beside = poll(polls)
    for name, times in (("", alone), (f" beside {_READERS} open pages", beside)):
        detail = f"median of {len(times)}; 95 % within {percentile(times, 0.95):.0f} ms"
        report.add(f"one poll{name}", f"{percentile(times, 0.5):.0f} ms", detail)
    slower = percentile(beside, 0.5) / percentile(alone, 0.5)
    report.goals.append(Goal(f"a poll beside {_READERS} open pages by one alone", slower, _MOST_SLOWER))


def _polling(database: Database, marketplace: str) -> Callable[[int], list[float]]:
    """Polls of one event, each in milliseconds, of which the first is not counted."""
    settings = load_settings(
        database_url=database.url,
        stubhub_api_base_url=marketplace,
        stubhub_requests_per_minute="10000",
        min_request_delay="0",
        max_request_delay="0",
    )
    event = add_events(database, 1)

    def poll_once() -> float:
        started = time.perf_counter()
        batch = asyncio.run(poll_events(database, settings, Marketplace.STUBHUB, event, now=lambda: datetime.now(UTC)))
        if batch.failures or batch.skipped:
            raise RuntimeError(f"Polled one event: failed. {batch.stopped_by or batch.failures}")
        return (time.perf_counter() - started) * 1000

    poll_once()
    return lambda count: [poll_once() for _ in range(count)]


if __name__ == "__main__":
    print(measure_shorter(int(sys.argv[1])))
