"""Connections to one marketplace: what is offered on them, and the secret part of a query, added at the last moment.

What belongs here: the HTTP client as every fetch uses it. What does not: requests and their limits (`http`).
"""

from __future__ import annotations

import asyncio
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    from pydantic import SecretStr


def open_http_client(
    *, user_agent: str, connect_timeout_seconds: float, read_timeout_seconds: float, max_connections: int
) -> httpx.AsyncClient:
    """Build the client of one marketplace; the caller closes it (`async with`).

    Proxies and certificates of the environment are ignored (`trust_env=False`): a stray HTTP_PROXY would be handed the
    session of the user's account, and a .netrc would add credentials of its own. No cookie that an answer sets is
    kept: what is sent is what the user configured, each time.
    """
    return httpx.AsyncClient(
        # Named here, because httpx would else also offer whatever decoders happen to be installed.
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate"},
        timeout=httpx.Timeout(read_timeout_seconds, connect=connect_timeout_seconds),
        transport=_SecretQueryTransport(_KeptConnections(max_connections, httpx.create_ssl_context(trust_env=False))),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


class _KeptConnections(httpx.AsyncBaseTransport):
    """Connections that are kept, each lent to one request at a time, the warmest first.

    httpx's own pool looks at each of its connections whenever a request begins and whenever one ends, and asks the
    system of each idle one whether it is still open: with 32 of them a fifth of a batch's processor time
    (docs/benchmarks.md). Here each is a transport of its own that holds one connection, so that it looks at itself
    alone.
    """

    def __init__(self, max_connections: int, ssl_context: ssl.SSLContext) -> None:
        self._ssl_context = ssl_context
        self._places = asyncio.Semaphore(max_connections)
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._lent: set[httpx.AsyncHTTPTransport] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(request.extensions["timeout"]["pool"]):
                await self._places.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("all connections are in use", request=request) from None
        connection = self._idle.pop() if self._idle else self._open()
        self._lent.add(connection)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._take_back(connection, is_sound=False)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - of an asynchronous transport
        response.stream = _LentStream(response.stream, partial(self._take_back, connection))
        return response

    def _open(self) -> httpx.AsyncHTTPTransport:
        only_one = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        return httpx.AsyncHTTPTransport(limits=only_one, http2=False, trust_env=False, verify=self._ssl_context)

    def _take_back(self, connection: httpx.AsyncHTTPTransport, *, is_sound: bool) -> None:
        """Keep a connection for the next request, or close it: one that was left in the middle may never be free."""
        if connection not in self._lent:
            return
        self._lent.remove(connection)
        self._places.release()
        if is_sound:
            self._idle.append(connection)
            return
        closing = asyncio.get_running_loop().create_task(connection.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def aclose(self) -> None:
        await asyncio.gather(*self._closing, return_exceptions=True)
        for connection in (*self._idle, *self._lent):
            await connection.aclose()


class _GiveBack(Protocol):
    def __call__(self, *, is_sound: bool) -> None: ...


class _LentStream(httpx.AsyncByteStream):
    """A body whose end gives its connection back."""

    def __init__(self, body: httpx.AsyncByteStream, give_back: _GiveBack) -> None:
        self._body = body
        self._give_back = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            yield part

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        except BaseException:
            self._give_back(is_sound=False)
            raise
        self._give_back(is_sound=True)


class _SecretQueryTransport(httpx.AsyncBaseTransport):
    """Adds the secret part of a query at the last moment: httpx logs a request's URL as its client knows it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        secret: Mapping[str, SecretStr] = request.extensions.get("secret_query", {})
        if secret:
            added = urlencode({name: value.get_secret_value() for name, value in secret.items()}).encode()
            url = request.url.copy_with(query=b"&".join(filter(None, (request.url.query, added))))
            request = httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
