"""Which requests are to go wrong, and how: a plan that tests and a running simulator share.

What belongs here: choosing a fault for a request. What does not: what a fault looks like on the wire
(`ticket_pipeline.simulator.wire`).
"""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass


class FaultKind(StrEnum):
    """How one answer goes wrong."""

    RATE_LIMITED = "rate_limited"  # 429, with Retry-After where the fault carries one
    UNAUTHORIZED = "unauthorized"  # 401
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404
    SERVER_ERROR = "server_error"  # 500
    UNAVAILABLE = "unavailable"  # 503, with Retry-After where the fault carries one
    LOGIN_PAGE = "login_page"  # 200, the HTML a lost session ends at
    LOGIN_REDIRECT = "login_redirect"  # 302 to the login site
    CHALLENGE_PAGE = "challenge_page"  # 200, a bot wall's HTML
    HTML = "html"  # 200, HTML that is neither
    WRONG_SHAPE = "wrong_shape"  # 200, valid JSON of another shape
    TRUNCATED = "truncated"  # 200, the true body cut in the middle, its length announced as such
    EMPTY_BODY = "empty_body"  # 200, no body
    SLOW = "slow"  # the true answer, after `delay_seconds`
    HANG = "hang"  # no answer until the client leaves
    RESET = "reset"  # the true body begins, then the connection is reset
    GZIP = "gzip"  # the true answer, compressed, whatever the client accepts
    SLOW_DRIP = "slow_drip"  # the true answer, in small pieces spread over `delay_seconds`
    RENAMED_FIELD = "renamed_field"  # the true answer, its quantities under another name
    RETYPED_FIELD = "retyped_field"  # the true answer, its quantities of another type
    REKEYED_IDS = "rekeyed_ids"  # the true answer, every listing under another id; the same ones each time
    WRONG_TIME_ZONE = "wrong_time_zone"  # the true answer, with another zone and local hour
    CLOCK_SKEW = "clock_skew"  # the true answer, its headers' times off by `skew_seconds`


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Fault:
    """One way for requests to go wrong; a value out of bounds raises pydantic's ValidationError, a ValueError.

    Attributes:
        kind: what happens.
        external_id: only requests for this event (or sheet) go wrong; None: all.
        times: how many requests go wrong; None: all until the plan is cleared.
        probability: the chance of each matching request, drawn from the plan's seed.
        delay_seconds: how long a slow answer waits, or takes to drip.
        retry_after: the Retry-After header as it is sent: seconds or an HTTP date; None: no header.
        skew_seconds: how far a skewed clock is ahead; negative: behind.
    """

    kind: FaultKind
    external_id: str | None = None
    times: Annotated[int, Field(ge=1)] | None = 1
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    retry_after: Annotated[str, Field(pattern=r"^[ -~]{1,100}$")] | None = None
    skew_seconds: Annotated[float, Field(ge=-1e8, le=1e8)] = 3600.0


class FaultPlan:
    """The faults still to happen; the first that matches a request is used. Safe to change while serving."""

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._lock = threading.Lock()
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Append `fault` to the plan."""
        with self._lock:
            self._pending.append(fault)

    def clear(self) -> None:
        """Forget every fault still to happen."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[Fault]:
        """The faults still to happen; `times` counts down."""
        with self._lock:
            return list(self._pending)

    def draw(self, external_id: str | None) -> Fault | None:
        """Choose the fault of one request, and count it as happened."""
        with self._lock:
            for index, fault in enumerate(self._pending):
                if fault.external_id not in {None, external_id}:
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                if fault.times == 1:
                    del self._pending[index]
                elif fault.times is not None:
                    self._pending[index] = replace(fault, times=fault.times - 1)
                return fault
        return None
