"""The start lock and the socket's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.embedded.layout import exclusive, socket_dir_of


def test_a_held_lock_is_waited_for_and_then_named_and_a_released_one_is_free(tmp_path: Path) -> None:
    lock_file = tmp_path / "postgresql.lock"
    held = exclusive(lock_file, timeout_seconds=1)
    in_use = pytest.raises(StorageError, match=r"postgresql\.lock: another process is starting or stopping")
    with held, in_use, exclusive(lock_file, timeout_seconds=0):
        pass
    with exclusive(lock_file, timeout_seconds=0):
        pass


@pytest.mark.parametrize("name", ["a", "a" * 200, "ü" * 100])
def test_a_socket_path_fits_whatever_the_state_folder_is_called(name: str) -> None:
    socket = socket_dir_of(Path("/srv") / name) / ".s.PGSQL.5432.lock"

    assert len(bytes(socket)) < 100


def test_every_state_folder_has_a_socket_folder_of_its_own() -> None:
    assert socket_dir_of(Path("/a")) == socket_dir_of(Path("/a"))
    assert socket_dir_of(Path("/a")) != socket_dir_of(Path("/b"))
