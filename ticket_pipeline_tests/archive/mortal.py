"""Archiving and restoring in a process of its own, which dies by SIGKILL at its n-th call of a function of ours."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, Literal

from ticket_pipeline.archive.archiving import archive_month
from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.archive.restoring import restore_month
from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.archive.history import FEBRUARY, TODAY

Deed = Literal["archive", "restore"]
NEVER = sys.maxsize
_OURS = f"{os.sep}ticket_pipeline{os.sep}"
_FORKED = get_context("forkserver")
_FORKED.set_forkserver_preload([__name__])


def attempt(deed: Deed, url: str, folder: str, *, dies_at: int = NEVER, disk: int | None = None) -> int | str | None:
    """Archive or restore February. Returns how many calls that took, the message of its error, or None: it was killed.

    Args:
        deed: which.
        url: of the database.
        folder: of the archive.
        dies_at: the call before which it dies.
        disk: the size in bytes that no file can pass, as on a full disk.
    """
    ours, theirs = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_do, args=(deed, url, folder, dies_at, disk, theirs))
    process.start()
    theirs.close()
    process.join()
    with ours:
        if process.exitcode == -signal.SIGKILL:
            return None
        assert process.exitcode == 0
        answer: int | str = ours.recv()
        return answer


def _do(deed: Deed, url: str, folder: str, dies_at: int, disk: int | None, answer: Connection) -> None:
    if disk is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    calls = 0

    def count(frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401 - as Python has it
        nonlocal calls
        if event == "call" and _OURS in frame.f_code.co_filename:
            calls += 1
            if calls == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

    place = ArchivePlace(folder)
    with Database(url, "tickets") as database:
        threading.settrace(count)
        sys.settrace(count)
        try:
            if deed == "archive":
                archive_month(database, place, FEBRUARY, TODAY)
            else:
                restore_month(database, place, FEBRUARY)
        except StorageError as error:
            answer.send(str(error))
            return
        finally:
            sys.settrace(None)
    answer.send(calls)
