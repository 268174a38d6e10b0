"""A real headless Chromium for looking at Dagster's pages: for the tests, and for the pictures in the docs.

What belongs here: starting the browser, and the few gestures that more than one user needs. What does not: claims.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

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
_PATIENCE_MILLISECONDS = 30_000


def find_chromium() -> str | None:
    """The system's Chromium; the one that playwright would download is not needed."""
    return shutil.which("chromium")


@contextmanager
def open_page(chromium: str, *, width: int = 1400, height: int = 900) -> Iterator[Page]:
    """A page of a browser that knows nothing of earlier visits."""
    with tempfile.TemporaryDirectory(prefix="ticket-pipeline-browser-") as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=list(_FLAGS), viewport={"width": width, "height": height}
        )
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        try:
            yield context.pages[0]
        finally:
            context.close()


def open_asset_graph(page: Page, url: str) -> None:
    """The lineage of all assets, with every group opened."""
    opened = ",".join(f"global@global:{group}" for group in GROUPS)
    page.goto(f"{url}/asset-groups?expanded={quote(opened, safe='')}")
    page.locator("foreignObject").filter(has_text="daily_prices").first.wait_for()
