"""The connection between the simulator and its clients: it records every request and applies planned faults."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.recording import RequestLog, RequestRecord

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ticket_pipeline.simulator.distortions import FieldMeanings

LOGIN_PAGE = """<!doctype html><html><head><title>Sign In</title></head>
<body><h1>Sign In</h1><form method="post" action="/secure/login"><input name="email"><input name="password"></form>
</body></html>"""
CHALLENGE_PAGE = """<!doctype html><html><head><title>Challenge Validation</title></head>
<body><script src="https://captcha.invalid/c.js"></script><p>Please enable JS and disable any ad blocker</p>
</body></html>"""
OTHER_PAGE = """<!doctype html><html><head><title>Maintenance</title></head>
<body><p>We will be right back.</p></body></html>"""
LOGIN_LOCATION = "/secure/login?returnUrl=%2Finventory"
_WRONG_SHAPE = b'{"status":"ok","data":{"message":"nothing of what you asked"}}'
_DRIPS = 20

_STATUSES = {
    FaultKind.RATE_LIMITED: 429,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.FORBIDDEN: 403,
    FaultKind.NOT_FOUND: 404,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.UNAVAILABLE: 503,
}
_REPLACEMENTS: dict[FaultKind, Callable[[], Response]] = {
    FaultKind.LOGIN_PAGE: lambda: HTMLResponse(LOGIN_PAGE),
    FaultKind.CHALLENGE_PAGE: lambda: HTMLResponse(CHALLENGE_PAGE),
    FaultKind.HTML: lambda: HTMLResponse(OTHER_PAGE),
    FaultKind.LOGIN_REDIRECT: lambda: RedirectResponse(LOGIN_LOCATION, status_code=302),
    FaultKind.WRONG_SHAPE: lambda: Response(_WRONG_SHAPE, media_type="application/json"),
    FaultKind.EMPTY_BODY: lambda: Response(b"", media_type="application/json"),
}


class Latency:
    """How long every response takes, in seconds: drawn uniformly from `least` to `most`."""

    def __init__(self, least: float = 0.0, most: float | None = None, *, seed: int = 0) -> None:
        self._bounds = (least, least if most is None else most)
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy

    def draw(self) -> float:
        """The seconds that the next response takes."""
        return self._random.uniform(*self._bounds)


@dataclass
class Wire:
    """ASGI middleware around a marketplace; the plan of its faults may change while it is served."""

    app: ASGIApp  # sends the true responses
    clock: Callable[[], datetime]  # aware UTC
    external_id_of: Callable[[Scope], str | None]  # the event (or sheet) of a request
    error_response: Callable[[int], Response]  # an error with this status in the marketplace's own format
    fields: FieldMeanings | None = None  # what distorting faults change
    faults: FaultPlan = field(default_factory=FaultPlan)
    log: RequestLog = field(default_factory=RequestLog)
    latency: Latency = field(default_factory=Latency)
    _running: list[tuple[RequestRecord, asyncio.Transport]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request, and record it."""
        self._finish_abandoned()
        record = self._record(scope)
        self.log.add(record)
        if (transport := scope.get("state", {}).get("transport")) is not None:
            self._running.append((record, transport))

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = int(message["status"])
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                _finish(record)  # before the last byte leaves: a client with its response must find the record finished
            await send(message)

        try:
            await self._respond(record, scope, receive, recorded)
        finally:
            _finish(record)

    async def _respond(self, record: RequestRecord, scope: Scope, receive: Receive, send: Send) -> None:
        if (seconds := self.latency.draw()) > 0:
            await asyncio.sleep(seconds)
        fault = self.faults.draw(record.external_id)
        if fault is None:
            await self.app(scope, receive, send)
            return
        record.fault = str(fault.kind)
        if fault.kind is FaultKind.HANG:
            await _until_client_leaves(receive)
        elif fault.kind in _STATUSES:
            response = self.error_response(_STATUSES[fault.kind])
            if fault.retry_after is not None:
                response.headers["retry-after"] = fault.retry_after
            await response(scope, receive, send)
        elif fault.kind in _REPLACEMENTS:
            await _REPLACEMENTS[fault.kind]()(scope, receive, send)
        else:
            await self._mangle(fault, scope, receive, send)

    async def _mangle(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the true response, changed by the fault."""
        start, body = await _response_of(self.app, scope, receive)
        half = body[: len(body) // 2]
        if fault.kind is FaultKind.RESET:
            await send(start)  # announces the whole length
            await send({"type": "http.response.body", "body": half, "more_body": True})
            _reset(scope["state"]["transport"])
            await _until_client_leaves(receive)
        elif fault.kind is FaultKind.SLOW_DRIP:
            await _drip(send, receive, start, body, fault.delay_seconds)
        elif fault.kind is FaultKind.GZIP:
            zipped = {**start, "headers": [*start["headers"], (b"content-encoding", b"gzip")]}
            await _send_whole(send, zipped, gzip.compress(body))
        elif fault.kind is FaultKind.CLOCK_SKEW:
            await _send_whole(send, _skewed(start, fault.skew_seconds), body)
        elif fault.kind is FaultKind.TRUNCATED:
            await _send_whole(send, start, half)
        elif fault.kind is FaultKind.SLOW:
            await _has_left_within(receive, fault.delay_seconds)
            await _send_whole(send, start, body)
        else:
            await _send_whole(send, start, self.fields.distorted(fault.kind, body) if self.fields else body)

    def _finish_abandoned(self) -> None:
        """Finish the records of closed connections; their tasks may end only after the next request arrives."""
        for record, transport in self._running:
            if transport.is_closing():
                _finish(record)
        self._running = [pair for pair in self._running if pair[0].finished_monotonic is None]

    def _record(self, scope: Scope) -> RequestRecord:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return RequestRecord(
            received_at=self.clock(),
            received_monotonic=time.monotonic(),
            finished_monotonic=None,
            method=scope["method"],
            path=scope["path"],
            external_id=self.external_id_of(scope),
            header_names=tuple(headers),
            user_agent=headers.get("user-agent"),
            status=None,
        )


def _finish(record: RequestRecord) -> None:
    if record.finished_monotonic is None:
        record.finished_monotonic = time.monotonic()


async def _response_of(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """The true response: its start message and its whole body."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


async def _send_whole(send: Send, start: Message, body: bytes) -> None:
    headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


async def _drip(send: Send, receive: Receive, start: Message, body: bytes, seconds: float) -> None:
    """Send a body in `_DRIPS` pieces over so many seconds, unless the client leaves before."""
    await send(start)
    size = len(body) // _DRIPS + 1
    for begin in range(0, len(body), size):
        await send({"type": "http.response.body", "body": body[begin : begin + size], "more_body": True})
        if await _has_left_within(receive, seconds / _DRIPS):
            return
    await send({"type": "http.response.body", "body": b""})


def _skewed(start: Message, seconds: float) -> Message:
    """The start of a response by a server whose clock is wrong."""
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
    """Close the connection so that the client gets ECONNRESET, unless it has left already."""
    if transport.is_closing():
        return
    linger_zero = struct.pack("ii", 1, 0)  # close at once, with RST
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
    transport.abort()
