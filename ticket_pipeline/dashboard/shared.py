"""Answers shared by all who ask at about the same time: twenty readers of a page cost one reading of the database."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

_Answer = TypeVar("_Answer")

_MOST = 64


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    made_at: float = float("-inf")
    answer: Any = None


class Shared:
    """Keeps the newest answers for some seconds each; whoever asks while one is made waits for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], _Answer], *, seconds: float) -> _Answer:
        """The answer of this key, made anew where it is older than `seconds`; an error is not kept."""
        with self._lock:
            entry = self._kept.setdefault(key, _Entry())
            self._kept.move_to_end(key)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        with entry.lock:
            if self._clock() - entry.made_at > seconds:
                entry.answer, entry.made_at = make(), self._clock()
            answer: _Answer = entry.answer
        return answer
