"""`simulate` as a user starts it: what it prints is true, and only the chosen marketplaces are served."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from ticket_pipeline.cli.app import app
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.sheet.sync import open_watchlist


@contextmanager
def simulating(folder: Path, *options: str) -> Iterator[list[str]]:
    """Start it in `folder`; the lines that it prints once it listens."""
    command = (sys.executable, "-m", "ticket_pipeline.cli", "simulate", "--port", "0", *options)
    env = {**os.environ, "STATE_DIR": str(folder), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
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


def test_it_prints_where_each_chosen_marketplace_is_and_how_to_use_it(tmp_path: Path) -> None:
    chosen = ["stubhub", "vivid_seats", "ticketmaster"]
    options = [part for name in chosen for part in ("--only", name)]
    with simulating(tmp_path, *options) as lines, httpx.Client(trust_env=False, timeout=60) as client:
        facts = {line.split()[0]: line.split(maxsplit=1)[1].strip() for line in lines}
        shown = {name: client.get(f"{facts[name]}/_simulator/events").json() for name in chosen}
        assert {len(events) for events in shown.values()} == {6}
        assert "vivenu" not in facts
        root = facts["stubhub"].removesuffix("/stubhub")
        assert client.get(f"{root}/vivenu/_simulator/events").status_code == 404

        body, url = re.findall(r"-d '([^']+)' (\S+)", facts["Break"])[0]
        assert client.post(url, content=body).json()[0]["kind"] == "rate_limited"
        listings = f"{facts['stubhub']}/api/Listing/GetCompListingsByEventId?viagogoEventId=157284301"
        assert client.get(listings).status_code == 429

        named = dict(each.split("=", maxsplit=1) for each in shlex.split(facts["Sheet"])[:3])
        changes = {name.lower(): value for name, value in named.items()}
        settings = load_settings(**changes | {"ticket_pipeline_tuning": json.loads(changes["ticket_pipeline_tuning"])})
        found = open_watchlist(settings).read_rows()
    assert (found.values[0][0], len(found.values)) == ("Event Name", 7)
    assert (tmp_path / "simulated_sheet_credentials.json").stat().st_mode & 0o077 == 0
    assert str(tmp_path) in facts["World"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])  # noqa: S104 - it is refused
def test_another_address_than_loopback_is_refused(tmp_path: Path, host: str) -> None:
    refused = CliRunner().invoke(app, ["simulate", "--host", host], env={"STATE_DIR": str(tmp_path)})
    assert (refused.exit_code, "serves loopback only" in refused.stderr) == (1, True)


def test_a_port_that_is_taken_is_an_error_and_leaves_no_world_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = CliRunner().invoke(app, ["simulate", "--port", port], env={"STATE_DIR": str(tmp_path)})
    assert (refused.exit_code, port in refused.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []
