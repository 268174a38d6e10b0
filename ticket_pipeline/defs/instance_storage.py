"""Where Dagster keeps its own runs and events: in a schema of the pipeline's database, found by the same settings.

With Dagster's own configuration a password would stand in `dagster.yaml` or in one more variable, and the embedded
server, whose socket is not known beforehand, could not be named at all.
"""

from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote

import psycopg
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from ticket_pipeline.errors import StorageError
from ticket_pipeline.settings import load_settings
from ticket_pipeline.storage.connect import database_url

_KEPT_CONNECTIONS_SECONDS = 600
_STATEMENT_MILLISECONDS = 60_000
_MORE_CONNECTIONS = 10


class PipelineStorage(DagsterPostgresStorage):
    """Dagster's PostgreSQL storage on the pipeline's database."""

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """No configuration: the settings say it all."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003 - Dagster's signature; the settings say it all
    ) -> Self:
        """Connect with the settings of this process; starts the embedded server by need.

        Raises:
            StorageError: the database cannot be reached.
        """
        settings = load_settings()
        url = database_url(settings)
        _create_schema(url, settings.dagster_db_schema)
        storage = cls(_as_sqlalchemy_url(url, settings.dagster_db_schema), inst_data=inst_data)
        # Dagster opens a connection per statement outside its web server; kept ones make a logged event several times
        # cheaper (docs/benchmarks.md).
        for part in (storage.event_log_storage, storage.run_storage, storage.schedule_storage):
            part.optimize_for_webserver(_STATEMENT_MILLISECONDS, _KEPT_CONNECTIONS_SECONDS, _MORE_CONNECTIONS)
        return storage


def _create_schema(url: str, schema: str) -> None:
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            exists = connection.execute("select to_regnamespace(%s) is not null", [schema]).fetchone()
            if exists is None or not exists[0]:
                connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    except psycopg.Error as error:
        raise StorageError(
            f"Opened Dagster's storage in schema {schema}; the database answered: {str(error).strip()}"
        ) from error


def _as_sqlalchemy_url(url: str, schema: str) -> str:
    """The same database for SQLAlchemy and psycopg2, with the schema as search path."""
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    user, password = quote(parts.pop("user", ""), safe=""), quote(parts.pop("password", ""), safe="")
    name = quote(parts.pop("dbname", ""), safe="")
    options = f"{parts.pop('options', '')} -c search_path={schema}".strip()
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in [*parts.items(), ("options", options)])
    return f"postgresql+psycopg2://{user}{':' + password if password else ''}@/{name}?{query}"
