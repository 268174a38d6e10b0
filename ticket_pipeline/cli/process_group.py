"""Child processes that live and end together: started with a log each, watched, stopped with everything they started.

What belongs here: processes in general. What does not: which ones `ticket-pipeline run` needs (`running`).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import psutil

from ticket_pipeline.cli.interrupts import hold_signals, ignore_signals
from ticket_pipeline.errors import TicketPipelineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_STOP_SECONDS = 15.0
_TAIL_LINES = 15


class ProcessDiedError(TicketPipelineError):
    """A child process ended by itself; the message names it and ends with the tail of its log."""


@dataclass(slots=True)
class Child:
    """One child process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log_file: Path


@dataclass(slots=True)
class Household:
    """The children of one run. Use it as a context manager: leaving it ends them all.

    Attributes:
        log_dir: one log per child, the previous run's beside it as `.previous`.
        register: the file that names the living children, for the next run to clear up after a crash.
    """

    log_dir: Path
    register: Path
    children: list[Child] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        with ignore_signals():
            self.stop()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a child in a session of its own: a Ctrl-C at the terminal reaches only us, and we end it in order."""
        log_file = self.log_dir / f"{name}.log"
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".previous.log"))
        with log_file.open("wb") as log, hold_signals():
            process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(env),
                start_new_session=True,
            )
            child = Child(name, process, log_file)
            self.children.append(child)
            self._write_register()
        return child

    def check(self) -> None:
        """Make sure that all children live.

        Raises:
            ProcessDiedError: one has ended.
        """
        for child in self.children:
            code = child.process.poll()
            if code is not None:
                raise ProcessDiedError(
                    f"Started {child.name}; it ended by itself (exit code {code}). The end of {child.log_file}:\n"
                    f"{tail(child.log_file)}"
                )

    def wait_until(self, is_ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Wait until something is ready, while all children live.

        Raises:
            ProcessDiedError: a child ended, or it took too long.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessDiedError(f"Waited {seconds:.0f} s for {what}; it did not come up. See {self.log_dir}.")
            time.sleep(0.1)

    def stop(self) -> None:
        """End all children and whatever they started: asked first, made to after a while. Idempotent."""
        for child in self.children:
            _signal_group(child.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        for child in self.children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, deadline - time.monotonic()))
        for child in self.children:
            # The session's other members (code servers, run workers) may outlive their leader.
            _signal_group(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self.children.clear()
        self.register.unlink(missing_ok=True)

    def clear_up(self) -> list[str]:
        """End what an earlier run left behind when it was killed; returns the names of what was ended."""
        try:
            entries = json.loads(self.register.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        ended = []
        for entry in entries:
            # A process id is reused sooner or later; its starting time tells whether it is still the same process.
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["created_at"]) < 1:
                    _signal_group(entry["pid"], signal.SIGKILL)
                    # Gone means that its ports are free again.
                    process.wait(_STOP_SECONDS)
                    ended.append(entry["name"])
        self.register.unlink(missing_ok=True)
        return ended

    def _write_register(self) -> None:
        entries = []
        for child in self.children:
            with suppress(psutil.NoSuchProcess):
                created_at = psutil.Process(child.process.pid).create_time()
                entries.append({"name": child.name, "pid": child.process.pid, "created_at": created_at})
        # In one step: who reads the half of it after a kill would end nobody.
        written = self.register.with_suffix(".new")
        written.write_text(json.dumps(entries), encoding="utf-8")
        written.replace(self.register)


def tail(log_file: Path, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
