"""Faults as they look on the wire: status codes, login pages, cut bodies, hung and reset connections.

What belongs here: turning a chosen fault into bytes, or into silence. What does not: choosing it
(`ticket_pipeline.simulator.faults`), and a system's own error bodies, which its app hands in.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
import socket
import struct
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.recording import FAULT_IN_SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ticket_pipeline.simulator.distortions import FieldMeanings
    from ticket_pipeline.simulator.recording import ExternalIdOf

LOGIN_PAGE = """<!doctype html><html><head><title>Sign In</title></head>
<body><h1>Sign In</h1><form method="post" action="/secure/login"><input name="email"><input name="password"></form>
</body></html>"""
CHALLENGE_PAGE = """<!doctype html><html><head><title>Challenge Validation</title></head>
<body><script src="https://captcha.invalid/c.js"></script><p>Please enable JS and disable any ad blocker</p>
</body></html>"""
OTHER_PAGE = """<!doctype html><html><head><title>Maintenance</title></head>
<body><p>We will be right back.</p></body></html>"""
_DRIPS = 20
LOGIN_LOCATION = "/secure/login?returnUrl=%2Finventory"

_PAGES = {
    FaultKind.LOGIN_PAGE: LOGIN_PAGE,
    FaultKind.CHALLENGE_PAGE: CHALLENGE_PAGE,
    FaultKind.HTML: OTHER_PAGE,
}
_STATUSES = {
    FaultKind.RATE_LIMITED: 429,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.UNAVAILABLE: 503,
}


class Latency:
    """How long every answer takes, in seconds: fixed where `least` equals `most`, else drawn uniformly."""

    def __init__(self, least: float = 0.0, most: float | None = None, *, seed: int = 0) -> None:
        self._least = least
        self._most = least if most is None else most
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy
        if not 0 <= self._least <= self._most:
            raise ValueError(f"A latency of {self._least} to {self._most} seconds: give 0 <= least <= most")

    def draw(self) -> float:
        """The seconds that the next answer takes."""
        return self._random.uniform(self._least, self._most)


class FaultyApp:
    """ASGI middleware: `app` behind a wire that goes wrong by plan and takes its time."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        faults: FaultPlan,
        latency: Latency,
        external_id_of: ExternalIdOf,
        error_response: Callable[[int], Response],
        fields: FieldMeanings | None = None,
    ) -> None:
        self._app = app
        self._faults = faults
        self._latency = latency
        self._external_id_of = external_id_of
        self._error_response = error_response
        self._fields = fields

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail to, as the plan says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (seconds := self._latency.draw()) > 0:
            await asyncio.sleep(seconds)
        fault = self._faults.draw(self._external_id_of(scope))
        scope[FAULT_IN_SCOPE] = None if fault is None else str(fault.kind)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind is FaultKind.HANG:
            await _until_client_leaves(receive)
        elif (response := self._instead(fault)) is not None:
            await response(scope, receive, send)
        else:
            await self._mangled(fault, scope, receive, send)

    def _instead(self, fault: Fault) -> Response | None:
        """The answer that replaces the true one; None where the fault works on the true one."""
        if fault.kind in _STATUSES:
            response = self._error_response(_STATUSES[fault.kind])
            if fault.retry_after is not None:
                response.headers["retry-after"] = fault.retry_after
            return response
        if fault.kind in _PAGES:
            return HTMLResponse(_PAGES[fault.kind])
        if fault.kind is FaultKind.LOGIN_REDIRECT:
            return RedirectResponse(LOGIN_LOCATION, status_code=302)
        if fault.kind is FaultKind.WRONG_SHAPE:
            return Response(
                b'{"status":"ok","data":{"message":"nothing of what you asked"}}', media_type="application/json"
            )
        if fault.kind is FaultKind.EMPTY_BODY:
            return Response(b"", media_type="application/json")
        return None

    async def _mangled(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        start, body = await _answer_of(self._app, scope, receive)
        if fault.kind is FaultKind.TRUNCATED:
            await _send_whole(send, start, body[: len(body) // 2])
        elif fault.kind is FaultKind.GZIP:
            await _send_whole(send, start, gzip.compress(body), encoding=b"gzip")
        elif fault.kind is FaultKind.RESET:
            await send(start)  # promises the whole length
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            _reset(scope["state"]["transport"])
            await _until_client_leaves(receive)
        elif fault.kind is FaultKind.SLOW_DRIP:
            await _drip(send, receive, start, body, fault.delay_seconds)
        elif fault.kind is FaultKind.CLOCK_SKEW:
            await _send_whole(send, _skewed(start, fault.skew_seconds), body)
        elif fault.kind is FaultKind.SLOW:
            await _has_left_within(receive, fault.delay_seconds)
            await _send_whole(send, start, body)  # goes nowhere where the client has left
        else:
            await _send_whole(send, start, self._distorted(fault.kind, body))

    def _distorted(self, kind: FaultKind, body: bytes) -> bytes:
        return body if self._fields is None else self._fields.distorted(kind, body)


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """The true answer of `app`: its start message and its whole body."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


async def _send_whole(send: Send, start: Message, body: bytes, *, encoding: bytes | None = None) -> None:
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    headers.append((b"content-length", str(len(body)).encode()))
    if encoding is not None:
        headers.append((b"content-encoding", encoding))
    await send({**start, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _drip(send: Send, receive: Receive, start: Message, body: bytes, seconds: float) -> None:
    """Send a body in `_DRIPS` pieces over so many seconds, unless the client leaves before."""
    await send(start)
    size = max(1, -(-len(body) // _DRIPS))
    for begin in range(0, len(body), size):
        await send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
        if await _has_left_within(receive, seconds / _DRIPS):
            return
    await send({"type": "http.response.body", "body": b""})


def _skewed(start: Message, seconds: float) -> Message:
    """The start of an answer by a server whose clock is off."""
    headers = [
        (name, str(int(value) + int(1000 * seconds)).encode() if name == b"rate-limit-reset" else value)
        for name, value in start["headers"]
    ]
    return {**start, "headers": [*headers, (b"date", formatdate(time.time() + seconds, usegmt=True).encode())]}


async def _has_left_within(receive: Receive, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(_until_client_leaves(receive), seconds)
        return True
    return False


async def _until_client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _reset(transport: asyncio.Transport) -> None:
    """Cut the connection so that the client sees ECONNRESET, not an orderly end."""
    linger_zero = struct.pack("ii", 1, 0)  # close at once, with RST
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
    transport.abort()
