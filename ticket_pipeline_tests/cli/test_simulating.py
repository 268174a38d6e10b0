"""`ticket-pipeline simulate` as a user starts it: what it prints is true, and only what was asked for is played."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from ticket_pipeline.cli.simulating import curl_a_fault
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.sheet.sync import open_watchlist
from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = (sys.executable, "-m", "ticket_pipeline.cli", "simulate", "--port", "0")


@contextmanager
def simulating(folder: Path, *options: str) -> Iterator[list[str]]:
    """Start it in `folder`; the lines it prints once it listens."""
    env = {**os.environ, "STATE_DIR": str(folder), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen([*COMMAND, *options], env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or not lines[-1].startswith("Stop"):
                lines.append(process.stdout.readline())
                assert lines[-1], "it ended instead"
            yield lines
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(100)


def urls(lines: list[str]) -> dict[str, str]:
    """Marketplace → where it says that it is."""
    return {
        str(marketplace): line.split()[1]
        for marketplace in Marketplace
        for line in lines
        if line.startswith(f"{marketplace} ")
    }


def test_it_says_where_each_marketplace_is_and_how_to_make_one_fail(tmp_path: Path) -> None:
    with simulating(tmp_path, "--seed", "7") as lines, httpx.Client(trust_env=False, timeout=60) as client:
        where = urls(lines)
        assert where.keys() == {"stubhub", "vivid_seats", "ticketmaster", "vivenu"}
        shown = {name: client.get(f"{url}/_simulator/events").json() for name, url in where.items()}
        assert {len(shown[name]) for name in ("stubhub", "vivid_seats", "ticketmaster")} == {6}

        command = next(line for line in lines if line.startswith("Break"))
        body, url = re.findall(r"-d '([^']+)' (\S+)", command)[0]
        assert client.post(url, content=body).json()[0]["kind"] == "rate_limited"
        listings = f"{where['stubhub']}/api/Listing/GetCompListingsByEventId?viagogoEventId=157284301"
        assert client.get(listings).status_code == 429
    assert any(str(tmp_path) in line for line in lines)


def test_only_the_chosen_marketplaces_are_played(tmp_path: Path) -> None:
    with simulating(tmp_path, "--only", "vivid_seats", "--only", "ticketmaster") as lines:
        where = urls(lines)
        assert where.keys() == {"vivid_seats", "ticketmaster"}
        root = where["vivid_seats"].removesuffix("/vivid_seats")
        for name in ("stubhub", "vivenu"):
            assert httpx.get(f"{root}/{name}/_simulator/events", trust_env=False, timeout=60).status_code == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])  # noqa: S104 - it is refused
def test_another_address_than_loopback_is_refused(tmp_path: Path, host: str) -> None:
    env = {**os.environ, "STATE_DIR": str(tmp_path)}
    ended = subprocess.run(
        [*COMMAND, "--host", host], env=env, capture_output=True, text=True, check=False, timeout=150
    )
    assert ended.returncode == 1
    assert "serves loopback only" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_fault_command_is_a_whole_shell_command() -> None:
    assert curl_a_fault("http://h:1", Marketplace.VIVID_SEATS) == (
        """curl -d '{"kind": "rate_limited", "times": 3}' http://h:1/vivid_seats/_simulator/faults"""
    )


def test_its_events_are_a_google_sheet_too(tmp_path: Path) -> None:
    with simulating(tmp_path) as lines:
        (told,) = [shlex.split(line)[1:4] for line in lines if line.startswith("Sheet")]
        changes = {name.lower(): value for name, _, value in (each.partition("=") for each in told)}
        settings = load_settings(**changes | {"tuning": json.loads(changes["tuning"])})
        found = open_watchlist(settings).read_rows()
    assert (found.values[0][0], len(found.values)) == ("Event Name", 7)
    assert (tmp_path / "simulated_sheet_credentials.json").stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_told_and_leaves_no_world_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*COMMAND[:-1], port]
        env = {**os.environ, "STATE_DIR": str(tmp_path)}
        result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=150, check=False)
    assert result.returncode == 1
    assert port in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []
