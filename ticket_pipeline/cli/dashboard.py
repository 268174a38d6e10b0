"""`dashboard`: the pages in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import show_facts
from ticket_pipeline.settings.model import load_settings


def dashboard(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port; 0: any free one; default DASHBOARD_PORT.")
    ] = None,
) -> None:
    """Serve the dashboard until Ctrl-C: events, prices and sources in the browser, read from the database.

    `ticket-pipeline run` serves it, too. Listens on loopback unless WEB_HOST says otherwise.

        ticket-pipeline dashboard --port 3001
    """
    from ticket_pipeline.dashboard.server import serve  # noqa: PLC0415 - loads a web server

    settings = load_settings() if port is None else load_settings(dashboard_port=str(port))
    with open_migrated(settings) as database:
        show_facts([("Dashboard", settings.dashboard_address), ("Stop", "Ctrl-C")])
        serve(settings, database.url)
