"""Run an ASGI app on loopback: in a background thread for tests, in the foreground for the simulator's own process.

What belongs here: sockets, threads, start and stop. What does not: what the apps answer.

Every connection's transport is handed to the app as `request.state.transport`, so that a fault can cut the wire for
real: ASGI itself knows no way to reset a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

START_SECONDS = 60.0
STOP_SECONDS = 60.0
TICK_SECONDS = 1.0
FOREGROUND_GRACE_SECONDS = 1


@dataclass(frozen=True, slots=True)
class ServedApp:
    """Where a served app answers.

    Attributes:
        url: base URL without a trailing slash, such as `http://127.0.0.1:40123`.
        host: the address bound.
        port: the port bound, also where any free one was asked for.
    """

    url: str
    host: str
    port: int


@contextlib.contextmanager
def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[ServedApp]:
    """Serve `app` from a background thread for as long as the block runs.

    The socket listens before the block starts. Leaving the block, also by an error, cuts what is still connected, so
    that an answer that hangs on purpose cannot hold up a test; no socket and no thread is left behind.

    Args:
        app: any ASGI app; lifespan events are not sent.
        host: address to bind.
        port: port to bind; 0 takes any free one.

    Raises:
        ConfigurationError: the address cannot be bound.
        RuntimeError: the server did not start, or did not stop in time.
    """
    with _listen(host, port) as listener:
        server = _ThreadServer(_config(app))
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator-server", daemon=True)
        thread.start()
        try:
            if not server.ready.wait(START_SECONDS) or not server.started:
                raise RuntimeError(f"Started a server on {host}, it did not come up; its error is on stderr")
            yield ServedApp(url=_url(host, listener), host=host, port=listener.getsockname()[1])
        finally:
            server.stop()
            thread.join(STOP_SECONDS)
            if thread.is_alive():
                raise RuntimeError(f"Stopped the server on {host}, its thread still runs after {STOP_SECONDS} s")


def run_forever(
    build: Callable[[str], ASGIApp], host: str, port: int, *, on_listening: Callable[[str], None] = lambda _: None
) -> None:
    """Serve an app in this process until SIGINT or SIGTERM; both end it cleanly and are raised again afterwards.

    Args:
        build: makes any ASGI app, given its base URL; called once the address is ours, so that a refused start leaves
            nothing behind.
        host: address to bind.
        port: port to bind; 0 takes any free one.
        on_listening: told the base URL once clients can connect.

    Raises:
        ConfigurationError: the address cannot be bound.
        KeyboardInterrupt: SIGINT ended the server.
    """
    with _listen(host, port) as listener:
        url = _url(host, listener)
        app = build(url)
        on_listening(url)
        uvicorn.Server(_config(app, grace_seconds=FOREGROUND_GRACE_SECONDS)).run([listener])


class _TransportInState(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at import: h11 or httptools
    """uvicorn's HTTP protocol, with the connection's transport added to `request.state`."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        # asyncio does this itself only where the listener names its protocol; without it, small answers wait 40 ms
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}


class _ThreadServer(uvicorn.Server):
    """A server that tells when it listens, and that waits neither for its clients nor for a tick when it is to stop.

    uvicorn's own stop takes a fifth of a second, which a suite with a server per test would pay a hundred times.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._wake: Callable[[], object] = bool  # until the loop runs there is nothing to wake

    def stop(self) -> None:
        """Ask the server to stop, from another thread."""
        self.should_exit = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended by itself
            self._wake()

    async def _serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super()._serve(sockets)
        finally:
            self.ready.set()  # also where starting failed: the waiting thread must learn of it

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._woken = asyncio.Event()
        self._wake = functools.partial(asyncio.get_running_loop().call_soon_threadsafe, self._woken.set)
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()  # first, or a client could connect again while its connection is cut
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # uvicorn learns of the cut connections, so unfinished answers are no error to it
        if unfinished := set(self.server_state.tasks):
            for task in unfinished:
                task.cancel()
            await asyncio.wait(unfinished, timeout=STOP_SECONDS / 2)


def _end_quietly_when_cancelled(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that an answer cut short by stopping the server leaves no traceback on stderr."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return wrapped


def _dated(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that every answer says when it was sent."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        async def dating(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                if b"date" not in {name for name, _ in headers}:
                    headers.append((b"date", formatdate(time.time(), usegmt=True).encode()))
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, dating)

    return wrapped


def _config(app: ASGIApp, *, grace_seconds: int | None = None) -> uvicorn.Config:
    """Quiet, without lifespan, on asyncio's own loop (uvloop hides the socket that a reset needs)."""
    return uvicorn.Config(
        _end_quietly_when_cancelled(_dated(app)),
        http=_TransportInState,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # `_dated` adds it, unless the app sends one of its own: a fault may lie about the time
        proxy_headers=False,  # or a header could make any client look like one on loopback
        timeout_graceful_shutdown=grace_seconds,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise ConfigurationError(
            f"Tried to listen on {host}:{port}: {error.strerror or error}. "
            "Is another simulator running there? Stop it, or choose another port (0 takes any free one)."
        ) from error


def _url(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"
