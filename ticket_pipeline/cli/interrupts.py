"""When Ctrl-C, SIGTERM or a closed terminal stops a program. What is then stopped belongs to `run`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def one_signal_stops() -> Iterator[Callable[[], None]]:
    """Turn the first stopping signal into a KeyboardInterrupt and ignore further ones.

    Yields a function that ignores all further signals, for the time in which everything is stopped. Without this
    context SIGTERM and SIGHUP would end Python at once and leave the children behind; and a shell that starts us in the
    background has SIGINT ignored.
    """
    before = {number: signal.getsignal(number) for number in _STOPPING}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]  # nohup: the program outlives its terminal

    def ignore() -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)

    def interrupt(_number: int, _frame: object) -> None:
        ignore()
        raise KeyboardInterrupt

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
