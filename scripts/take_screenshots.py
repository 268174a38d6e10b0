"""Take the pictures of the docs from a running web UI: `python scripts/take_screenshots.py URL OUT_DIR`.

Writes asset-graph.png (for docs/images), partitions.png, plots.png and runs.png. Needs the program chromium. For a
picture worth showing, let `ticket-pipeline run` work for some minutes first, and run the job check_data once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from ticket_pipeline_tests.end_to_end.browser import find_chromium, open_asset_graph, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

_STATUS_MILLISECONDS = 30_000


def main(url: str, folder: Path) -> None:
    """Visit the pages and write one picture each."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("Looked for the program chromium; there is none. Install the package chromium.")
    folder.mkdir(parents=True, exist_ok=True)
    with open_page(chromium, width=2000, height=1150) as page:
        _take_asset_graph(page, url, folder)
        page.set_viewport_size({"width": 1400, "height": 900})
        page.goto(f"{url}/assets/stubhub_listings?view=partitions")
        page.get_by_text("Materialized (").wait_for()
        page.screenshot(path=folder / "partitions.png")
        page.goto(f"{url}/assets/stubhub_listings?view=overview")
        page.get_by_text("Plots", exact=True).click()
        page.locator("canvas").first.wait_for()
        page.screenshot(path=folder / "plots.png")
        page.goto(f"{url}/runs")
        page.get_by_text("poll_stubhub", exact=True).first.wait_for()
        page.screenshot(path=folder / "runs.png")


def _take_asset_graph(page: Page, url: str, folder: Path) -> None:
    open_asset_graph(page, url)
    page.get_by_text("Hide navigation").click()
    # A fresh visit fits the graph into the window; only with this much room do the nodes tell their details.
    page.reload()
    page.locator("foreignObject").filter(has_text="daily_prices").get_by_text("Latest event").wait_for()
    # Statuses arrive after the drawing.
    expect(page.get_by_text("Loading")).to_have_count(0, timeout=_STATUS_MILLISECONDS)
    page.screenshot(path=folder / "asset-graph.png")


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 - the program, a URL and a folder
        sys.exit(__doc__)
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
