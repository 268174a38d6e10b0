"""Importing does nothing; who may import whom is a matter of `make lint`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ticket_pipeline_tests.architecture.test_sources import CHECKOUT

IMPORT_EVERYTHING = Path(__file__).with_name("import_everything.py")


def import_everything(folder: Path) -> subprocess.CompletedProcess[str]:
    """Import all of the package in `folder`, without an environment; stdout holds what that did besides."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(IMPORT_EVERYTHING), str(folder)],
        capture_output=True,
        text=True,
        env={},
        cwd="/",
        timeout=300,
        check=False,
    )


def test_importing_everything_reads_and_starts_nothing() -> None:
    run = import_everything(CHECKOUT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == []


def test_that_test_notices_what_an_import_does(tmp_path: Path) -> None:
    package = tmp_path / "ticket_pipeline"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "bad.py").write_text(
        "import os, socket, subprocess, sys, time, json\n"
        "os.environ.get('HOME')\n"
        "os.getenv('PATH')\n"
        "open('/dev/null')\n"
        "time.time()\n"
        "socket.socket()\n"
        "subprocess.run([sys.executable, '-c', ''])\n"
    )
    run = import_everything(tmp_path)
    assert run.returncode == 0, run.stderr
    lines = {line.partition(": ")[0] for line in run.stdout.splitlines()}
    assert lines == {f"ticket_pipeline/bad.py:{number}" for number in range(2, 8)}
