"""Headless Chromium for Dagster's pages: for the tests, and for the pictures in the docs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import Browser, Page, expect, sync_playwright

GROUPS = ("watchlist", "snapshots", "prices")

_FLAGS = (
    "--no-sandbox",  # Chromium refuses to run as root with it, and containers are root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MILLISECONDS = 120_000


def find_chromium() -> str | None:
    """The system's Chromium; playwright's own download is not needed."""
    return shutil.which("chromium")


@contextmanager
def open_page(chromium: str, *, width: int = 1400, height: int = 900) -> Iterator[Page]:
    """A page of a new browser."""
    with open_browser(chromium) as browser, open_visit(browser, width=width, height=height) as page:
        yield page


@contextmanager
def open_browser(chromium: str) -> Iterator[Browser]:
    """A browser for many visits; starting one takes seconds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_visit(browser: Browser, *, width: int = 1400, height: int = 900) -> Iterator[Page]:
    """A page without cookies or storage of earlier visits."""
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        expect.set_options(timeout=_PATIENCE_MILLISECONDS)  # five seconds by default
        yield context.new_page()


def open_asset_graph(page: Page, url: str) -> None:
    """The lineage of all assets, with every group opened."""
    opened = ",".join(f"global@global:{group}" for group in GROUPS)
    page.goto(f"{url}/asset-groups?expanded={quote(opened, safe='')}")
    page.locator("foreignObject").filter(has_text="daily_prices").first.wait_for()
