"""The app: which address shows which page, behind the guard, and what an error looks like."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from ticket_pipeline.charts.drawing import style_sheet
from ticket_pipeline.dashboard import alerts, event, muting, overview, primary_sales, sources
from ticket_pipeline.dashboard.pages import FOLDER, Board, answer
from ticket_pipeline.errors import StorageError
from ticket_pipeline.web_guard import STRICT_HEADERS, Guard, allowed_hosts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database

_THREADS = 8
"""Pages made at once; each statement of theirs has a time limit, so that slow ones do not hold all for long."""

_STATIC = {"app.css": "text/css", "app.js": "text/javascript"}


def create_app(
    database: Database,
    settings: Settings,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    *,
    writing: Database | None = None,
) -> Starlette:
    """The dashboard.

    Args:
        database: read only.
        settings: of the user.
        clock: gives the moment that pages are of.
        writing: for muting alerts; None: the pages offer none.
    """
    board = Board(database, settings, clock, writing=writing)
    pages = {
        "/": overview.page,
        "/overview.csv": overview.download,
        "/events/{event_id:int}": event.page,
        "/events/{event_id:int}/captures": event.captures,
        "/events/{event_id:int}/{table}.csv": event.download,
        "/primary-sales": primary_sales.page,
        "/primary-sales.csv": primary_sales.download,
        "/primary-sales/{key}": primary_sales.event_page,
        "/primary-sales/{key}/{table}.csv": primary_sales.event_download,
        "/alerts": alerts.page,
        "/alerts/{table}.csv": alerts.download,
        "/sources": sources.page,
        "/sources.csv": sources.download,
        "/sources/{table}.csv": sources.download_table,
    }
    password = settings.dashboard_password.get_secret_value() if settings.dashboard_password else None
    hosts = allowed_hosts(settings.web_host, settings.dashboard_url)
    return Starlette(
        routes=[
            *(Route(path, partial(handler, board)) for path, handler in pages.items()),
            Route("/alerts/mute", partial(muting.mute, board), methods=["POST"]),
            Route("/static/{name}", _static),
        ],
        middleware=[
            Middleware(Guard, hosts=hosts, headers=STRICT_HEADERS, password=password),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=6),
        ],
        exception_handlers={
            HTTPException: partial(_explain, board),
            StorageError: partial(_explain, board),
        },
        lifespan=_bound_threads,
    )


@asynccontextmanager
async def _bound_threads(_: Starlette) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404)
    text = (FOLDER / "static" / name).read_text(encoding="utf-8")
    return answer(request, text + style_sheet() if name == "app.css" else text, _STATIC[name])


def _explain(board: Board, request: Request, error: Exception) -> Response:
    """An error as a page in words."""
    status = error.status_code if isinstance(error, HTTPException) else 503
    what = error.detail if isinstance(error, HTTPException) else str(error)
    return board.page(request, "error.html", status=status, code=status, what=what)
