"""A guard before a server on this machine: who may talk to it, and what browsers may do with its answers.

A page of any site can send requests to a server on loopback, and a name that its owner points at 127.0.0.1 makes that
server's answers readable to it. So a request must name a host that is ours, and a browser must have sent it from our
own pages, or by following a link. What does not belong here: what is served.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

STRICT_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""For pages of our own: nothing from elsewhere, no inline script or style, in no frame."""

_UNKNOWN_NAME = (
    "This server does not go by that name. Use its own address; DASHBOARD_URL names another one of the dashboard.\n"
)
_SAFE = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({None, "same-origin", "none"})


class Guard:
    """ASGI middleware that answers 4xx to requests that did not come from a user's own browser or program.

    Args:
        app: what is served.
        hosts: names by which it may be reached, without port; None: any.
        unlinked: paths that no link leads to: a GET of them may change something.
        headers: added to every response.
        password: asked for by HTTP Basic with any user name; None: not asked for.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str] | None = LOOPBACK_HOSTS,
        unlinked: Collection[str] = (),
        headers: Mapping[str, str] | None = None,
        password: str | None = None,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._unlinked = unlinked
        self._headers = headers or {}
        self._password = password

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        refused = self._refuse(scope)
        if refused is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if self._hosts is not None and _host_of(f"//{headers.get('host', '')}") not in self._hosts:
            return PlainTextResponse(_UNKNOWN_NAME, 421)
        may_be_linked = scope.get("method") in _SAFE and scope["path"] not in self._unlinked
        if not _is_from_here(headers, may_be_linked=may_be_linked):
            return PlainTextResponse("A page of another site sent this request. Open the address yourself.\n", 403)
        if self._password is not None and not _has_password(headers, self._password):
            ask = {"www-authenticate": 'Basic realm="ticket_pipeline", charset="UTF-8"'}
            return PlainTextResponse("The password is missing or wrong.\n", 401, ask)
        return None


def _is_from_here(headers: Headers, *, may_be_linked: bool) -> bool:
    """Whether a program, our own page or a link that a user followed sent this."""
    if (origin := headers.get("origin")) is not None and urlsplit(origin).netloc != headers.get("host"):
        return False
    is_link = may_be_linked and headers.get("sec-fetch-mode") == "navigate"
    return headers.get("sec-fetch-site") in _OWN_SITES or is_link


def _has_password(headers: Headers, password: str) -> bool:
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    try:
        _, _, given = base64.b64decode(encoded, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    return kind.lower() == "basic" and hmac.compare_digest(given, password.encode())


def _host_of(address: str) -> str:
    """The host of an address, without user and port; an IPv6 address keeps its brackets, as in the header."""
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return f"[{name}]" if ":" in name else name


def allowed_hosts(host: str, url: str | None) -> frozenset[str]:
    """The names of a server that listens on `host` and that users reach at `url`."""
    names = {_host_of(f"//[{host}]" if ":" in host else f"//{host}"), _host_of(url or "")}
    return LOOPBACK_HOSTS | (names - {"", "0.0.0.0", "[::]"})  # noqa: S104 - no name of anything
