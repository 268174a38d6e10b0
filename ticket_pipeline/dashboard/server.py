"""Serves the dashboard until a signal comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import uvicorn

from ticket_pipeline.dashboard.app import create_app
from ticket_pipeline.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from ticket_pipeline.settings.model import Settings

_STATEMENT_LIMIT = timedelta(seconds=10)
_CONNECT_SECONDS = 3
"""Somebody waits for the page, which asks again by itself."""
_CONNECTIONS = 6


def serve(settings: Settings, database_url: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Serve the dashboard on WEB_HOST and DASHBOARD_PORT; connections only read, but for one that mutes alerts."""
    asked: dict[str, Any] = {"limit": _STATEMENT_LIMIT, "connect_seconds": _CONNECT_SECONDS}
    with (
        Database(database_url, settings.db_schema, max_connections=_CONNECTIONS, read_only=True, **asked) as database,
        Database(database_url, settings.db_schema, max_connections=1, **asked) as writing,
    ):
        uvicorn.run(
            create_app(database, settings, clock, writing=writing),
            host=settings.web_host,
            port=settings.dashboard_port,
            log_level="warning",
            access_log=False,
            server_header=False,
        )
