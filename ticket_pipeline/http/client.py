"""The one way to open an `httpx.AsyncClient`: what it sends, what it trusts, and how many connections it keeps."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

import httpx

from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from pydantic import SecretStr

    from ticket_pipeline.settings.model import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How connections are made.

    Attributes:
        user_agent: sent with every request.
        connect_timeout_seconds: longest wait for a connection to open.
        read_timeout_seconds: longest silence while reading.
        max_connections: open at once; further requests wait.
        uses_http2: offer HTTP/2; needs the extra `http2`.
        verifies_certificates: False only for tests.
    """

    user_agent: str
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 30.0
    max_connections: int = 4
    uses_http2: bool = False
    verifies_certificates: bool = True

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The options of the settings that hold for every marketplace."""
        return cls(
            user_agent=settings.user_agent,
            connect_timeout_seconds=settings.httpx_timeout_connect,
            read_timeout_seconds=settings.httpx_timeout_read,
            max_connections=settings.httpx_max_connections,
        )


def open_http_client(options: ConnectionOptions) -> httpx.AsyncClient:
    """Build the client of one marketplace; the caller closes it (`async with`).

    Proxies and `.netrc` of the environment are ignored (`trust_env=False`): a stray HTTP_PROXY would receive the
    session of the user's account. Cookies that a response sets are not kept: only what the user configured is sent.

    Raises:
        ConfigurationError: HTTP/2 is on and its library is not installed.
    """
    if options.uses_http2 and find_spec("h2") is None:
        raise ConfigurationError(
            "HTTPX_HTTP2 is on, but its library is not installed. Run: pip install 'ticket-pipeline[http2]'."
        )
    limits = httpx.Limits(max_connections=options.max_connections, max_keepalive_connections=options.max_connections)
    transport = httpx.AsyncHTTPTransport(
        verify=_trusted(options), http2=options.uses_http2, limits=limits, trust_env=False
    )
    return httpx.AsyncClient(
        # Without a list of its own, httpx also offers whatever decoders happen to be installed.
        headers={"User-Agent": options.user_agent, "Accept-Encoding": "gzip, deflate"},
        # The deadline of the whole request also covers the wait for a free connection.
        timeout=httpx.Timeout(options.read_timeout_seconds, connect=options.connect_timeout_seconds, pool=None),
        transport=_SecretQueryTransport(transport),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


def _trusted(options: ConnectionOptions) -> ssl.SSLContext | bool:
    if not options.verifies_certificates:
        _log.warning(
            "HTTPX_VERIFY_SSL is off: anyone between this machine and the server can read your credentials and all "
            "data. Turn it on again, or install the missing root certificate on this machine."
        )
        return False
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()  # also what is installed on this machine, such as a company's own root
    return context


class _SecretQueryTransport(httpx.AsyncBaseTransport):
    """Adds the secret part of a query below the client, because httpx logs the URL that the client sees."""

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
