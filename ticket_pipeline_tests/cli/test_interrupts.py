"""Signals and child processes of `run`: the first signal stops it, further ones change nothing, no process stays."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from ticket_pipeline.cli import process_group
from ticket_pipeline.cli import run as running
from ticket_pipeline.cli.interrupts import one_signal_stops
from ticket_pipeline.cli.process_group import ProcessDiedError, ProcessGroup
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.embedded import EmbeddedServer, server
from ticket_pipeline_tests.servers import throwaway_state_dir


def close_terminal() -> None:
    with one_signal_stops():
        signal.raise_signal(signal.SIGHUP)


def test_a_closed_terminal_stops_everything() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup inherit another
    try:
        with pytest.raises(KeyboardInterrupt):
            close_terminal()
    finally:
        signal.signal(signal.SIGHUP, before)


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


def fail_and_be_signalled() -> None:
    with one_signal_stops() as ignore_signals:
        try:
            raise ValueError("the reason")
        finally:
            ignore_signals()
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("stop", "error"), [(stop_twice, KeyboardInterrupt), (fail_and_be_signalled, ValueError)])
def test_a_signal_does_not_cut_the_stopping_short(stop: Callable[[], None], error: type[BaseException]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(error) as raised:
        stop()

    assert raised.value.__context__ is None
    assert signal.getsignal(signal.SIGINT) is before


SLEEPER = [sys.executable, "-c", "import os, time; os.fork(); time.sleep(60)"]
"""A program that starts another one."""


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_group_ends_its_children_and_what_they_started(tmp_path: Path) -> None:
    with ProcessGroup(str(tmp_path), tmp_path / "logs") as group:
        child = psutil.Process(group.start("sleeper", SLEEPER, {}).pid)
        while not (started := child.children()):
            pass
    assert not any(lives(each) for each in (child, *started))


def test_a_group_finds_what_a_killed_one_of_its_name_left_behind(tmp_path: Path) -> None:
    with ProcessGroup(str(tmp_path), tmp_path).start("sleeper", SLEEPER, {}) as left:
        assert ProcessGroup("another", tmp_path).kill_remaining() == []
        assert left.pid in ProcessGroup(str(tmp_path), tmp_path).kill_remaining()
    assert not psutil.pid_exists(left.pid)


def test_a_child_that_ends_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with ProcessGroup(str(tmp_path), tmp_path) as group:
        group.start("broken", [sys.executable, "-c", "raise SystemExit('out of order')"], {}).wait()
        with pytest.raises(ProcessDiedError, match=r"(?s)broken ended unexpectedly.*out of order"):
            group.check()


TALKER = """
import pathlib, time
print("a" * 20, flush=True)
while not pathlib.Path(GO).exists(): time.sleep(0.01)
print("b", flush=True)
time.sleep(60)
"""


def test_a_large_log_is_emptied_while_its_program_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_group, "_MOST_LOG_BYTES", 10)
    with ProcessGroup(str(tmp_path), tmp_path) as group:
        program = TALKER.replace("GO", repr(str(tmp_path / "go")))
        group.start("talker", [sys.executable, "-c", program], {})
        log = group.log_file("talker")
        while log.stat().st_size < 21:
            pass
        group.check()
        (tmp_path / "go").touch()
        while not (text := log.read_text()):
            pass
    assert (log.with_suffix(".previous.log").read_text(), text) == ("a" * 20 + "\n", "b\n")


def test_a_database_whose_start_was_interrupted_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[bool] = []
    start = server.launch.start

    def start_interrupted(*arguments: Any) -> bool:  # noqa: ANN401 - those of `start`
        os.kill(os.getpid(), signal.SIGTERM)
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
