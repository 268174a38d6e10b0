"""Signals that stop `run`: the first one does, when nothing can be forgotten; further ones change nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from ticket_pipeline.cli import process_group as processes
from ticket_pipeline.cli import run as running
from ticket_pipeline.cli.interrupts import hold_signals, one_signal_stops
from ticket_pipeline.cli.process_group import Household
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.embedded import EmbeddedServer, server
from ticket_pipeline_tests.servers import throwaway_state_dir


def close_terminal() -> None:
    with one_signal_stops():
        signal.raise_signal(signal.SIGHUP)


def test_a_closed_terminal_stops_everything() -> None:
    with pytest.raises(KeyboardInterrupt):
        close_terminal()


def test_nohup_outlives_the_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        close_terminal()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def stop_twice() -> None:
    with one_signal_stops():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGINT)  # would raise here, in the middle of the stopping


def test_a_second_signal_does_not_cut_the_stopping_short() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as raised:
        stop_twice()

    assert raised.value.__context__ is None
    assert signal.getsignal(signal.SIGINT) is before


def hold_one_of(number: signal.Signals, done: list[str]) -> None:
    with one_signal_stops():
        with hold_signals():
            signal.raise_signal(number)
            signal.raise_signal(number)
            done.append("the block")
        done.append("what follows")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_held_signal_stops_at_the_end_of_the_block(number: signal.Signals) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        hold_one_of(number, done)
    assert done == ["the block"]


def test_a_held_error_is_told_where_no_signal_came() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="its own"), hold_signals():
        raise ValueError("its own")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_is_ignored_stays_so_for_children() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with hold_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


class InterruptedStart(subprocess.Popen[bytes]):
    """A program that lives while the signal comes, before anybody has noted that it does."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[call-overload]
        InterruptedStart.started = self
        signal.raise_signal(signal.SIGTERM)

    started: InterruptedStart


def test_a_child_whose_start_was_interrupted_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.subprocess, "Popen", InterruptedStart)
    command = [sys.executable, "-c", "import time; time.sleep(60)"]

    with (
        pytest.raises(KeyboardInterrupt),
        one_signal_stops(),
        Household(tmp_path / "logs", tmp_path / "processes.json") as household,
    ):
        household.start("sleeper", command, {})

    assert not psutil.pid_exists(InterruptedStart.started.pid)


def test_what_is_being_stopped_is_stopped_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C meanwhile neither cuts that short nor hides why all is stopped."""
    stop = Household.stop
    stopped: list[str] = []

    def stop_interrupted(household: Household) -> None:
        signal.raise_signal(signal.SIGINT)
        stop(household)
        stopped.append("all")

    monkeypatch.setattr(Household, "stop", stop_interrupted)
    with (
        pytest.raises(ValueError, match="the reason"),
        one_signal_stops(),
        Household(tmp_path / "logs", tmp_path / "processes.json"),
    ):
        raise ValueError("the reason")
    assert stopped == ["all"]


def test_the_register_of_children_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register = tmp_path / "processes.json"
    seen: list[str] = []
    write = Path.write_text

    def write_and_look(path: Path, text: str, **options: str) -> int:
        done = write(path, text, **options)
        seen.append(register.read_text() if register.exists() else "")
        return done

    monkeypatch.setattr(Path, "write_text", write_and_look)
    with Household(tmp_path / "logs", register) as household:
        for name in ("first", "second"):
            household.start(name, [sys.executable, "-c", "import time; time.sleep(60)"], {})
        assert [len(json.loads(text or "[]")) for text in seen] == [0, 1]
        assert len(json.loads(register.read_text())) == 2


def test_a_database_whose_start_was_interrupted_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of the start, when nobody can tell yet that there is anything to stop."""
    launched: list[bool] = []
    start = server.launch.start

    def start_interrupted(*arguments: Any) -> bool:  # noqa: ANN401 - those of `start`
        signal.raise_signal(signal.SIGTERM)
        launched.append(start(*arguments))
        return launched[-1]

    monkeypatch.setattr(server.launch, "start", start_interrupted)
    with throwaway_state_dir() as folder:
        folder.mkdir()
        settings = Settings(state_dir=folder)
        with (
            pytest.raises(KeyboardInterrupt),
            one_signal_stops(),
            running._database(settings, Console(quiet=True)),
        ):
            pytest.fail("it was interrupted before")

        assert launched == [True]
        assert not EmbeddedServer(folder / "postgres", None).status().running
        assert not (folder / "postgres_started_by_run").exists()
