"""Whose data a database holds: simulated and real data never share one.

What belongs here: noting it at the first poll, and refusing the other kind from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.storage.connect import describe_database

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row


def claim_origin(database: Database, settings: Settings) -> Row:
    """Note whose data the database holds, unless it is noted, and return the note: a row of `data_origin`.

    Raises:
        ConfigurationError: it holds simulated data and these settings name a real marketplace, or the other way round.
    """
    database.execute("origin/note", is_simulated=settings.is_simulated)
    origin = database.fetch_one("origin/select") or {}
    if origin["is_simulated"] == settings.is_simulated:
        return origin
    where = describe_database(settings)
    if settings.is_simulated:
        raise ConfigurationError(
            f"No marketplace is configured, and {where} holds data of real ones, which simulated data must not join. "
            "Configure the marketplaces as before (is .env in this folder?), or set STATE_DIR to another folder for "
            "the demo."
        )
    raise ConfigurationError(
        f"A real marketplace is configured, and {where} holds data of the simulated ones. Set STATE_DIR to another "
        "folder, or DATABASE_URL or DB_SCHEMA to another place, for real data; or unset the marketplace to go on with "
        "the demo."
    )
