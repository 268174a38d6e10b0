"""Child processes that start and end together, with a log each. Which ones there are is up to `run`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psutil

from ticket_pipeline.errors import TicketPipelineError

_MARK = "TICKET_PIPELINE_PROCESS_GROUP"
"""The environment variable by which every process of a group, and whatever it started, is found."""

_STOP_SECONDS = 15.0
_TAIL_LINES = 15
_MOST_LOG_BYTES = 10_000_000


class ProcessDiedError(TicketPipelineError):
    """A child process ended unexpectedly; the message names it and ends with the tail of its log."""


@dataclass(slots=True)
class ProcessGroup:
    """The children of one run, and a log of each in `log_dir`. Leaving the context ends them all.

    Its name is unique on this machine; a later group of the same name finds what a killed one left behind.
    """

    name: str
    log_dir: Path
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log_file(self, name: str) -> Path:
        """Where the output of a child goes."""
        return self.log_dir / f"{name}.log"

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a child in its own session: Ctrl-C at the terminal reaches only us, and we stop it in order."""
        log_file = self.log_file(name)
        if log_file.exists():
            log_file.replace(log_file.with_suffix(".previous.log"))
        with log_file.open("ab") as log:
            self.children[name] = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**env, _MARK: self.name},
                start_new_session=True,
            )
        return self.children[name]

    def finish(self, name: str) -> None:
        """Wait for a child that is to end with success."""
        if self.children[name].wait() != 0:
            self.check()
        del self.children[name]

    def check(self) -> None:
        """Make sure that all children live, and bound their logs."""
        for name, process in self.children.items():
            log_file = self.log_file(name)
            if process.poll() is not None:
                log = log_file.read_text(encoding="utf-8", errors="replace")
                raise ProcessDiedError(
                    f"The process {name} ended unexpectedly (exit code {process.returncode}). The end of {log_file}:\n"
                    + "\n".join(log.splitlines()[-_TAIL_LINES:])
                )
            if log_file.stat().st_size > _MOST_LOG_BYTES:
                # The child appends to its open file, so that it goes on at the start of an emptied one.
                shutil.copyfile(log_file, log_file.with_suffix(".previous.log"))
                os.truncate(log_file, 0)

    def wait_until(self, is_ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        """Wait until something is ready, while all children live."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProcessDiedError(f"{what} did not start within {seconds:.0f} s. See the logs in {self.log_dir}.")
            time.sleep(0.1)

    def stop(self, *names: str) -> None:
        """End children, all of them without `names`, and then whatever they started. Idempotent."""
        stopped = [self.children.pop(name) for name in names or list(self.children)]
        for process in stopped:
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process in stopped:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            process.kill()
            process.wait()
        if not self.children:
            self.kill_remaining()

    def kill_remaining(self) -> list[int]:
        """End every process of this group and wait for it; returns their ids. A killed run leaves such processes."""
        found = [process for process in psutil.process_iter() if self._is_member(process)]
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(found, _STOP_SECONDS)  # their ports are free then
        return [process.pid for process in found]

    def _is_member(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error, OSError):
            return process.environ().get(_MARK) == self.name and process.status() != psutil.STATUS_ZOMBIE
        return False
