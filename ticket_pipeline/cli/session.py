"""What every command starts from: the settings, and a database whose schema is there.

What belongs here: opening. What does not: what is done with it.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from ticket_pipeline.cli.tables import progress
from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.connect import describe_database, open_database
from ticket_pipeline.storage.migrations import apply_migrations, missing_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database


@contextmanager
def open_migrated(settings: Settings) -> Iterator[Database]:
    """A database to work with, closed at the end.

    The embedded server is started by need and its schema brought up to date: it is ours alone. A database of the user's
    own is changed by `init-db` only.

    Raises:
        StorageError: it cannot be reached, its schema is behind, or the embedded one cannot be started.
    """
    with progress("Starting the embedded PostgreSQL") if settings.is_embedded else nullcontext():
        database = open_database(settings)
    with database:
        if settings.is_embedded:
            apply_migrations(database.url, schema=settings.db_schema)
        elif missing := missing_migrations(database.url, schema=settings.db_schema):
            raise StorageError(
                f"Looked at the schema {settings.db_schema} of {describe_database(settings)}; it lacks {len(missing)} "
                f"migrations ({missing[0]} first). Run `ticket-pipeline init-db`."
            )
        yield database
