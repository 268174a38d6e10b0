"""Sockets and uvicorn for the simulator's apps.

Every connection's transport is handed to the app as `request.state.transport`, so that a fault can reset the
connection: ASGI itself has no way to do that.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOREGROUND_GRACE_SECONDS = 1


def run_forever(
    build: Callable[[str], ASGIApp], host: str, port: int, *, on_listening: Callable[[str], None] = lambda _: None
) -> None:
    """Serve an app in this process until SIGINT or SIGTERM; both end it cleanly and are raised again afterwards.

    `build` makes the app, given its base URL; `on_listening` is called with that once clients can connect.
    """
    with listen(host, port) as listener:
        url = url_of(host, listener)
        app = build(url)
        on_listening(url)
        uvicorn.Server(config(app, grace_seconds=FOREGROUND_GRACE_SECONDS)).run([listener])


class _TransportInState(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at import: h11 or httptools
    """uvicorn's HTTP protocol, with the connection's transport added to `request.state`."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        # asyncio does this only where the listener names its protocol; without it, small responses wait 40 ms
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}


def config(app: ASGIApp, *, grace_seconds: int | None = None) -> uvicorn.Config:
    """Quiet, without lifespan, on asyncio's own loop (uvloop hides the socket that a reset needs)."""
    return uvicorn.Config(
        _dated(app),
        http=_TransportInState,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # `_dated` adds it, unless a fault sends another time
        proxy_headers=False,  # or a header could make any client look like one on loopback
        timeout_graceful_shutdown=grace_seconds,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises ConfigurationError where the address cannot be bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise ConfigurationError(
            f"Could not listen on {host}:{port}: {error.strerror or error}. Stop the simulator that runs there, "
            "or choose another port (0 takes any free one)."
        ) from error


def url_of(host: str, listener: socket.socket) -> str:
    """The base URL of a listening socket, without a trailing slash."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def _dated(app: ASGIApp) -> ASGIApp:
    """Wrap `app`: every response has a Date, and one cut short by stopping the server leaves no traceback."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def dating(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                if b"date" not in {name for name, _ in headers}:
                    headers.append((b"date", formatdate(time.time(), usegmt=True).encode()))
                message = {**message, "headers": headers}
            await send(message)

        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, dating)

    return wrapped
