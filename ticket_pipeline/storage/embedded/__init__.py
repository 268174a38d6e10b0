"""The embedded PostgreSQL server, which runs when no database is configured: one per state folder. POSIX only."""

from __future__ import annotations

from ticket_pipeline.storage.embedded.binaries import PgBinaries, find_binaries
from ticket_pipeline.storage.embedded.server import EmbeddedServer, ServerStatus

__all__ = ["EmbeddedServer", "PgBinaries", "ServerStatus", "find_binaries"]
