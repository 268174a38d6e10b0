"""The resources: the database, the watchlist and one per marketplace, as the Resources page of Dagster shows them.

Settings that belong to no resource (cadence, leases, jitter) and the clock are parameters of the factories of assets.
"""

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self, get_args

import dagster as dg
from pydantic import Field, PrivateAttr, SecretStr, create_model

from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.ingest.marketplaces import SOURCES, Source
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.primary_sales.client import VivenuClient, open_vivenu
from ticket_pipeline.settings.model import EMBEDDED_VARIABLE, Settings, load_settings
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.sync import RuleRows, open_watchlist, read_rule_rows
from ticket_pipeline.storage.connect import open_database
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.run_summaries import begin_run, end_run

_log = logging.getLogger(__name__)

_SECRET = {"dagster__is_secret": True}

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock of production: aware UTC."""
    return datetime.now(UTC)


def _setting(name: str, *, is_secret: bool = False) -> Any:  # noqa: ANN401 - as pydantic's Field
    """A field that overrides a setting and has its description; None: the setting applies."""
    extra: dict[str, Any] = {"setting": name} | (_SECRET if is_secret else {})
    return Field(default=None, description=Settings.model_fields[name].description, json_schema_extra=extra)


class SettingsResource(dg.ConfigurableResource[Any]):
    """A resource whose fields override settings. Constructing one connects to nothing.

    Attributes:
        settings: apply where a field is None; by default those of the environment and `.env`. Dagster never shows
            them, since they are an object of this process and not configuration.
    """

    settings: dg.ResourceDependency[Settings]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The resource of these settings. Its fields show them, except secrets."""
        values = {field: getattr(settings, name) for field, name in cls._shown_settings(settings).items()}
        shown = {field: value if isinstance(value, int) else str(value) for field, value in values.items() if value}
        return cls(settings=settings, **shown)

    def settings_in_use(self) -> Settings:
        """The settings, overridden by this resource's fields."""
        settings = self.settings or load_settings()
        given = {extra["setting"]: getattr(self, field) for field, extra in self._extras().items()}
        changes = {
            name: value
            for name, value in given.items()
            if value is not None and str(value) != str(getattr(settings, name))
        }
        if not changes:
            return settings
        checked = Settings.model_validate(changes)
        return settings.model_copy(update={name: getattr(checked, name) for name in changes})

    @classmethod
    def _shown_settings(cls, _settings: Settings) -> dict[str, str]:
        """Field → the setting that it shows."""
        return {
            field: extra["setting"] for field, extra in cls._extras().items() if not _SECRET.items() <= extra.items()
        }

    @classmethod
    def _extras(cls) -> dict[str, dict[str, Any]]:
        extras = {field: info.json_schema_extra for field, info in cls.model_fields.items()}
        return {field: extra for field, extra in extras.items() if isinstance(extra, dict) and "setting" in extra}


class TimescaleDBResource(SettingsResource):
    """The database: TimescaleDB or PostgreSQL. Without a URL and a host it is the embedded server."""

    database_url: str | None = _setting("database_url", is_secret=True)
    host: str | None = _setting("db_host")
    port: int | None = _setting("db_port")
    name: str | None = _setting("db_name")
    user: str | None = _setting("db_user")
    password: str | None = _setting("db_password", is_secret=True)
    schema_name: str | None = _setting("db_schema")

    _started_at: datetime = PrivateAttr(default_factory=utc_now)
    _is_used: bool = PrivateAttr(default=False)

    @classmethod
    def _shown_settings(cls, settings: Settings) -> dict[str, str]:
        shown = super()._shown_settings(settings)
        return shown if settings.db_host is not None else {"schema_name": shown["schema_name"]}

    def settings_in_use(self) -> Settings:
        """The settings, overridden by this resource's fields; a host given here wins over DATABASE_URL."""
        settings = super().settings_in_use()
        is_host = self.host is not None and self.database_url is None
        return settings.model_copy(update={"database_url": None}) if is_host else settings

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Begin to measure a run, and bind its id to what it logs; a sensor's tick is no run."""
        from structlog.contextvars import bind_contextvars  # noqa: PLC0415 - a tenth of a second, for runs only

        if context.run is not None:
            self._started_at = utc_now()
            begin_run()
            bind_contextvars(run_id=context.run.run_id)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Write what the run did, to `run_summaries`, its log and its tags; nothing where it used no database."""
        from structlog.contextvars import unbind_contextvars  # noqa: PLC0415 - as above

        unbind_contextvars("run_id")
        if context.run is None or not self._is_used:
            return
        run = context.run
        try:
            with self.database() as database:
                row = end_run(database, run.run_id, run.job_name, started_at=self._started_at, finished_at=utc_now())
        except StorageError as error:
            _log.warning("The summary of this run was not written: %s", error)
            return
        summary = _summarise(row)
        if context.log is not None:
            context.log.info("Run summary: %s", ", ".join(f"{name} {value}" for name, value in summary.items()))
        if context.instance is not None:
            context.instance.add_run_tags(
                run.run_id, {f"ticket_pipeline/{name}": value for name, value in summary.items()}
            )

    def database(self, *, limit: timedelta | None = None) -> Database:
        """A database handle, to be used as a context manager; `limit` is the longest that a statement may take.

        A ConfigurationError where no database is configured, and this is not a Dagster instance of ours.
        """
        settings = self.settings_in_use()
        if settings.is_embedded and not _is_own_instance():
            raise ConfigurationError(
                "No database is configured, and the embedded one is only for `ticket-pipeline run` and a DAGSTER_HOME "
                "with this project's dagster.yaml. Set DATABASE_URL, or DB_HOST and the others, for the code server."
            )
        self._is_used = True
        return open_database(settings, limit=limit)


def _summarise(row: Mapping[str, Any]) -> dict[str, str]:
    """The summary of a run as its log and tags have it; a count of nothing is left out."""
    counts = {name: row[name] for name in ("failed_events", "requests", "listings") if row[name]}
    seconds = (row["finished_at"] - row["started_at"]).total_seconds()
    stages = " ".join(f"{name}={value:.1f}" for name, value in row["stage_seconds"].items())
    return {
        **{name: str(value) for name, value in counts.items()},
        "seconds": f"{seconds:.1f}{f' ({stages})' if stages else ''}",
        "peak_memory_mb": f"{row['peak_memory_bytes'] / 1e6:.0f}",
    }


def _is_own_instance() -> bool:
    """Whether `ticket-pipeline` started this program, or DAGSTER_HOME has our `dagster.yaml`.

    Elsewhere a code server would silently start a database that nobody migrated.
    """
    if EMBEDDED_VARIABLE in os.environ:
        return True
    configuration = Path(os.environ.get("DAGSTER_HOME") or ".") / "dagster.yaml"
    return configuration.is_file() and "ticket_pipeline.defs.instance_storage" in configuration.read_text("utf-8")


class GoogleSheetResource(SettingsResource):
    """The watchlist: a Google Sheet, a CSV file instead, or the sample of the demo."""

    sheet_id: str | None = _setting("google_sheet_id")
    credentials_file: str | None = _setting("google_sheets_credentials_file")
    events_worksheet: str | None = _setting("events_worksheet_name")
    watchlist_csv: str | None = _setting("watchlist_csv")
    venue_map: str | None = _setting("venue_map")
    exclusions: str | None = _setting("exclusions")
    alerts: str | None = _setting("alerts")

    def read_rows(self) -> SheetRows:
        """Read the table of events now; a SheetError where it cannot be read."""
        return open_watchlist(self.settings_in_use()).read_rows()

    def read_rule_rows(self) -> RuleRows:
        """Read the tables of rules now.

        Raises:
            SheetError: one could not be read.
        """
        return read_rule_rows(self.settings_in_use())


class MarketplaceResource(SettingsResource):
    """A marketplace that is polled. Each has a class of its own, whose fields are its settings."""

    marketplace: ClassVar[Marketplace]

    def client(self, **options: Any) -> AbstractAsyncContextManager[Any]:  # noqa: ANN401 - see below
        """The marketplace's client, to be used as an async context manager.

        Of the options, `gate` permits each request, and None sends all at once; `clock` is aware UTC; `cache` keeps
        responses, only at a marketplace that describes events.
        """
        return SOURCES[self.marketplace].open_client(self.settings_in_use(), **options)


def _resource_of(source: Source) -> type[MarketplaceResource]:
    """The class of a marketplace: `stubhub_cookie` among the settings is the field `cookie`."""
    prefix = f"{source.marketplace}_"
    fields: dict[str, Any] = {}
    for name, setting in Settings.model_fields.items():
        if name.startswith(prefix):
            is_secret = SecretStr in get_args(setting.annotation)
            kind = int | None if setting.annotation is int else str | None
            fields[name.removeprefix(prefix)] = (kind, _setting(name, is_secret=is_secret))
    made = create_model(
        f"{source.marketplace.traits.label.replace(' ', '')}Resource",
        __base__=MarketplaceResource,
        __doc__=source.description,
        __module__=__name__,
        **fields,
    )
    made.marketplace = source.marketplace
    return made


MARKETPLACE_RESOURCES = {source.marketplace.value: _resource_of(source) for source in SOURCES.values()}
"""Name of a marketplace that is polled → the class of its resource."""


class VivenuResource(SettingsResource):
    """vivenu: the organiser's own ticket sales, read with your API key."""

    api_base_url: str | None = _setting("vivenu_api_base_url")
    api_key: str | None = _setting("vivenu_api_key", is_secret=True)
    api_key_file: str | None = _setting("vivenu_api_key_file")

    def client(self) -> AbstractAsyncContextManager[VivenuClient]:
        """A client, to be used as an async context manager."""
        return open_vivenu(self.settings_in_use())


_RESOURCES: dict[str, type[SettingsResource]] = {
    "timescaledb": TimescaleDBResource,
    "google_sheet": GoogleSheetResource,
    **MARKETPLACE_RESOURCES,
    Marketplace.VIVENU.value: VivenuResource,
}


def build_resources(settings: Settings) -> dict[str, Any]:
    """Key → resource, of these settings."""
    return {key: resource.of(settings) for key, resource in _RESOURCES.items()}
