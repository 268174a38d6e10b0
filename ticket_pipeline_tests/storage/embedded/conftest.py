"""What the tests of the embedded server share: a folder for one, a fast one on it, and who the tests run as."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.embedded.account import Account, can_reach
from ticket_pipeline_tests.servers import FORGETFUL, throwaway_state_dir

_CHECKOUT = Path(__file__).resolve().parents[3]

START_AND_REPORT = """
import sys
from pathlib import Path
from ticket_pipeline.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), None, server_settings={"fsync": "off"})
server.start()
print(server.status().pid)
"""


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A state folder, not made yet; whatever runs on it at the end is stopped."""
    with throwaway_state_dir() as folder:
        yield folder


@pytest.fixture
def server(state_dir: Path) -> EmbeddedServer:
    """A server on `state_dir`, not started."""
    return EmbeddedServer(state_dir, None, server_settings=FORGETFUL)


def ask(url: str, question: LiteralString) -> object:
    """The single value that `question` gives."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


def python_for(account: Account) -> tuple[str, dict[str, str]]:
    """An interpreter, with its environment, that `account` can execute and that sees this project and its packages."""
    same_version = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, same_version):
        if can_reach(Path(python).resolve(), account) and Path(python).exists():
            paths = [str(_CHECKOUT), *(path for path in sys.path if path.endswith("site-packages"))]
            return python, {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    pytest.skip(f"no Python {sys.version_info.major}.{sys.version_info.minor} that another user may execute")
