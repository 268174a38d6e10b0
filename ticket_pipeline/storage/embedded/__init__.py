"""The embedded PostgreSQL server: what runs when no DATABASE_URL is set.

What belongs here: finding server binaries, making a data folder, starting, stopping and describing one server per state
folder. What does not: schemas, migrations and queries; they see a URL and do not know whose server it is.

`binaries` finds initdb, pg_ctl and postgres; `account` decides which user runs them; `layout` decides where data, log
and socket lie; `postmaster` reads the server's lock files; `server` is the life cycle. POSIX only.
"""

from __future__ import annotations

from ticket_pipeline.storage.embedded.binaries import PgBinaries, find_binaries
from ticket_pipeline.storage.embedded.server import EmbeddedServer, ServerStatus

__all__ = ["EmbeddedServer", "PgBinaries", "ServerStatus", "find_binaries"]
