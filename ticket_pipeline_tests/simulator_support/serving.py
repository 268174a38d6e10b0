"""Serve an ASGI app on loopback from a background thread, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp

from ticket_pipeline.simulator.server import config, listen, url_of

START_SECONDS = 60.0
STOP_SECONDS = 60.0
TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ServedApp:
    """Where an app is served; `url` has no trailing slash."""

    url: str
    host: str
    port: int


@contextlib.contextmanager
def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[ServedApp]:
    """Serve `app` while the block runs; the socket listens before the block starts.

    Leaving the block cuts the open connections, so a response that hangs on purpose cannot hold up a test.

    Raises:
        ConfigurationError: the address cannot be bound.
        RuntimeError: the server did not start, or did not stop in time.
    """
    with listen(host, port) as listener:
        server = _ThreadServer(config(app))
        thread = threading.Thread(target=server.run, args=([listener],), name="simulator-server", daemon=True)
        thread.start()
        try:
            if not server.ready.wait(START_SECONDS) or not server.started:
                raise RuntimeError(f"The server on {host} did not start; its error is on stderr")
            yield ServedApp(url=url_of(host, listener), host=host, port=listener.getsockname()[1])
        finally:
            server.stop()
            thread.join(STOP_SECONDS)
            if thread.is_alive():
                raise RuntimeError(f"The server on {host} still runs {STOP_SECONDS} s after it was stopped")


@contextlib.contextmanager
def open_client(app: ASGIApp, **options: Any) -> Iterator[httpx.Client]:  # noqa: ANN401 - httpx's own options
    """Serve `app` on loopback, with a client of it that ignores the environment's proxies."""
    with serve(app) as served, httpx.Client(base_url=served.url, trust_env=False, timeout=60, **options) as client:
        yield client


class _ThreadServer(uvicorn.Server):
    """A server that signals when it listens, and that stops without waiting for its clients or the next tick.

    uvicorn's own stop takes a fifth of a second, which a suite with a server per test would pay a hundred times.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._wake: Callable[[], object] = bool  # nothing to wake until the loop runs

    def stop(self) -> None:
        """Stop the server; called from another thread."""
        self.should_exit = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server has already ended
            self._wake()

    async def _serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super()._serve(sockets)
        finally:
            self.ready.set()  # also after a failed start: `serve` waits for it

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
            server.close()  # first, or a client could reconnect while its connection is cut
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # lets uvicorn notice the cut connections
        if unfinished := set(self.server_state.tasks):
            for task in unfinished:
                task.cancel()
            await asyncio.wait(unfinished, timeout=STOP_SECONDS / 2)
