"""Ctrl-C, a supervisor's SIGTERM and a closed terminal: one stops a program, and none comes at a bad moment.

What belongs here: when a signal becomes a KeyboardInterrupt. What does not: what is then stopped (`running`).
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def one_signal_stops() -> Iterator[None]:
    """Make the first stopping signal a KeyboardInterrupt, and let no further one cut short what it began.

    Without this SIGTERM and SIGHUP would end Python at once and leave the children behind; and a shell that starts us
    in the background has SIGINT ignored.
    """

    def interrupt(_number: int, _frame: object) -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _STOPPING}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]  # by nohup: the user wants it to outlive the terminal
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def hold_signals() -> Iterator[None]:
    """Let stopping signals wait for the end of the block, and take effect there.

    For moments between a process's start and the note that it is ours: one that nobody knows of would outlive us, and
    start again what we have stopped. Only signals with a handler of Python are held: children inherit what is ignored.
    A terminal's Ctrl-C still reaches the children that are no session of their own.
    """
    came: list[int] = []
    before = {number: handler for number in _STOPPING if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


@contextmanager
def ignore_signals() -> Iterator[None]:
    """Ignore stopping signals, here and in the children that the block starts: what stops all must come to its end."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
