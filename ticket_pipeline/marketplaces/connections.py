"""Connections to one marketplace: what is offered on them, and the secret part of a query, added at the last moment.

What belongs here: the HTTP client as every fetch uses it. What does not: requests and their limits (`http`).
"""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        transport=_SecretQueryTransport(
            httpx.AsyncHTTPTransport(
                limits=httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
                http2=False,
                trust_env=False,
            )
        ),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


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
