"""The settings: one typed object, read from the environment and `.env` by `load_settings` and passed on from there.

What belongs here: names, defaults, units, bounds, and rules between two settings. What does not: types of single values
(`values`), values for the demo and tests (`tuning`), and anything that acts on a setting. Nothing is read at
import; tests build `Settings` directly.

Every field is an environment variable of the same name in capitals. With nothing set, the demo runs: an embedded
PostgreSQL under `STATE_DIR`, a sample watchlist and simulated marketplaces.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.alerts import AlertSettings
from ticket_pipeline.settings.analytics import AnalyticsSettings
from ticket_pipeline.settings.keeping import KeepingSettings
from ticket_pipeline.settings.logs import LogSettings
from ticket_pipeline.settings.renamed import ADVICE, SWITCHES, find_removed, warn_of_removed
from ticket_pipeline.settings.servers import ServerSettings
from ticket_pipeline.settings.tuning import Tuning
from ticket_pipeline.settings.values import (
    ListingsRequest,
    MarketplaceNames,
    OptionalDatabase,
    OptionalDateOrder,
    OptionalHost,
    OptionalKey,
    OptionalPath,
    OptionalSecret,
    OptionalSecretHeader,
    OptionalText,
    Timezone,
    read_names,
)

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]

_VIVENU_URL = "https://vivenu.com"

EMBEDDED_VARIABLE = "TICKET_PIPELINE_EMBEDDED"
"""Set for programs that `ticket-pipeline` starts: they may use the embedded database in any Dagster instance."""

ENV_FILE_VARIABLE = "TICKET_PIPELINE_ENV_FILE"
"""Names another env file than `.env`; `ticket-pipeline --env-file` sets it."""

JitterStrategy = Literal["uniform", "poisson", "normal", "exponential"]


def default_state_dir() -> Path:
    """The folder for data of the embedded default: `.state` of a checkout, else the user's state folder."""
    if (_PACKAGE_PARENT / "pyproject.toml").is_file():
        return _PACKAGE_PARENT / ".state"
    return Path.home() / ".local" / "state" / "ticket-pipeline"


class Settings(ServerSettings, KeepingSettings, AnalyticsSettings, AlertSettings, LogSettings):
    """All settings, typed. Tests keep the README, docs/settings.md and `.env.example` equal to the fields."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True, validate_default=True
    )

    # --- where things are -------------------------------------------------------------------------------------------
    state_dir: Path = Field(
        default_factory=default_state_dir, description="Folder of the embedded database, Dagster's home and demo files"
    )

    # --- database ---------------------------------------------------------------------------------------------------
    database_url: OptionalDatabase = Field(
        default=None,
        description="PostgreSQL or TimescaleDB; wins over DB_HOST. Neither is set: the embedded server",
    )
    db_host: OptionalHost = Field(default=None, description="Database host (instead of DATABASE_URL)")
    db_port: int = Field(default=5432, ge=1, le=65535, description="Database port")
    db_name: str = Field(default="tickets", description="Database name")
    db_user: OptionalText = Field(default=None, description="Database user")
    db_password: OptionalSecret = Field(default=None, description="Database password")
    db_schema: str = Field(
        default="tickets", pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="Schema of all our tables"
    )
    pg_bin: OptionalPath = Field(
        default=None, description="Folder with initdb, pg_ctl and postgres for the embedded server"
    )

    # --- watchlist --------------------------------------------------------------------------------------------------
    google_sheet_id: OptionalText = Field(default=None, description="Key of the Google Sheet with the watchlist")
    google_sheets_credentials_file: OptionalPath = Field(
        default=None, description="Service-account JSON with read access to the sheet"
    )
    events_worksheet_name: str = Field(default="Events", description="Tab of the sheet that lists the events")
    watchlist_csv: OptionalPath = Field(
        default=None, description="CSV file instead of a sheet. Neither is set: the sample watchlist"
    )
    venue_map: OptionalText = Field(default=None, description="Zones of sections: a tab of the sheet, or a .csv file")
    exclusions: OptionalText = Field(default=None, description="What is a seat: a tab of the sheet, or a .csv file")
    event_default_timezone: Timezone = Field(
        default="America/New_York", description="Timezone of events whose row and city name none"
    )
    watchlist_date_order: OptionalDateOrder = Field(
        default=None, description="How to read 03/04/2026: month_first or day_first; unset: such a row is rejected"
    )
    sheet_results: bool = Field(default=False, description="Write results beside the watchlist, as Editor of a sheet")

    # --- marketplaces -----------------------------------------------------------------------------------------------
    disabled_marketplaces: MarketplaceNames = Field(
        default="", description="Marketplaces that are never sent a request, such as stubhub, vivenu"
    )
    stubhub_api_base_url: OptionalText = Field(
        default=None, description="Such as https://pro.stubhub.com; unset: simulated, or off beside a real marketplace"
    )
    stubhub_listings_request: ListingsRequest = Field(
        default="GET /api/Listing/GetCompListingsByEventId", description="Method and path of the listings request"
    )
    stubhub_account_id: OptionalSecretHeader = Field(
        default=None, description="Your seller account's id (activeaccountid)"
    )
    stubhub_cookie: OptionalSecretHeader = Field(default=None, description="Cookie header of your own session")
    stubhub_headers_file: OptionalPath = Field(
        default=None, description="JSON file with further request headers, kept out of the environment"
    )
    stubhub_requests_per_minute: int = Field(
        default=60, ge=1, le=10000, description="Budget: requests to StubHub in any 60 seconds, over all processes"
    )
    vivid_seats_api_base_url: OptionalText = Field(
        default=None,
        description="Such as https://www.vividseats.com; unset: simulated, or off beside a real marketplace",
    )
    vivid_seats_currency: str = Field(
        default="USD", pattern=r"^[A-Z]{3}$", description="Currency of the requested prices (ISO 4217)"
    )
    vivid_seats_requests_per_minute: int = Field(
        default=60, ge=1, le=10000, description="Budget: requests to Vivid Seats in any 60 seconds, over all processes"
    )
    ticketmaster_api_key: OptionalKey = Field(
        default=None, description="Your Discovery API key; unset: simulated, or off beside a real marketplace"
    )
    ticketmaster_requests_per_day: int = Field(
        default=5000, ge=10, le=1_000_000, description="Budget: requests to Ticketmaster in any 24 hours"
    )

    # --- requests ---------------------------------------------------------------------------------------------------
    min_request_delay: float = Field(default=0.2, ge=0, le=300, description="Shortest gap between requests, seconds")
    max_request_delay: float = Field(default=1.0, ge=0, le=300, description="Longest gap between requests, seconds")
    httpx_timeout_connect: float = Field(default=10, gt=0, le=120, description="Time to connect, seconds")
    httpx_timeout_read: float = Field(default=30, gt=0, le=300, description="Longest silence while reading, seconds")
    httpx_max_connections: int = Field(
        default=3, ge=1, le=64, description="Requests in flight at once, per marketplace, over all processes"
    )
    httpx_retries: int = Field(default=2, ge=0, le=10, description="Further tries after a transient failure")
    httpx_http2: bool = Field(
        default=False, description="HTTP/2 with vivenu, needs the extra http2; always off elsewhere"
    )
    httpx_verify_ssl: bool = Field(
        default=True, description="Check vivenu's certificate, off only for tests; always on elsewhere"
    )

    # --- cadence ----------------------------------------------------------------------------------------------------
    base_scrape_interval_hours: float = Field(
        default=12, gt=0, le=168, description="Poll interval of an event more than 30 days away"
    )
    min_random_factor: float = Field(default=0.5, gt=0, le=1, description="Smallest jitter factor of an interval")
    max_random_factor: float = Field(default=1.5, ge=1, le=5, description="Largest jitter factor of an interval")
    default_randomization_strategy: JitterStrategy = Field(default="uniform", description="Distribution of the jitter")

    # --- snapshots and prices ---------------------------------------------------------------------------------------
    prices_start_date: date = Field(
        default=date(2026, 1, 1), description="First day of the hourly and daily partitions (UTC)"
    )

    # --- primary sales ----------------------------------------------------------------------------------------------
    vivenu_api_key: OptionalKey = Field(
        default=None,
        validation_alias=AliasChoices("vivenu_api_key", "vivenu_api_token"),
        description="Your API key (also VIVENU_API_TOKEN); unset: simulated, or off beside a real marketplace",
    )
    vivenu_api_key_file: OptionalPath = Field(
        default=None, description="File with the key instead; read again when vivenu rejects the one in use"
    )
    vivenu_api_base_url: str = Field(
        default=_VIVENU_URL, description="Used where a key is set; such as https://vivenu.dev for tests"
    )
    vivenu_mappings_file: OptionalPath = Field(
        default=None, description="YAML with your own words for genders, age groups, date order and questions"
    )
    pipelines_dir: OptionalPath = Field(
        default=None, description="Folder with your own pipelines (YAML); unset: the four included ones"
    )

    # --- in your own Dagster ----------------------------------------------------------------------------------------
    dagster_key_prefix: OptionalText = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_]+(/[A-Za-z0-9_]+)*$",
        description="Prefix of every asset key, such as tickets or sales/tickets",
    )
    dagster_start_running: bool = Field(
        default=False,
        description="Start sensors and schedules RUNNING instead of STOPPED; set by ticket-pipeline run",
    )

    tuning: Tuning = Field(default=Tuning(), validation_alias="ticket_pipeline_tuning")
    """For the demo and for tests; every other field is a setting of the user's."""

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if self.min_request_delay > self.max_request_delay:
            raise ValueError("MIN_REQUEST_DELAY is larger than MAX_REQUEST_DELAY: swap them")
        if self.vivenu_api_base_url != _VIVENU_URL and not self.has_vivenu_key:
            raise ValueError("VIVENU_API_BASE_URL needs VIVENU_API_KEY or VIVENU_API_KEY_FILE; without, unset it too")
        if self.google_sheet_id and not self.google_sheets_credentials_file:
            raise ValueError("GOOGLE_SHEET_ID needs GOOGLE_SHEETS_CREDENTIALS_FILE, the service account's JSON")
        return self

    def is_disabled(self, marketplace: str) -> bool:
        """Whether the user switched a marketplace off."""
        return marketplace in read_names(self.disabled_marketplaces)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is our own server under `state_dir`."""
        return self.database_url is None and self.db_host is None

    @property
    def is_simulated(self) -> bool:
        """Whether the simulator stands in for every marketplace, because none is configured.

        One real marketplace switches the others off: real and simulated data must not share the same tables.
        """
        return (
            self.stubhub_api_base_url is None
            and self.vivid_seats_api_base_url is None
            and self.ticketmaster_api_key is None
            and not self.has_vivenu_key
        )

    @property
    def has_vivenu_key(self) -> bool:
        """Whether a real organiser is configured."""
        return self.vivenu_api_key is not None or self.vivenu_api_key_file is not None

    @property
    def stubhub_base_url(self) -> str | None:
        """Where StubHub requests go: the configured base URL, the simulator's, or nowhere."""
        return self.stubhub_api_base_url or self._simulated_url("stubhub")

    @property
    def vivid_seats_base_url(self) -> str | None:
        """Where Vivid Seats requests go: the configured base URL, the simulator's, or nowhere."""
        return self.vivid_seats_api_base_url or self._simulated_url("vivid_seats")

    @property
    def ticketmaster_base_url(self) -> str | None:
        """Where Ticketmaster requests go: the API where a key is set, the simulator, or nowhere."""
        if self.ticketmaster_api_key is not None:
            return self.tuning.ticketmaster_api_base_url
        return self._simulated_url("ticketmaster")

    @property
    def vivenu_base_url(self) -> str | None:
        """Where vivenu requests go: the API where a key is set, the simulator, or nowhere."""
        return self.vivenu_api_base_url if self.has_vivenu_key else self._simulated_url("vivenu")

    @property
    def simulator_url(self) -> str:
        """The simulator's root; each marketplace has its own path under it."""
        return f"http://127.0.0.1:{self.simulator_port}"

    def _simulated_url(self, marketplace: str) -> str | None:
        return f"{self.simulator_url}/{marketplace}" if self.is_simulated else None


def user_settings() -> list[str]:
    """The fields that a user may set."""
    return [name for name in Settings.model_fields if name != "tuning"]


def env_file() -> Path:
    """The env file in use. A variable names it, so that the programs we start (Dagster's) read the same one."""
    return Path(os.environ.get(ENV_FILE_VARIABLE) or ".env")


def load_settings(**overrides: object) -> Settings:
    """Read the settings from `overrides`, the environment and the env file, in this order of precedence.

    The env file is the one that TICKET_PIPELINE_ENV_FILE names, else `.env`; it may be absent. Where settings are
    invalid, a ConfigurationError names each, never the value of a secret.
    """
    file = env_file()
    removed = find_removed(file)
    if any(name in SWITCHES for name in removed):
        raise _invalid(file, [f"{name}: it was removed. {ADVICE[name]}" for name in removed])
    for name in removed:
        warn_of_removed(name)
    try:
        settings = Settings(_env_file=file, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _invalid(
            file,
            [
                f"{'.'.join(map(str, item['loc'])).upper() or 'settings'}: {item['msg'].removeprefix('Value error, ')}"
                for item in error.errors(include_input=False, include_url=False)
            ],
        ) from None
    if settings.prices_start_date > (today := datetime.now(UTC).date()):
        raise _invalid(file, [f"PRICES_START_DATE: it lies in the future; write {today} or an earlier day"])
    return settings


def _invalid(file: Path, problems: list[str]) -> ConfigurationError:
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ConfigurationError(
        f"Invalid settings in the environment or {file}:\n{lines}\n"
        "Correct them there; docs/settings.md lists every setting with its default."
    )
