"""The examples of docs/clients.md, each run as it stands against the simulator."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ticket_pipeline.settings.model import ENV_FILE_VARIABLE
from ticket_pipeline.simulator.app import create_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.docs.documents import PROJECT
from ticket_pipeline_tests.simulator_support.serving import serve

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
def test_the_example_runs_as_it_stands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(tmp_path / "no.env"))
    with serve(create_app(sample_world(NOW), clock=lambda: NOW)) as served:
        monkeypatch.setenv("SIMULATOR_PORT", str(served.port))
        exec(compile(EXAMPLES[name], name, "exec"), {"__name__": "__main__"})  # noqa: S102 - it is what a reader runs
    printed = capsys.readouterr()
    assert printed.err == ""
    assert re.match(SAID[name], printed.out), printed.out
