"""Faults on demand: what can go wrong, and the plan that decides which requests do. `simulator.wire` applies them."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass


class FaultKind(StrEnum):
    """How one response goes wrong."""

    RATE_LIMITED = "rate_limited"  # 429, with Retry-After where the fault carries one
    UNAUTHORIZED = "unauthorized"  # 401
    FORBIDDEN = "forbidden"  # 403
    NOT_FOUND = "not_found"  # 404
    SERVER_ERROR = "server_error"  # 500
    UNAVAILABLE = "unavailable"  # 503, with Retry-After where the fault carries one
    LOGIN_PAGE = "login_page"  # 200, the HTML after a lost session
    LOGIN_REDIRECT = "login_redirect"  # 302 to the login site
    CHALLENGE_PAGE = "challenge_page"  # 200, a bot wall's HTML
    HTML = "html"  # 200, other HTML
    WRONG_SHAPE = "wrong_shape"  # 200, valid JSON of another shape
    TRUNCATED = "truncated"  # 200, half of the true body, with that length
    EMPTY_BODY = "empty_body"  # 200, no body
    SLOW = "slow"  # the true response, after `delay_seconds`
    HANG = "hang"  # no response
    RESET = "reset"  # the true body begins, then the connection is reset
    GZIP = "gzip"  # the true response, compressed, whatever the client accepts
    SLOW_DRIP = "slow_drip"  # the true response, in small pieces over `delay_seconds`
    RENAMED_FIELD = "renamed_field"  # quantities have another name
    RETYPED_FIELD = "retyped_field"  # quantities have another type
    REKEYED_IDS = "rekeyed_ids"  # every listing has another id, the same one each time
    WRONG_TIME_ZONE = "wrong_time_zone"  # another zone and local hour
    CLOCK_SKEW = "clock_skew"  # times in headers are off by `skew_seconds`


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Fault:
    """One planned fault."""

    kind: FaultKind
    external_id: str | None = None  # only requests for this event (or sheet)
    times: Annotated[int, Field(ge=1)] | None = 1  # how many requests; None: all until the plan is cleared
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0  # of each matching request, drawn from the plan's seed
    delay_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0  # how long a slow response waits, or takes to drip
    retry_after: Annotated[str, Field(pattern=r"^[ -~]{1,100}$")] | None = None  # the header: seconds or an HTTP date
    skew_seconds: Annotated[float, Field(ge=-1e8, le=1e8)] = 3600.0  # how far a skewed clock is ahead


class FaultPlan:
    """The planned faults; the first one that matches a request is used. Thread-safe."""

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._lock = threading.Lock()
        self._pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Append a fault."""
        with self._lock:
            self._pending.append(fault)

    def clear(self) -> None:
        """Delete all faults."""
        with self._lock:
            self._pending.clear()

    def pending(self) -> list[Fault]:
        """The remaining faults; `times` counts down."""
        with self._lock:
            return list(self._pending)

    def draw(self, external_id: str | None) -> Fault | None:
        """Choose the fault of one request, and count it."""
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
