"""What runs beside the benchmark of the dashboard: `python -m benchmarks.dashboard_child serve|read …`.

What belongs here: the server as users run it, at a moment of its own, and readers who look at it. What does not:
what is measured of them.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import httpx
import psutil

from benchmarks.ground import PROJECT, SCHEMA
from ticket_pipeline.dashboard.server import serve
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STARTS_WITHIN_SECONDS = 60


def main(mode: str, arguments: list[str]) -> None:
    """Serve or read until standard input closes."""
    work = {"serve": _serve, "read": _read}[mode]
    threading.Thread(target=work, args=arguments, daemon=True).start()
    sys.stdin.read()


def _serve(url: str, port: str, now: str) -> None:
    moment = datetime.fromisoformat(now)
    serve(Settings(db_schema=SCHEMA, dashboard_port=int(port)), url, lambda: moment)


def _read(seconds: str, *addresses: str) -> None:
    """A reader for each address, who asks for it again after so many seconds, as the script of the page does."""
    with httpx.Client(timeout=60) as client:
        readers = [threading.Thread(target=_keep_reading, args=(client, one, float(seconds))) for one in addresses]
        for reader in readers:
            reader.start()
        print("reading", flush=True)
        for reader in readers:
            reader.join()


def _keep_reading(client: httpx.Client, address: str, seconds: float) -> None:
    etag = ""
    for _ in itertools.count():
        etag = client.get(address, headers={"if-none-match": etag}).headers.get("etag", "")
        time.sleep(seconds)


@contextmanager
def open_dashboard(url: str, now: datetime) -> Iterator[tuple[str, psutil.Process]]:
    """The dashboard in a process of its own, on the database `url`, whose pages are of one moment; where it is."""
    with reserved_port() as port, _child("serve", url, str(port), now.isoformat()) as process:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address)
        yield address, psutil.Process(process.pid)


@contextmanager
def open_readers(addresses: Sequence[str], seconds: float) -> Iterator[None]:
    """Readers in a process of their own, once they have begun."""
    with _child("read", str(seconds), *addresses) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.readline()
        yield


@contextmanager
def _child(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "benchmarks.dashboard_child", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PROJECT) as process:
        yield process  # leaving the block closes its input, which ends it


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while True:
        try:
            httpx.get(f"{address}/static/app.js").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
