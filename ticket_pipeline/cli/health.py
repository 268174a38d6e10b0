"""`health`: whether the pipeline works, for a supervisor, a cron job or a dead man's switch."""

from __future__ import annotations

from typing import Annotated

import typer

from ticket_pipeline.alerts.health import check_health, ping
from ticket_pipeline.cli.formats import utc_now
from ticket_pipeline.cli.tables import JsonOption, note, show_findings, show_json
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.market.findings import State
from ticket_pipeline.settings.model import load_settings


def health(
    *,
    send_ping: Annotated[
        bool, typer.Option("--ping", help="Request HEALTH_PING_URL, a dead man's switch, if nothing is failing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check database, daemon, polling, disk, channels and incidents. Exit code 0: nothing is failing; 1: something is.

    It starts nothing and needs no Dagster, so that it works where everything else is down. A warning, such as an open
    incident, is not a failure: the daemon sends a message about it.

        ticket-pipeline health
    """
    settings = load_settings()
    polled = [name for name, source in SOURCES.items() if why_not_polled(source, settings) is None]
    findings = check_health(settings, polled, utc_now())
    is_healthy = all(one.state is not State.FAILING for one in findings)
    if as_json:
        show_json({"is_healthy": is_healthy, "checks": findings})
    else:
        show_findings(findings)
    if is_healthy and send_ping and (error := ping(settings)) is not None:
        note(f"Error: Could not request HEALTH_PING_URL: {error}. Check the address and the network.")
        raise typer.Exit(1)
    if not is_healthy:
        raise typer.Exit(1)
