"""What `run` refuses before it starts anything; that it starts and stops everything is proven end to end."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from ticket_pipeline.cli import running
from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.polling.sync import open_watchlist
from ticket_pipeline.settings import Settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.watchlist import sync_watchlist


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


def test_a_taken_simulator_port_is_told_and_not_replaced() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ConfigurationError, match="SIMULATOR_PORT"):
            running._simulator_port(port)


def stop_twice() -> None:
    with running._one_signal_stops():
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


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with (
        pytest.raises(ConfigurationError, match="STATE_DIR"),
        running._explained_file_errors(Path("state")),
    ):
        Path("/dev/null/state").mkdir()
