"""Roles that may read everything and change nothing: BI tools, Grafana, a colleague's notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from ticket_pipeline.errors import StorageError

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_GRANTS = (
    "grant usage on schema {schema} to {role}",
    "grant select on all tables in schema {schema} to {role}",
    "grant execute on all functions in schema {schema} to {role}",
    "alter default privileges in schema {schema} grant select on tables to {role}",
    "alter default privileges in schema {schema} grant execute on functions to {role}",
    "alter role {role} in database {database} set search_path to {schema}, public",
)


def grant_read(database: Database, role: str) -> None:
    """Let an existing role read every table, also those of later versions, with our schema as its search path.

    Raises:
        StorageError: there is no such role, or this one may not grant.
    """
    with database.transaction(f"let {role} read the schema {database.schema}") as transaction:
        found = transaction.fetch_one("maintenance/find_role", role=role)
        if found is None or not found["exists"]:
            raise StorageError(f"The server has no role {role}. Create it first: create role {role} login password '…'")
        names = {"schema": database.schema, "role": role, "database": found["database"]}
        identifiers = {name: sql.Identifier(value) for name, value in names.items()}
        for text in _GRANTS:
            transaction.connection.execute(sql.SQL(text).format(**identifiers))
