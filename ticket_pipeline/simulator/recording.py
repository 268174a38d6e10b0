"""A log of the requests that reached the simulator. It keeps no header value but the User-Agent: others are secret."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime

MAX_RECORDS = 200_000


@dataclass(slots=True)
class RequestRecord:
    """One request: when its headers were read, and when its response was complete or its client left."""

    received_at: datetime  # aware UTC
    received_monotonic: float  # seconds
    finished_monotonic: float | None  # None while it is running
    method: str
    path: str
    external_id: str | None  # the event or sheet
    header_names: tuple[str, ...]
    user_agent: str | None
    status: int | None
    fault: str | None = None  # the `FaultKind` applied


class RequestLog:
    """The last `MAX_RECORDS` requests, oldest first. Thread-safe."""

    def __init__(self) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=MAX_RECORDS)
        self._lock = threading.Lock()

    def add(self, record: RequestRecord) -> None:
        """Append a record."""
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        """Delete all records."""
        with self._lock:
            self._records.clear()

    def records(self, external_id: str | None = None) -> list[RequestRecord]:
        """All records, or those of one event."""
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
        """The most requests running at one moment."""
        records = self.records()
        steps = [(item.received_monotonic, 1) for item in records]
        steps += [(item.finished_monotonic, -1) for item in records if item.finished_monotonic is not None]
        most = current = 0
        for _, step in sorted(steps):  # at equal moments an end counts before a start
            current += step
            most = max(most, current)
        return most
