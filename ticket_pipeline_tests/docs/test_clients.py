"""The examples of docs/clients.md, each run as a program of its own against the simulator."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, Settings
from ticket_pipeline.simulator.app import create_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.docs.documents import PROJECT
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEXT = (PROJECT / "docs" / "clients.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^## (.+?)\n\n```python\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL))
SAID = {
    "StubHub": r"\d+ listings, \d+ tickets, from [\d.]+ USD\n",
    "Vivid Seats": r"two together from [\d.]+ USD\nannounced totals that disagree: \(\)\n",
    "Ticketmaster": r"vvG1IZ9pNeXaVj Vesper Lane .+ America/New_York\nonsale Harbor Garden\n\w+ [\d.]+ [\d.]+ USD\n",
}


def test_every_client_has_an_example() -> None:
    assert EXAMPLES.keys() == SAID.keys()


@pytest.mark.parametrize("name", SAID)
def test_the_example_runs_as_it_stands(name: str, tmp_path: Path) -> None:
    with serve(create_app(sample_world(NOW), clock=lambda: NOW)) as served:
        env = {key: value for key, value in os.environ.items() if key.lower() not in Settings.model_fields}
        env |= {"SIMULATOR_PORT": str(urlsplit(served.url).port), ENV_FILE_VARIABLE: str(tmp_path / "no.env")}
        env["PYTHONPATH"] = str(PROJECT)
        command = [sys.executable, "-W", "error", "-c", EXAMPLES[name]]
        ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=150, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.match(SAID[name], ended.stdout), ended.stdout
