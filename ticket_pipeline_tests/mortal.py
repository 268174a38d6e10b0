"""Work of the pipeline in a process of its own, which dies by SIGKILL at its n-th call of a function of ours."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from ticket_pipeline.archive.archiving import archive_month
from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.archive.restoring import restore_month
from ticket_pipeline.errors import StorageError
from ticket_pipeline.ingest.replay import replay_snapshots
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.connect import database_url
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span
from ticket_pipeline_tests.archive.history import FEBRUARY, TODAY

Work = Callable[..., object]
NEVER = sys.maxsize
_OURS = f"{os.sep}ticket_pipeline{os.sep}"
_FORKED = get_context("forkserver")
_FORKED.set_forkserver_preload([__name__])


def archive(url: str, folder: str) -> None:
    """Move February to files."""
    with Database(url, "tickets") as database:
        archive_month(database, ArchivePlace(folder), FEBRUARY, TODAY)


def restore(url: str, folder: str) -> None:
    """Bring it back."""
    with Database(url, "tickets") as database:
        restore_month(database, ArchivePlace(folder), FEBRUARY)


def replay(settings: Settings, span: Span) -> None:
    """Read the bodies of a span again."""
    with Database(database_url(settings), settings.db_schema) as database:
        replay_snapshots(database, settings, span)


def attempt(work: Work, *arguments: object, dies_at: int | str = NEVER, disk: int | None = None) -> int | str | None:
    """Call a function. Returns how many calls it took, the message of its error, or None: it was killed.

    Args:
        work: one of the functions above.
        arguments: what it is called with.
        dies_at: the call, or the name of the function, before which the process dies.
        disk: the size in bytes that no file can pass, as on a full disk.
    """
    ours, theirs = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_do, args=(work, arguments, dies_at, disk, theirs))
    process.start()
    theirs.close()
    process.join()
    with ours:
        if process.exitcode == -signal.SIGKILL:
            return None
        assert process.exitcode == 0
        answer: int | str = ours.recv()
        return answer


def _do(work: Work, arguments: tuple[object, ...], dies_at: int | str, disk: int | None, answer: Connection) -> None:
    if disk is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    calls = 0

    def count(frame: FrameType, event: str, _: Any) -> None:  # noqa: ANN401 - as Python has it
        nonlocal calls
        if event == "call" and _OURS in frame.f_code.co_filename:
            calls += 1
            if dies_at in (calls, frame.f_code.co_name):
                os.kill(os.getpid(), signal.SIGKILL)

    threading.settrace(count)
    sys.settrace(count)
    try:
        work(*arguments)
    except StorageError as error:
        answer.send(str(error))
        return
    finally:
        sys.settrace(None)
    answer.send(calls)
