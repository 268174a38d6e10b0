"""What reached the simulator: one record per request, kept in memory, for tests and benches that count at the server.

What belongs here: noting and counting requests. What does not: answering them. No header value is kept but the
User-Agent's, because the others may be credentials.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from datetime import datetime

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    ExternalIdOf = Callable[[Scope], str | None]

MAX_RECORDS = 200_000
FAULT_IN_SCOPE = "simulator.fault"  # where the wire notes the fault of a request for its record


@dataclass(slots=True)
class RequestRecord:
    """One request.

    Attributes:
        received_at: aware UTC, when the request line and headers were read.
        received_monotonic: the same moment in monotonic seconds, for windows that no clock change may bend.
        finished_monotonic: when the answer was complete or the client gone; None while under way.
        method: HTTP method.
        path: path without the query.
        external_id: the event (or sheet) asked for.
        header_names: names of the request's headers, lower case, as sent.
        user_agent: value of User-Agent.
        status: status code sent; None where none was.
        fault: how the answer went wrong by plan, as a `FaultKind`; None where it did not.
    """

    received_at: datetime
    received_monotonic: float
    finished_monotonic: float | None
    method: str
    path: str
    external_id: str | None
    header_names: tuple[str, ...]
    user_agent: str | None
    status: int | None
    fault: str | None = None


class RequestLog:
    """The last `MAX_RECORDS` requests, oldest first. Safe to read while serving."""

    def __init__(self) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=MAX_RECORDS)
        self._lock = threading.Lock()

    def add(self, record: RequestRecord) -> None:
        """Append one record."""
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        """Forget all records."""
        with self._lock:
            self._records.clear()

    def records(self, external_id: str | None = None) -> list[RequestRecord]:
        """The records so far, or those of one event."""
        with self._lock:
            return [item for item in self._records if external_id in {None, item.external_id}]

    def busiest_window(self, seconds: float) -> int:
        """The most requests received in any half-open window of `seconds`."""
        moments = sorted(item.received_monotonic for item in self.records())
        busiest = first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= seconds:
                first += 1
            busiest = max(busiest, last - first + 1)
        return busiest

    def most_at_once(self) -> int:
        """The most requests under way at one moment."""
        steps: list[tuple[float, int]] = []
        for item in self.records():
            steps.append((item.received_monotonic, 1))
            if item.finished_monotonic is not None:
                steps.append((item.finished_monotonic, -1))
        most = current = 0
        for _, step in sorted(steps):  # at equal moments an end counts before a start
            current += step
            most = max(most, current)
        return most


class RecordedApp:
    """ASGI middleware: writes every request of `app` to `log`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        log: RequestLog,
        clock: Callable[[], datetime],
        external_id_of: ExternalIdOf,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._log = log
        self._clock = clock
        self._external_id_of = external_id_of
        self._monotonic = monotonic
        self._under_way: list[tuple[RequestRecord, asyncio.Transport]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by `app`, noting it on the way."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._finish_what_clients_left()
        record = self._record(scope)
        self._log.add(record)
        if (transport := scope.get("state", {}).get("transport")) is not None:
            self._under_way.append((record, transport))

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = int(message["status"])
                record.fault = scope.get(FAULT_IN_SCOPE)
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                # Before the last byte leaves: a client that has its answer must find the request finished here.
                self._finish(record)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._finish(record)
            record.fault = scope.get(FAULT_IN_SCOPE)

    def _finish(self, record: RequestRecord) -> None:
        if record.finished_monotonic is None:
            record.finished_monotonic = self._monotonic()

    def _finish_what_clients_left(self) -> None:
        """End what nobody waits for any more: its task may hear of it later than the next request comes."""
        for record, transport in self._under_way:
            if transport.is_closing():
                self._finish(record)
        self._under_way = [pair for pair in self._under_way if pair[0].finished_monotonic is None]

    def _record(self, scope: Scope) -> RequestRecord:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        return RequestRecord(
            received_at=self._clock(),
            received_monotonic=self._monotonic(),
            finished_monotonic=None,
            method=scope["method"],
            path=scope["path"],
            external_id=self._external_id_of(scope),
            header_names=tuple(name for name, _ in headers),
            user_agent=dict(headers).get("user-agent"),
            status=None,
        )
