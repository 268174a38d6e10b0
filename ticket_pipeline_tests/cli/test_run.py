"""What `run` refuses before it starts anything; that it starts and stops everything is proven end to end."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ticket_pipeline.cli import ports
from ticket_pipeline.cli import run as running
from ticket_pipeline.cli.process_group import ProcessGroup
from ticket_pipeline.cli.run_status import StorageTrouble, _what_comes, describe_minute
from ticket_pipeline.errors import ConfigurationError, StorageError, StorageUnavailable
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.sync import open_watchlist
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.ingest.loopback import open_loopback

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def synced_from(database: Database, source: str) -> None:
    sync_watchlist(
        database, [], [], source=source, this_moment=running.datetime.now(running.UTC), max_untrack_fraction=0.5
    )


def test_the_demo_never_replaces_a_watchlist_of_the_users(migrated_url: str, tmp_path: Path) -> None:
    with Database(migrated_url, "tickets") as database:
        synced_from(database, "the CSV file mine.csv")

        with pytest.raises(ConfigurationError, match=r"mine\.csv"):
            running._refuse_foreign_events(database, Settings(state_dir=tmp_path))


def test_the_demo_goes_on_with_its_own_sample(migrated_url: str, tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    with Database(migrated_url, "tickets") as database:
        running._refuse_foreign_events(database, settings)
        synced_from(database, open_watchlist(settings).description)

        running._refuse_foreign_events(database, settings)


def test_a_taken_simulator_port_is_reported_and_that_of_the_web_ui_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="SIMULATOR_PORT"):
            ports.simulator_port(port)
        # The port after it is the simulator's.
        assert ports.free_port("127.0.0.1", port, [port + 1]) > port + 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"due": 0, "leased": 0, "next_due_at": None}, "nothing due"),
        ({"due": 0, "leased": 3, "next_due_at": None}, "3 with runs, nothing else due"),
        ({"due": 0, "leased": 0, "next_due_at": NOW + timedelta(seconds=70)}, "next due in 1 min 10 s"),
        ({"due": 0, "leased": 2, "next_due_at": NOW + timedelta(seconds=5)}, "2 with runs, next due in 5 s"),
        ({"due": 18, "leased": 0, "next_due_at": NOW - timedelta(minutes=3)}, "18 due, the first for 3 min 0 s"),
    ],
)
def test_a_standstill_shows_in_the_line_of_each_minute(row: dict[str, object], words: str) -> None:
    assert _what_comes(row, NOW) == words


def test_events_of_a_marketplace_that_is_off_are_not_waited_for(migrated_url: str) -> None:
    with open_loopback(migrated_url) as loopback:
        loopback.watch()
        settings = loopback.settings()
        (line,) = describe_minute(loopback.database, settings, NOW)
        assert "4 due, the first for " in line
        off = settings.model_copy(update={"disabled_marketplaces": "stubhub"})
        (line,) = describe_minute(loopback.database, off, NOW)
        assert line.endswith("; nothing due.")


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(ConfigurationError, match="STATE_DIR"), running._only_one(Path("/dev/null/state")):
        pytest.fail("it is not a folder")


def test_a_trial_ends_with_its_first_snapshot(migrated_url: str, tmp_path: Path) -> None:
    console, group = Console(record=True), ProcessGroup("a trial", tmp_path)
    with open_loopback(migrated_url) as loopback:
        loopback.watch()
        loopback.poll(loopback.events()[:1])
        loopback.rows("update snapshots set stored_at = now() + interval '1 minute'")  # after the trial began
        began = time.monotonic()
        running._watch(group, loopback.database, loopback.settings(), console, began=began, until_first_snapshot=True)
    assert "First snapshot of this run stored after " in console.export_text()


class _Repairing(Console):
    """A console whose reader repairs the database when it reads what is wrong."""

    def __init__(self, repair: Callable[[], object]) -> None:
        super().__init__(record=True, width=200)
        self._repair = repair

    def print(self, *objects: object, **how: Any) -> None:  # noqa: ANN401 - as in Console
        super().print(*objects, **how)
        if "Could not" in str(objects[0]):
            self._repair()


def test_trouble_of_the_database_is_shown_once_and_again_when_it_is_over(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_STATUS_SECONDS", 0)
    with open_loopback(migrated_url) as loopback:
        loopback.watch()
        loopback.poll(loopback.events()[:1])
        loopback.rows("update snapshots set stored_at = now() + interval '1 minute'")  # after the watch began
        loopback.rows("alter table snapshots rename to lost")
        console = _Repairing(lambda: loopback.rows("alter table lost rename to snapshots"))
        running._watch(
            ProcessGroup("in trouble", tmp_path),
            loopback.database,
            loopback.settings(),
            console,
            began=0,
            until_first_snapshot=True,
        )
    lines = console.export_text().splitlines()
    assert "Could not run snapshots/summarise_since: the schema is not up to date" in lines[0]
    assert " snapshots, " in lines[1]
    assert lines[2].endswith("UTC  The database can be written again.")
    assert lines[3].startswith("First snapshot of this run stored after ")


def test_each_kind_of_trouble_is_shown_once_until_it_is_over() -> None:
    shown: list[str] = []
    trouble = StorageTrouble(shown.append)
    trouble.end()
    for error in (StorageError("disk"), StorageUnavailable("gone"), StorageError("disk"), StorageUnavailable("gone")):
        trouble.begin(error)
    trouble.end()
    trouble.begin(StorageError("disk"))
    assert [text.split("UTC  ")[1] for text in shown] == ["disk", "gone", "The database can be written again.", "disk"]
