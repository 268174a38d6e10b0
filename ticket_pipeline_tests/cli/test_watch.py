"""`watch`: one view into a pipe; in a terminal a view that keys change and leave."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits
from ticket_pipeline_tests.overrides import as_environment

_CONTROL = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


def test_events_captures_budgets_and_errors_stand_in_one_view(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.NOT_FOUND, external_id=synced.loopback.keys[1]))
    synced.run("fetch-listings")
    shown = synced.run("watch").stdout
    assert_fits(shown)
    assert "stubhub: ok; errors in the last hour: 1 of 4 requests; 4 of 600 per 1 min" in shown
    events, captures = shown.split("Captured", 1)
    assert [f"Event {number}" in events for number in range(4)] == [True] * 4
    assert [f"Event {number}" in captures for number in range(4)] == [True, False, True, True]
    assert "stubhub: " in captures  # the last error in words
    by_name = synced.run("watch", "--sort", "name").stdout
    assert re.findall(r"^Event \d", by_name, re.MULTILINE) == [f"Event {number}" for number in range(4)]


def test_an_unknown_order_and_an_empty_watchlist_are_named(cli: Cli) -> None:
    assert "No event is followed." in cli.run("watch").stdout
    wrong = cli.run("watch", "--sort", "price")
    assert (wrong.exit_code, "start, change, due, name" in " ".join(wrong.output.split())) == (2, True)


@pytest.mark.parametrize("lines", [24, 40])
def test_keys_sort_and_leave_and_the_terminal_is_as_before(synced: Cli, lines: int) -> None:
    synced.run("fetch-listings")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, 80, 0, 0))
    before = termios.tcgetattr(theirs)
    env = os.environ | as_environment(synced.env) | {"TERM": "xterm"}
    env.pop("COLUMNS")
    program = [sys.executable, "-m", "ticket_pipeline.cli", "watch", "--every", "60"]
    watching = subprocess.Popen(program, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    try:
        frame = _read_until(ours, b"by start now")
        assert b"Captured" in frame
        assert len(frame.splitlines()) <= lines + 1
        os.write(ours, b"s")
        _read_until(ours, b"by change now")
        os.write(ours, b"q")
        assert watching.wait(60) == 0
        assert termios.tcgetattr(theirs) == before
    finally:
        watching.kill()
        watching.wait()
        os.close(ours)
        os.close(theirs)


def _read_until(terminal: int, text: bytes) -> bytes:
    """What the terminal shows until this text is there."""
    shown = b""
    while text not in shown:
        shown = _CONTROL.sub(b"", shown + os.read(terminal, 65_536))
    return shown
