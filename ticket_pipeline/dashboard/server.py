"""Serves the dashboard until a signal comes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import uvicorn

from ticket_pipeline.dashboard.app import create_app
from ticket_pipeline.storage.database import Database

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings

_STATEMENT_LIMIT = timedelta(seconds=10)
_CONNECTIONS = 6


def serve(settings: Settings, database_url: str) -> None:
    """Serve the dashboard on WEB_HOST and DASHBOARD_PORT, with connections that can only read."""
    with Database(
        database_url, settings.db_schema, max_connections=_CONNECTIONS, limit=_STATEMENT_LIMIT, read_only=True
    ) as database:
        uvicorn.run(
            create_app(database, settings),
            host=settings.web_host,
            port=settings.dashboard_port,
            log_level="warning",
            access_log=False,
            server_header=False,
        )
