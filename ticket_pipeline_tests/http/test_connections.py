"""Connections to a marketplace: kept, lent to one request at a time, given back however a request ends."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from ticket_pipeline.http.connections import open_http_client
from ticket_pipeline_tests.http.wire import TEST_SECONDS, answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

MAX_CONNECTIONS = 3


@dataclass
class KeepingServer:
    """A server that keeps its connections; what it heard on each.

    Attributes:
        heard: number of requests, one entry per connection in the order of their opening.
        writers: of the connections that are open.
        gate: answers wait for it; open at first.
    """

    url: str = ""
    heard: list[int] = field(default_factory=list)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer every request of one connection."""
        number = len(self.heard)
        self.heard.append(0)
        self.writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.heard[number] += 1
                await self.gate.wait()
                writer.write(answer(connection="keep-alive"))
        self.writers.discard(writer)
        writer.close()

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        while not condition():  # noqa: ASYNC110 - the conditions are of both sides, and there is no event for each
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serve() -> AsyncIterator[KeepingServer]:
    """Run it, and cut whoever is still connected at the end."""
    server = KeepingServer()
    server.gate.set()
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listener.close()
        for writer in list(server.writers):
            writer.transport.abort()
        await server.wait_for(lambda: not server.writers)


def against_server(test: Callable[[httpx.AsyncClient, KeepingServer], Awaitable[None]]) -> None:
    """Run a test with a client of at most `MAX_CONNECTIONS` connections."""

    async def run() -> None:
        async with (
            asyncio.timeout(TEST_SECONDS),
            serve() as server,
            open_http_client(
                user_agent="tests/1",
                connect_timeout_seconds=20,
                read_timeout_seconds=20,
                max_connections=MAX_CONNECTIONS,
            ) as client,
        ):
            await test(client, server)

    asyncio.run(run())


def several(
    client: httpx.AsyncClient, server: KeepingServer, count: int
) -> Coroutine[None, None, list[httpx.Response]]:
    """Ask for the same thing several times at once."""

    async def ask() -> list[httpx.Response]:
        return await asyncio.gather(*(client.get(server.url) for _ in range(count)))

    return ask()


def test_requests_one_after_the_other_share_one_connection() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        for _ in range(5):
            assert (await client.get(server.url)).status_code == 200
        assert server.heard == [5]

    against_server(test)


def test_requests_at_once_have_a_connection_each_and_the_next_ones_use_them_again() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        server.gate.clear()
        asking = asyncio.create_task(several(client, server, MAX_CONNECTIONS))
        await server.wait_for(lambda: server.heard == [1] * MAX_CONNECTIONS)
        server.gate.set()
        await asking
        await several(client, server, MAX_CONNECTIONS)
        assert len(server.heard) == MAX_CONNECTIONS
        assert sum(server.heard) == 2 * MAX_CONNECTIONS

    against_server(test)


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        await client.get(server.url)
        for writer in list(server.writers):
            writer.close()
        await server.wait_for(lambda: not server.writers)
        assert (await client.get(server.url)).status_code == 200
        assert server.heard == [1, 1]

    against_server(test)


def test_one_more_than_there_may_be_waits_for_a_connection() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        server.gate.clear()
        asking = asyncio.create_task(several(client, server, MAX_CONNECTIONS + 1))
        await server.wait_for(lambda: sum(server.heard) == MAX_CONNECTIONS)
        server.gate.set()
        assert [response.status_code for response in await asking] == [200] * (MAX_CONNECTIONS + 1)
        assert len(server.heard) == MAX_CONNECTIONS

    against_server(test)


def test_waiting_for_a_connection_ends_with_the_time_out() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        server.gate.clear()
        asking = asyncio.create_task(several(client, server, MAX_CONNECTIONS))
        await server.wait_for(lambda: sum(server.heard) == MAX_CONNECTIONS)
        with pytest.raises(httpx.PoolTimeout, match="all connections are in use"):
            await client.get(server.url, timeout=httpx.Timeout(5, pool=0.05))
        server.gate.set()
        await asking

    against_server(test)


def test_failed_and_cancelled_requests_give_their_connections_back() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        server.gate.clear()
        for _ in range(MAX_CONNECTIONS):
            with pytest.raises(httpx.ReadTimeout):
                await client.get(server.url, timeout=httpx.Timeout(20, read=0.3))
        heard = sum(server.heard)
        asking = asyncio.create_task(several(client, server, MAX_CONNECTIONS))
        await server.wait_for(lambda: sum(server.heard) >= heard + MAX_CONNECTIONS)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        server.gate.set()
        for response in await several(client, server, MAX_CONNECTIONS):
            assert response.status_code == 200

    against_server(test)


@pytest.mark.parametrize("turns", range(6))
def test_a_request_that_is_cancelled_at_any_moment_costs_no_later_one(turns: int) -> None:
    """Turns of the event loop until it is cancelled: before it is sent, and while it is under way."""

    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        for _ in range(MAX_CONNECTIONS + 1):
            asking = asyncio.create_task(client.get(server.url))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
        for _ in range(MAX_CONNECTIONS + 1):
            assert (await client.get(server.url, timeout=20)).status_code == 200

    against_server(test)


@pytest.mark.parametrize("turns", range(1, 4))
def test_an_answer_whose_closing_is_cancelled_costs_no_later_one(turns: int) -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        for _ in range(MAX_CONNECTIONS + 1):
            request = client.build_request("GET", server.url)
            response = await client.send(request, stream=True)
            closing = asyncio.create_task(response.aclose())
            for _ in range(turns):
                await asyncio.sleep(0)
            closing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await closing
        for _ in range(MAX_CONNECTIONS + 1):
            assert (await client.get(server.url, timeout=20)).status_code == 200

    against_server(test)


def test_closing_the_client_closes_every_connection() -> None:
    async def test(client: httpx.AsyncClient, server: KeepingServer) -> None:
        await several(client, server, MAX_CONNECTIONS)
        assert server.writers
        await client.aclose()
        await server.wait_for(lambda: not server.writers)

    against_server(test)
