"""A server that sends exactly the bytes a test gives it, for faults that no HTTP library would make."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.http.client import ConnectionOptions, HttpClients
from ticket_pipeline.http.fetcher import HttpFetcher, Request
from ticket_pipeline.http.gate import OpenGate, RequestGate
from ticket_pipeline.http.judge import Received
from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.http.scrubbing import Scrubber
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse

Wire = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

ONE_TRY = RetryPolicy(max_tries=1, request_seconds=5)
THREE_TRIES = RetryPolicy(max_tries=3, request_seconds=5, first_wait_seconds=0.001, jitter_seconds=0.0)
GOOD_BODY = b"[]"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
TEST_SECONDS = 60.0
"""A fetch that waits too long fails its test, instead of holding up the suite."""


def response(status: int = 200, body: bytes = GOOD_BODY, **headers: str) -> bytes:
    """A response's bytes; `content_type=...` becomes the header Content-Type."""
    fields = {"content_type": "application/json", "content_length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


def received(
    status: int, body: bytes = GOOD_BODY, *, at: datetime = NOON, scrubber: Scrubber | None = None, **headers: str
) -> Received:
    """A response as the judge sees it."""
    fields = httpx.Headers({"content-type": "application/json"})
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return Received("Fetching it", status, fields, body, 1, at, scrubber or Scrubber([]))


async def hang(_: asyncio.StreamWriter) -> None:
    """Send nothing, until the server is closed."""
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    """Send one byte every 10 ms, forever: no read ever times out."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


def reset_after(start: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    """Send `start`, then reset the connection."""

    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        writer.transport.abort()

    return cut


@dataclass
class WireServer:
    """A running server, and the head of each request it received, as text."""

    url: str
    heads: list[str] = field(default_factory=list)


@asynccontextmanager
async def serve_wire(*responses: Wire, tls: ssl.SSLContext | None = None) -> AsyncIterator[WireServer]:
    """Serve one response per request, in order; the last one repeats. Every connection is closed after its response."""
    handlers: set[asyncio.Task[Any]] = set()
    server = WireServer(url="")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())  # type: ignore[arg-type]  # inside a handler there is a task
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            this = responses[min(len(server.heads), len(responses) - 1)]
            server.heads.append(head.decode())
            if isinstance(this, bytes):
                writer.write(this)
                await writer.drain()
            else:
                await this(writer)
        writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


class RecordingGate:
    """A gate that permits everything and records its calls.

    Attributes:
        finished: permit and the class of its error, if any.
    """

    def __init__(self) -> None:
        self.acquired = 0
        self.finished: list[tuple[int, str | None]] = []
        self.cancelled: list[int] = []
        self.flushes = 0
        self.departed = 0

    async def depart(self) -> None:
        """Count the departure."""
        self.departed += 1

    async def acquire(self) -> int:
        """Count the permit."""
        self.acquired += 1
        return self.acquired

    async def finish(self, permit: int, error: MarketplaceError | None) -> None:
        """Record how it ended."""
        self.finished.append((permit, None if error is None else type(error).__name__))

    async def cancel(self, permit: int) -> None:
        """Record the permit."""
        self.cancelled.append(permit)

    async def flush(self) -> None:
        """Count the call."""
        self.flushes += 1


def request_to(url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Request:
    """A request for event 1; its headers are secret."""
    secret = {name: SecretStr(value) for name, value in (headers or {}).items()}
    return Request(Marketplace.STUBHUB, "1", method, url, secret_headers=secret)


async def fetch(
    request: Request,
    *,
    policy: RetryPolicy = ONE_TRY,
    gate: RequestGate | None = None,
    read_timeout_seconds: float = 5,
    **timing: Callable[[], Any],
) -> RawResponse:
    """Fetch with a client and a fetcher of its own; `timing` is the fetcher's `clock` and `monotonic`."""
    options = ConnectionOptions(connect_timeout_seconds=5, read_timeout_seconds=read_timeout_seconds)
    async with HttpClients(options) as clients:
        fetcher = HttpFetcher(clients, gate or OpenGate(), policy, rng=random.Random(0), **timing)  # noqa: S311 - a test
        return await fetcher.fetch(request)


def outcome(
    *responses: Wire,
    policy: RetryPolicy = ONE_TRY,
    gate: RequestGate | None = None,
    read_timeout_seconds: float = 5,
    **timing: Callable[[], Any],
) -> tuple[RawResponse | MarketplaceError, list[str]]:
    """Fetch once from a server that sends `responses`; the result, and the heads of the requests received."""

    async def run() -> tuple[RawResponse | MarketplaceError, list[str]]:
        async with asyncio.timeout(TEST_SECONDS), serve_wire(*responses) as server:
            try:
                request = request_to(f"{server.url}/x?id=1")
                return await fetch(
                    request, policy=policy, gate=gate, read_timeout_seconds=read_timeout_seconds, **timing
                ), server.heads
            except MarketplaceError as error:
                return error, server.heads

    return asyncio.run(run())
