"""The pages in a real Chromium: charts read by mouse and keyboard, search, updates without flicker, phone, dark."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.end_to_end.browser import find_chromium, open_browser
from ticket_pipeline_tests.storage.stored import DAY, HOUR, NOON, event_record, items, store, watch

CHROMIUM = find_chromium()
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

NAMES = ("Glass Orchard", "Nightjar Parade", "Static Meadow")
PHONE = {"width": 390, "height": 800}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this module."""
    with open_browser(CHROMIUM or "") as opened:
        yield opened


@pytest.fixture
def events(database: Database) -> list[int]:
    """Three events with a day of captures and a gap in the middle of it."""
    found = watch(database, *(event_record(n, name=name, event_at=NOON + DAY) for n, name in enumerate(NAMES)))
    for number, event in enumerate(found):
        for hours in (*range(24, 14, -1), *range(6, -1, -1)):
            store(database, event, NOON - hours * HOUR, items(4 + number))
    rebuild_hourly(database, Span(NOON - 2 * DAY, NOON + HOUR))
    return [event.event_id for event in found]


@pytest.fixture
def page(browser: Browser, dashboard: httpx.Client) -> Iterator[Page]:
    """A page that fails the test where its own script does, or where the policy refuses something."""
    problems: list[str] = []
    with browser.new_context(base_url=str(dashboard.base_url), viewport={"width": 1400, "height": 900}) as context:
        context.set_default_timeout(20_000)
        opened = context.new_page()
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        yield opened
    assert [text for text in problems if "status of 503" not in text] == []


def names(page: Page) -> list[str]:
    """The events shown, in order."""
    return page.locator("#overview .name").all_text_contents()


@pytest.mark.usefixtures("events")
def test_the_overview_is_searched_sorted_and_walked_by_keys(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("night")
    expect(page.locator("#overview .name")).to_have_text(["Nightjar Parade"])
    assert page.url.endswith("?q=night")
    assert page.locator("#q").input_value() == "night"
    page.reload()
    assert names(page) == ["Nightjar Parade"]
    page.locator("#q").fill("")
    expect(page.locator("#overview .name")).to_have_count(3)
    page.locator("thead a", has_text="Tickets").click()
    expect(page.locator("th[aria-sort]")).to_have_text("Tickets")
    page.locator("thead a", has_text="Tickets").click()
    expect(page.locator("#overview .name").first).to_have_text("Static Meadow")
    assert "down=1" in page.url
    page.go_back()
    expect(page.locator("#overview .name").first).to_have_text("Glass Orchard")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/*")
    expect(page.locator("h1")).to_have_text("Nightjar Parade")


def test_a_chart_is_read_by_mouse_and_keys_and_its_gap_is_one(page: Page, events: list[int]) -> None:
    page.goto(f"/events/{events[0]}?days=1")
    chart = page.locator("#prices-stubhub")
    assert chart.locator(".gap").count() == 1
    assert (chart.locator(".line-1").get_attribute("d") or "").count("M") == 2
    box = chart.bounding_box() or {}
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)  # in the gap
    readout = page.locator("#prices-stubhub-card .readout")
    expect(readout).to_contain_text("Floor\N{EN DASH}")
    chart.focus()
    page.keyboard.press("Home")
    expect(readout).to_contain_text("08:00")
    expect(readout).to_contain_text("Floor100.00")
    assert page.evaluate(_APART) < 4
    page.keyboard.press("ArrowRight")
    expect(readout).to_contain_text("09:00")
    page.keyboard.press("Escape")
    expect(readout).to_be_hidden()


def test_a_page_is_brought_up_to_date_in_place(page: Page, events: list[int], database: Database) -> None:
    page.goto(f"/events/{events[0]}")
    page.locator("#zone").focus()
    page.locator("#prices-stubhub-data summary").click()
    page.evaluate("document.querySelector('h1').dataset.kept = 'yes'")
    with database.connection() as connection:
        connection.execute("update events set name = 'Glass Orchard II' where name = 'Glass Orchard'")
    page.evaluate("visit(location)")
    expect(page.locator("h1")).to_have_text("Glass Orchard II")
    assert page.locator("h1").get_attribute("data-kept") is None
    assert page.locator("#prices-stubhub-data").get_attribute("open") is not None
    page.locator("#n").select_option("4")
    page.wait_for_url("**n=4*")
    expect(page.locator("#now")).to_contain_text("Get-in 4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_scrolls_down_only_and_can_be_read(page: Page, events: list[int], scheme: str) -> None:
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for address in ("/", f"/events/{events[0]}", "/sources", "/primary-sales", "/alerts"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
        assert page.evaluate(_CONTRAST) >= 4.5, address


def test_a_marketplace_that_breaks_while_one_looks_is_told_in_place(
    page: Page, events: list[int], database: Database
) -> None:
    page.goto(f"/events/{events[0]}")
    expect(page.locator("#now")).not_to_contain_text("challenge")
    with database.connection() as connection:
        connection.execute(
            "insert into breaker_state (marketplace, state, reason, open_until) "
            "values ('stubhub', 'open', 'It showed a challenge.', %s)",
            [NOON + HOUR],
        )
    page.evaluate("visit(location)")
    expect(page.locator("#now")).to_contain_text("paused")
    expect(page.locator("#now")).to_contain_text("It showed a challenge.")
    assert page.locator("#prices-stubhub").count() == 1


def test_a_database_that_is_gone_is_told_and_the_page_stays(page: Page, events: list[int], database: Database) -> None:
    page.goto("/")
    with database.connection() as connection:
        connection.execute("alter table events rename to events_gone")
    try:
        page.evaluate("visit('/events/1')")
        expect(page.locator("#live")).to_have_text("No connection; trying again")
    finally:
        with database.connection() as connection:
            connection.execute("alter table events_gone rename to events")
    assert len(names(page)) == len(events)


_APART = """() => Math.max(...[...document.querySelectorAll(".readout:not([hidden]) span")].slice(1).map((line) => {
  const name = document.createRange();
  name.selectNodeContents(line.firstChild);
  return Math.abs(line.querySelector("b").getBoundingClientRect().top - name.getBoundingClientRect().top);
}))"""
"""How many pixels a name and its value are apart in the read-out of a chart, at most: a line is seventeen high."""

_CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.getClientRects().length || node.closest(".skip, svg, option, script")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    least = Math.min(least, (a + 0.05) / (b + 0.05));
  }
  return least;
}"""
"""The least contrast of any text with its ground, by WCAG's formula."""
