"""The one resource: settings and clock, and the database they name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.connect import open_database
from ticket_pipeline.storage.database import Database


def utc_now() -> datetime:
    """The clock of production: aware UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What every asset, sensor and check is given. Holding one does nothing; secrets stay inside `settings`.

    Attributes:
        settings: read when the code location loads.
        now: the clock, aware UTC.
    """

    settings: Settings
    now: Callable[[], datetime] = utc_now

    def database(self, *, limit: timedelta | None = None) -> Database:
        """A database handle, to be used as a context manager; the embedded server is started by need.

        Args:
            limit: how long a piece of work may take: no statement takes longer, and `Database.abort` can end them all.
        """
        return open_database(self.settings, limit=limit)
