"""Files of the user's that hold a secret: whether others may read them, said once.

What belongs here: the warning. What does not: reading such a file, and what it must hold (its owner's).
"""

from __future__ import annotations

import logging
import stat
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)


def warn_of_other_readers(path: Path, what: str) -> None:
    """Log a warning where other users of this machine can read a file; once in a process.

    Args:
        path: the file.
        what: how it is called, such as `STUBHUB_HEADERS_FILE headers.json`.

    Raises:
        OSError: it cannot be looked at.
    """
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        _warn_once(what)


@cache  # a warning at each batch or sync would hide the log's other lines
def _warn_once(what: str) -> None:
    _log.warning("Read %s: other users of this machine can read it; run chmod 600 on it", what)
