"""A server that says exactly the bytes a test gives it, for faults that no HTTP library would make.

What belongs here: sockets and bytes. The marketplaces' own answers come from `ticket_pipeline.simulator`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.http.connections import open_http_client
from ticket_pipeline.http.fetcher import HttpFetcher, MarketplaceRequest
from ticket_pipeline.http.gate import OpenGate, Permit, RequestGate
from ticket_pipeline.http.retries import RetryPolicy
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]

ONE_TRY = RetryPolicy(max_tries=1, request_seconds=5)
THREE_TRIES = RetryPolicy(max_tries=3, request_seconds=5, first_wait_seconds=0.001, jitter_seconds=0.0)
GOOD_BODY = b"[]"
TEST_SECONDS = 60.0
"""A fetch that waits too long fails its test, instead of holding up the suite."""


def answer(status: int = 200, body: bytes = GOOD_BODY, **headers: str) -> bytes:
    """An answer's bytes; `content_type=...` becomes the header Content-Type."""
    fields = {"content_type": "application/json", "content_length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body


async def hang(_: asyncio.StreamWriter) -> None:
    """Say nothing, until the server is closed."""
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    """Say one byte every 10 ms, for ever: no read ever times out."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


def reset_after(start: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    """Say `start`, then cut the connection without a goodbye."""

    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        writer.transport.abort()

    return cut


@dataclass
class WireServer:
    """What a running server heard: the head of each request, as text."""

    url: str
    heads: list[str] = field(default_factory=list)


@asynccontextmanager
async def serve_wire(*answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[WireServer]:
    """Serve one answer per request, in order; the last one repeats. Every connection is closed after its answer."""
    handlers: set[asyncio.Task[Any]] = set()
    server = WireServer(url="")

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())  # type: ignore[arg-type]  # inside a handler there is a task
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            this = answers[min(len(server.heads), len(answers) - 1)]
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


@dataclass(frozen=True, slots=True)
class CountedPermit:
    """A permit with a number of its own."""

    permit_id: int


class RecordingGate:
    """A gate that lets everything pass and writes down what it is told."""

    def __init__(self) -> None:
        self.acquired = 0
        self.released: list[tuple[int, bool]] = []
        self.recorded: list[str | None] = []

    async def acquire(self) -> CountedPermit:
        """Count the permit."""
        self.acquired += 1
        return CountedPermit(self.acquired)

    async def release(self, permit: Permit, *, answered: bool) -> None:
        """Write the permit down."""
        self.released.append((permit.permit_id, answered))

    async def record(self, error: MarketplaceError | None) -> None:
        """Write the class of the error down."""
        self.recorded.append(None if error is None else type(error).__name__)


def request_to(url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> MarketplaceRequest:
    """A request for event 1; its headers are secret."""
    secret = {name: SecretStr(value) for name, value in (headers or {}).items()}
    return MarketplaceRequest(Marketplace.STUBHUB, "1", method, url, secret_headers=secret)


async def fetch(
    request: MarketplaceRequest,
    *,
    policy: RetryPolicy = ONE_TRY,
    gate: RequestGate | None = None,
    read_timeout_seconds: float = 5,
    **timing: Callable[[], Any],
) -> RawResponse:
    """Fetch with a client and a fetcher of its own; `timing` is the fetcher's `clock` and `monotonic`."""
    async with open_http_client(
        user_agent="tests/1", connect_timeout_seconds=5, read_timeout_seconds=read_timeout_seconds, max_connections=4
    ) as client:
        fetcher = HttpFetcher(client, gate or OpenGate(), policy, rng=random.Random(0), **timing)  # noqa: S311 - a test
        return await fetcher.fetch(request)


def outcome(
    *answers: Answer,
    policy: RetryPolicy = ONE_TRY,
    gate: RequestGate | None = None,
    read_timeout_seconds: float = 5,
    **timing: Callable[[], Any],
) -> tuple[RawResponse | MarketplaceError, list[str]]:
    """Fetch once from a server that gives `answers`; what came of it, and the heads of the requests heard."""

    async def run() -> tuple[RawResponse | MarketplaceError, list[str]]:
        async with asyncio.timeout(TEST_SECONDS), serve_wire(*answers) as server:
            try:
                request = request_to(f"{server.url}/x?id=1")
                return await fetch(
                    request, policy=policy, gate=gate, read_timeout_seconds=read_timeout_seconds, **timing
                ), server.heads
            except MarketplaceError as error:
                return error, server.heads

    return asyncio.run(run())
