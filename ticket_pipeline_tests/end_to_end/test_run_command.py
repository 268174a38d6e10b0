"""`ticket-pipeline run` in an empty home without settings: one command starts all, Ctrl-C stops it, data stays."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
import pytest

from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline_tests.end_to_end.programs import Program, program, wait_until
from ticket_pipeline_tests.end_to_end.system import outside_environment
from ticket_pipeline_tests.servers import throwaway_state_dir

RUN = (program("ticket-pipeline"), "run")
KEYBOARD_INTERRUPT = 130


@dataclass
class Machine:
    """A state folder and the runs in it."""

    folder: Path
    env: dict[str, str]

    @property
    def server(self) -> EmbeddedServer:
        """The embedded database of this folder."""
        return EmbeddedServer(self.folder / "postgres", None)

    def start(self, name: str) -> Program:
        """Start a run in the background."""
        return Program(RUN, self.env, self.folder, name)

    def living(self) -> list[str]:
        """The command lines of all programs that work with this folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("STATE_DIR") == str(self.folder) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
        return found

    def snapshots(self) -> int:
        """How many captures are stored."""
        return int(self._rows("select count(*) from tickets.snapshots")[0][0])

    def run_states(self) -> set[str]:
        """The statuses of all of Dagster's runs."""
        return {status for (status,) in self._rows("select status from dagster.runs")}

    def _rows(self, query: LiteralString) -> list[tuple[Any, ...]]:
        """Rows of the database; it is started on demand and stopped again."""
        was_running = self.server.status().running
        try:
            with psycopg.connect(self.server.start()) as connection:
                return connection.execute(query).fetchall()
        finally:
            if not was_running:
                self.server.stop()


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A machine on which nothing was started yet."""
    with throwaway_state_dir() as folder:
        folder.mkdir()
        home = folder.parent / "home"
        home.mkdir()
        env = outside_environment(home) | {"STATE_DIR": str(folder), "WEB_PORT": "0", "SIMULATOR_PORT": "0"}
        env["DASHBOARD_PORT"] = "0"
        env["DISABLED_MARKETPLACES"] = "vivid_seats, ticketmaster"  # each would start runs of its own
        env["TICKET_PIPELINE_TUNING"] = json.dumps({"past_days": 1})  # all 45 take a minute of two cores
        del env["DAGSTER_HOME"]
        machine = Machine(folder, env)
        try:
            yield machine
        finally:
            _end_all(machine)


def _end_all(machine: Machine) -> None:
    killed = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("STATE_DIR") == str(machine.folder):
                process.kill()
                killed.append(process)
    psutil.wait_procs(killed, timeout=20)  # before their folder is deleted
    EmbeddedServer(machine.folder / "postgres", None).stop()


def _wait_for_words(run: Program, words: str) -> None:
    wait_until(
        lambda: words in run.log_file.read_text(errors="replace") or run.process.poll() is not None,
        f"the words {words!r}",
        seconds=180,  # the first start plays the demo's past, two minutes of one core
        explain=run.tail,
    )
    assert run.process.poll() is None, run.tail()


def _wait_for_end(run: Program, is_over: Callable[[], bool]) -> None:
    wait_until(lambda: run.process.poll() is not None and is_over(), "the end of the run", seconds=40, explain=run.tail)


def test_a_run_after_a_killed_one_needs_no_configuration_and_ctrl_c_stops_it_without_a_failed_run(
    machine: Machine,
) -> None:
    killed = machine.start("killed")
    _wait_for_words(killed, "Starting Dagster")
    killed.process.kill()
    killed.process.wait()
    assert machine.living(), "children outlive a killed supervisor"
    run = machine.start("interrupted")
    try:
        _wait_for_words(run, "First snapshot of this run stored after")
        assert "of a run that was killed" in run.log_file.read_text()
        second = subprocess.run(RUN, env=machine.env, capture_output=True, text=True, timeout=150, check=False)
        assert second.returncode == 1
        assert "Another `ticket-pipeline run` uses" in " ".join(second.stderr.split())
        wait_until(lambda: "STARTED" in machine.run_states(), "a run under way", seconds=60, explain=run.tail)
        run.process.send_signal(signal.SIGINT)
        _wait_for_end(run, lambda: not machine.living())
        assert run.process.returncode in {0, KEYBOARD_INTERRUPT}
        assert "Traceback" not in run.tail(200)
        assert machine.run_states().isdisjoint({"FAILURE", "STARTING", "STARTED", "CANCELING"})
        assert machine.snapshots() > 0
    finally:
        run.stop()


def test_a_sigterm_during_the_start_leaves_nothing_behind(machine: Machine) -> None:
    run = machine.start("terminated")
    try:
        _wait_for_words(run, "Starting Dagster")
        run.process.send_signal(signal.SIGTERM)
        _wait_for_end(run, lambda: not machine.living())
        assert "Traceback" not in run.tail(200)
        assert not machine.server.status().running
    finally:
        run.stop()
