"""The simulator as `run` starts it: one of its processes."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from rich.console import Console

from ticket_pipeline.cli import web_ui
from ticket_pipeline.cli.process_group import ProcessGroup
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.app import PLAYED, path_of
from ticket_pipeline.simulator.app_factory import CONTROLS_PATH

_START_SECONDS = 90.0


def start_simulator(group: ProcessGroup, settings: Settings, env: Mapping[str, str], console: Console) -> None:
    """Start it where no marketplace is configured."""
    if not settings.is_simulated:
        return
    console.print("Starting the simulated marketplaces …")
    group.start("simulator", [sys.executable, "-m", "ticket_pipeline.cli", "simulate"], env)


def await_simulator(group: ProcessGroup, settings: Settings) -> None:
    """Wait until it serves, where it was started."""
    if not settings.is_simulated:
        return
    url = f"{settings.simulator_url}{path_of(PLAYED[0])}{CONTROLS_PATH}/requests"
    group.wait_until(lambda: web_ui.is_up(url), what="The simulator", seconds=_START_SECONDS)
