"""A warning about files with secrets that other users of this machine can read."""

from __future__ import annotations

import logging
import stat
from functools import cache
from pathlib import Path

_log = logging.getLogger(__name__)


def warn_of_other_readers(path: Path, name: str) -> None:
    """Log a warning where other users can read `path`; once in a process.

    `name` is how the message names it, such as `STUBHUB_HEADERS_FILE headers.json`.
    """
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        _warn_once(name)


@cache
def _warn_once(name: str) -> None:
    _log.warning("Other users of this machine can read %s. Run chmod 600 on it.", name)
