"""Whether the database can be written at this moment. What to do where it cannot is in the errors of `database`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


def probe_writes(database: Database, *, lock_timeout: str = "5s") -> None:
    """Raise the StorageError of a full disk, a lock, a missing right, a read-only or absent server. Changes nothing."""
    with database.transaction("write to the database") as transaction:
        transaction.fetch_one("maintenance/limit_probe", lock_timeout=lock_timeout)
        transaction.fetch_one("maintenance/probe_writes")
