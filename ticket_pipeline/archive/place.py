"""Where the files of the archive are: a folder, or what else fsspec can reach by a URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.settings.values import show_address

if TYPE_CHECKING:
    import duckdb

    from ticket_pipeline.settings.model import Settings


_AFTER_WRITING = "Check ARCHIVE_URL, its rights and its free space, and run it again."
_AFTER_READING = "Check ARCHIVE_URL and its rights; bring a file that is missing or damaged back from your backup."


class ArchivePlace:
    """A folder or a bucket. Nothing is created or reached before the first use.

    Args:
        url: a path, or a URL of fsspec such as `s3://bucket/folder`; never shown whole: it may hold a password.
    """

    def __init__(self, url: str) -> None:
        self.shown = show_address(url)
        with self._errors("open"):
            self._files, self._root = fsspec.core.url_to_fs(url)

    def __repr__(self) -> str:
        return f"ArchivePlace({self.shown!r})"

    def address(self, file: str) -> str:
        """What DuckDB reads; see `attach`."""
        path = f"{self._root.rstrip('/')}/{file}"
        return path if self._is_folder else str(self._files.unstrip_protocol(path))

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a connection read the files."""
        if not self._is_folder:
            connection.register_filesystem(self._files)

    @contextmanager
    def write(self, file: str) -> Iterator[Path]:
        """A path to write to, which becomes `file` at the end, whole; after a failure `file` is as it was."""
        path = f"{self._root.rstrip('/')}/{file}"
        with self._errors(f"write {file} in"):
            if self._is_folder:
                with _replacing(Path(path)) as part:
                    yield part
                return
            with TemporaryDirectory() as folder:
                part = Path(folder) / "part.parquet"
                yield part
                self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
                self._files.put_file(str(part), path)

    @contextmanager
    def reading(self, file: str) -> Iterator[None]:
        """What goes wrong with `file` is raised as a StorageError."""
        with self._errors(f"read {file} in", _AFTER_READING):
            yield

    @property
    def _is_folder(self) -> bool:
        return isinstance(self._files, LocalFileSystem)

    @contextmanager
    def _errors(self, doing: str, advice: str = _AFTER_WRITING) -> Iterator[None]:
        try:
            yield
        except StorageError:
            raise
        except Exception as error:  # each kind of file system raises its own
            raise StorageError(
                f"Could not {doing} the archive {self.shown}: {_first_line(error)}. Nothing was deleted. {advice}"
            ) from error


def open_place(settings: Settings) -> ArchivePlace:
    """The archive of these settings.

    Raises:
        ConfigurationError: see `describe_missing_place`.
    """
    if (missing := describe_missing_place(settings)) is not None:
        raise ConfigurationError(missing)
    return ArchivePlace(settings.archive_url or str(settings.state_dir.resolve() / "archive"))


def describe_missing_place(settings: Settings) -> str | None:
    """Why there is no place for the archive; None where there is one.

    Beside a database of the user's own, STATE_DIR may be the folder of a container, which is gone with it: the files
    would be the only copy of what is deleted.
    """
    if settings.archive_url is not None or settings.is_embedded:
        return None
    return (
        "ARCHIVE_URL is not set, so nothing is archived: beside a database of your own, STATE_DIR may not last. Set it "
        "to a folder or bucket that you back up, or ARCHIVE_AFTER_MONTHS=0 to keep all listings in the database."
    )


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """As `whole_file`, and on the disk for good before it returns: rows are deleted for it."""
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        _sync(part)
        part.replace(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: Exception) -> str:
    lines: list[Any] = str(error).strip().splitlines()
    return str(lines[0]).rstrip(".") if lines else type(error).__name__
