"""Programs in a test: start one with a log, wait for what it does, and end its whole process group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")

_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.2
_PATIENCE = 6


class NotInTimeError(AssertionError):
    """What a test waited for did not happen; the message ends with the programs' output."""


class Program:
    """A program in a process group of its own, with its output in a file."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path, name: str) -> None:
        self.name = name
        self.log_file = folder / f"{name}.log"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(env),
                cwd=folder,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End the group: SIGTERM first, SIGKILL after a while. Idempotent."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the whole group at once, as a lost machine would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self, lines: int = 30) -> str:
        """The end of the program's output."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])


def wait_until(is_so: Callable[[], _T], what: str, *, seconds: float, explain: Callable[[], str]) -> _T:
    """Wait until `is_so` returns something true, and return that.

    Args:
        is_so: called five times a second.
        what: what is waited for.
        seconds: the longest that it takes on a quiet machine of two cores; a busy machine gets several times that.
        explain: the end of the error message.

    Raises:
        NotInTimeError: it did not happen.
    """
    seconds *= _PATIENCE
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > deadline:
            raise NotInTimeError(f"Waited {seconds:.0f} s for {what}.\n{explain()}")
        time.sleep(_POLL_SECONDS)
    return found


def program(name: str) -> str:
    """A program of this environment."""
    return str(Path(sys.executable).parent / name)
