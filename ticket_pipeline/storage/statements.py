"""Find and read the statements of `sql/`: one per file, named `<topic>/<verb>_<thing>`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ticket_pipeline.errors import StorageError

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def project_path(name: str) -> Path:
    """A file or folder of the project: beside the package in a checkout, inside it when installed from a wheel."""
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (folder / name).exists():
            return folder / name
    raise StorageError(f"{name} is missing in and beside {_PACKAGE.name}. Install the package again.")


def sql_folder() -> Path:
    """The folder of the statements."""
    return project_path("sql")


@cache
def statement(name: str) -> str:
    """The text of one statement, such as `polling/lease_due_events`."""
    path = sql_folder() / f"{name}.sql"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StorageError(f"The statement sql/{name}.sql does not exist.") from None


def statement_names() -> list[str]:
    """Every statement but the migrations, for the test that runs each of them."""
    folder = sql_folder()
    files = (path for path in folder.rglob("*.sql") if path.parent.name != "migrations")
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in files)
