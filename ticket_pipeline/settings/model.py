"""The settings: one typed object, read from the environment and `.env` by `load_settings` and handed down from there.

What belongs here: names, defaults, units, bounds, the reason for a default, and what holds between two settings. What
does not: how a single value is read and refused (`setting_values`), connections, clients or anything that acts on a
setting. Nothing is read at import; tests build `Settings` directly.

Every field is an environment variable of the same name in capitals. With none set at all, the embedded default holds:
a PostgreSQL of our own under `STATE_DIR`, a sample watchlist, and the simulator as the marketplace.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.values import (
    CadenceBands,
    CronLine,
    HeaderText,
    OptionalDatabase,
    OptionalDateOrder,
    OptionalKey,
    OptionalPath,
    OptionalSecret,
    OptionalSecretHeader,
    OptionalText,
    is_timezone,
    read_age_groups,
)

_PACKAGE_PARENT = Path(__file__).resolve().parents[2]

_VIVENU_URL = "https://vivenu.com"

ENV_FILE_VARIABLE = "TICKET_PIPELINE_ENV_FILE"
"""Names another env file than `.env`; `ticket-pipeline --env-file` sets it."""

JitterStrategy = Literal["uniform", "poisson", "normal", "exponential"]


def default_state_dir() -> Path:
    """The folder for data of the embedded default: `.state` of a checkout, else the user's state folder."""
    if (_PACKAGE_PARENT / "pyproject.toml").is_file():
        return _PACKAGE_PARENT / ".state"
    return Path.home() / ".local" / "state" / "ticket-pipeline"


class Settings(BaseSettings):
    """All settings, typed. Field descriptions are the README's table; a test keeps README and `.env.example` equal."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True, validate_default=True
    )

    # --- where things are -------------------------------------------------------------------------------------------
    state_dir: Path = Field(
        default_factory=default_state_dir, description="Folder of the embedded database, Dagster's home and demo files"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING",
        description="Least that is logged, on stderr and in runs; INFO: each request, DEBUG: each SQL statement",
    )

    # --- database ---------------------------------------------------------------------------------------------------
    database_url: OptionalDatabase = Field(
        default=None,
        description="PostgreSQL or TimescaleDB; holds before DB_HOST; unset and no DB_HOST: the embedded server",
    )
    db_host: OptionalText = Field(default=None, description="Database host (instead of DATABASE_URL)")
    db_port: int = Field(default=5432, ge=1, le=65535, description="Database port")
    db_name: str = Field(default="tickets", description="Database name")
    db_user: OptionalText = Field(default=None, description="Database user")
    db_password: OptionalSecret = Field(default=None, description="Database password")
    db_schema: str = Field(
        default="tickets", pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="Schema of all our tables"
    )
    dagster_db_schema: str = Field(
        default="dagster", pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="Schema of Dagster's own tables"
    )
    pg_bin: OptionalPath = Field(
        default=None, description="Folder with initdb, pg_ctl and postgres for the embedded server"
    )

    # --- watchlist --------------------------------------------------------------------------------------------------
    google_sheet_id: OptionalText = Field(default=None, description="Key of the Google Sheet with the watchlist")
    google_sheets_credentials_file: OptionalPath = Field(
        default=None, description="Service-account JSON with read access to the sheet"
    )
    google_sheets_api_base_url: str = Field(
        default="https://sheets.googleapis.com", description="Sheets API; change it only for tests"
    )
    events_worksheet_name: str = Field(default="Events", description="Tab of the sheet that lists the events")
    zones_worksheet_name: OptionalText = Field(
        default=None, description="Tab with the venue map (venue, section pattern, zone); unset: no map"
    )
    watchlist_csv: OptionalPath = Field(
        default=None, description="CSV file instead of a sheet; unset and no sheet: the sample watchlist"
    )
    zones_csv: OptionalPath = Field(default=None, description="Venue map as a CSV file, beside WATCHLIST_CSV")
    event_default_timezone: str = Field(
        default="America/New_York", description="Timezone of events whose row and city name none"
    )
    watchlist_date_order: OptionalDateOrder = Field(
        default=None, description="How 03/04/2026 is meant: month_first or day_first; unset: such a row is rejected"
    )
    watchlist_max_untrack_fraction: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A sync that would drop a larger share of events, or of a marketplace's ids, is refused",
    )
    sync_events_cron: CronLine = Field(default="*/10 * * * *", description="When the watchlist is read (cron, UTC)")
    check_data_cron: CronLine = Field(default="25 * * * *", description="When every data check is run (cron, UTC)")

    # --- marketplaces -----------------------------------------------------------------------------------------------
    stubhub_enabled: bool = Field(default=True, description="Switch: poll StubHub")
    stubhub_api_base_url: OptionalText = Field(
        default=None, description="Such as https://pro.stubhub.com; unset: simulated, or off beside a real marketplace"
    )
    stubhub_listings_path: str = Field(
        default="/api/Listing/GetCompListingsByEventId", description="Path of the listings request"
    )
    stubhub_listings_method: Literal["GET", "PUT", "POST"] = Field(
        default="GET", description="HTTP method of the listings request"
    )
    stubhub_account_id: OptionalSecretHeader = Field(
        default=None, description="Your seller account's id (activeaccountid)"
    )
    stubhub_cookie: OptionalSecretHeader = Field(default=None, description="Cookie header of your own session")
    stubhub_headers_file: OptionalPath = Field(
        default=None, description="JSON file with further request headers, kept out of the environment"
    )
    stubhub_requests_per_minute: int = Field(
        default=60, ge=1, le=10000, description="Budget: requests to StubHub in any 60 seconds, all processes together"
    )
    vivid_seats_enabled: bool = Field(default=True, description="Switch: poll Vivid Seats")
    vivid_seats_api_base_url: OptionalText = Field(
        default=None,
        description="Such as https://www.vividseats.com; unset: simulated, or off beside a real marketplace",
    )
    vivid_seats_listings_path: str = Field(
        default="/hermes/api/v1/listings", description="Path of the listings request"
    )
    vivid_seats_currency: str = Field(
        default="USD", pattern=r"^[A-Z]{3}$", description="Currency that prices are asked in (ISO 4217)"
    )
    vivid_seats_requests_per_minute: int = Field(
        default=60,
        ge=1,
        le=10000,
        description="Budget: requests to Vivid Seats in any 60 seconds, all processes together",
    )
    ticketmaster_enabled: bool = Field(default=True, description="Switch: ask Ticketmaster")
    ticketmaster_api_key: OptionalKey = Field(
        default=None, description="Your Discovery API key; unset: simulated, or off beside a real marketplace"
    )
    ticketmaster_api_base_url: str = Field(
        default="https://app.ticketmaster.com", description="Discovery API, where an API key is set"
    )
    ticketmaster_requests_per_second: int = Field(
        default=5, ge=1, le=100, description="Budget: requests to Ticketmaster in any second, all processes together"
    )
    ticketmaster_requests_per_day: int = Field(
        default=5000, ge=10, le=1_000_000, description="Budget: requests to Ticketmaster in any 24 hours"
    )
    ticketmaster_reserve_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Share of that day's budget that polling leaves to people's own questions"
    )
    ticketmaster_cache_minutes: float = Field(
        default=30, ge=0, le=10080, description="How long an answer of Ticketmaster is used again; 0: never"
    )
    user_agent: HeaderText = Field(default="ticket-pipeline/0.1", description="Honest User-Agent of every request")

    # --- requests ---------------------------------------------------------------------------------------------------
    max_concurrent_requests: int = Field(
        default=3, ge=1, le=64, description="Requests under way at once, per marketplace, all processes together"
    )
    min_request_delay: float = Field(default=0.2, ge=0, le=300, description="Least spacing between requests, seconds")
    max_request_delay: float = Field(default=1.0, ge=0, le=300, description="Most spacing between requests, seconds")
    request_delay_bias: Literal["uniform", "normal", "exponential"] = Field(
        default="uniform", description="How the spacing is drawn between the two"
    )
    http_connect_timeout_seconds: float = Field(default=10, gt=0, le=120, description="Time to connect")
    http_read_timeout_seconds: float = Field(default=30, gt=0, le=300, description="Longest silence while reading")
    http_total_timeout_seconds: float = Field(
        default=60, gt=0, le=600, description="Longest single request, whole; the sheet's too"
    )
    http_max_tries: int = Field(default=3, ge=1, le=5, description="Tries of one fetch, transient errors only")
    http_retry_seconds: float = Field(default=120, gt=0, le=900, description="Longest time one fetch may retry")
    http_debug: bool = Field(
        default=False, description="Log every request and the start of every answer, without secrets"
    )
    http_max_body_megabytes: int = Field(default=64, ge=1, le=512, description="A larger body is refused")
    breaker_failures: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Failed requests, or unreadable answers, in a row that open a marketplace's breaker",
    )
    breaker_pause_minutes: float = Field(default=5, gt=0, le=1440, description="First pause of an opened breaker")
    blocked_pause_hours: float = Field(
        default=24, gt=0, le=720, description="Pause after a block (401, 403, login or challenge page)"
    )

    # --- cadence ----------------------------------------------------------------------------------------------------
    base_scrape_interval_hours: float = Field(
        default=12, gt=0, le=168, description="Poll interval of an event more than 30 days away"
    )
    cadence_bands: CadenceBands = Field(
        default="30d:1, 7d:1/3, 1d:1/12, 0d:1/48",
        description="Days to the event and the share of the base interval that holds above them",
    )
    min_random_factor: float = Field(default=0.5, gt=0, le=1, description="Least jitter factor of an interval")
    max_random_factor: float = Field(default=1.5, ge=1, le=5, description="Largest jitter factor of an interval")
    default_randomization_strategy: JitterStrategy = Field(default="uniform", description="How jitter is drawn")
    random_seed: int | None = Field(default=None, description="Seed of all jitter, for repeatable runs")
    poll_batch_size: int = Field(default=200, ge=1, le=2000, description="Most events in one run")
    lease_seconds: int = Field(
        default=300, ge=15, le=3600, description="A batch whose run dies is due again after this"
    )
    retry_base_minutes: float = Field(default=5, gt=0, le=1440, description="First wait after an event failed")
    retry_max_hours: float = Field(default=6, gt=0, le=168, description="Longest wait after an event failed")
    poll_tick_seconds: int = Field(default=30, ge=5, le=3600, description="How often the poll sensor looks")

    # --- snapshots and prices ---------------------------------------------------------------------------------------
    suspect_drop_fraction: float = Field(
        default=0.5, gt=0, lt=1, description="A capture with less than this share of the last trusted one is suspect"
    )
    suspect_confirm_fraction: float = Field(
        default=0.25, ge=0, lt=1, description="A next capture this close to a suspect one confirms it"
    )
    raw_payload_days: int = Field(default=30, ge=0, le=3650, description="Days that raw bodies are kept; 0: none")
    prices_start_date: date = Field(
        default=date(2026, 1, 1), description="First day of the hourly and daily partitions (UTC)"
    )
    prices_refresh_minutes: float = Field(
        default=10, gt=0, le=60, description="How often the prices of the hour under way are rebuilt"
    )

    # --- primary sales ----------------------------------------------------------------------------------------------
    vivenu_enabled: bool = Field(default=True, description="Switch: ask vivenu")
    vivenu_api_key: OptionalKey = Field(
        default=None, description="Your organiser's API key; unset: simulated, or off beside a real marketplace"
    )
    vivenu_api_key_file: OptionalPath = Field(
        default=None, description="File that holds the key instead; read again when vivenu refuses the one in use"
    )
    vivenu_api_base_url: str = Field(
        default=_VIVENU_URL, description="Such as https://vivenu.dev for tests; where a key is set"
    )
    vivenu_page_size: int = Field(default=1000, ge=1, le=1000, description="Rows asked for at once")
    vivenu_overlap_minutes: float = Field(
        default=5, ge=0, le=1440, description="How far before the last change seen an incremental read begins"
    )
    vivenu_age_groups: str = Field(
        default="16-24, 25-29, 30-34, 35-39, 40-44, 45-49, 50-54, 55-59, 60-64, 65-69, 70+",
        description="Age groups, by the age on the day of the event",
    )
    vivenu_date_order: OptionalDateOrder = Field(
        default=None,
        description="How a birth date 03/04/1990 is meant: month_first or day_first; unset: its age is unknown",
    )
    vivenu_answers_key: OptionalSecret = Field(
        default=None,
        min_length=16,
        description="Secret that free texts are marked with; unset: kept in STATE_DIR. Several machines need the same",
    )
    vivenu_mappings_file: OptionalPath = Field(
        default=None, description="YAML with your own words for genders, and the slugs that ask for age and gender"
    )
    pipelines_dir: OptionalPath = Field(
        default=None, description="Folder with your own pipelines (YAML); unset: the four that are shipped"
    )
    httpx_timeout_connect: float = Field(default=10, gt=0, le=120, description="vivenu: time to connect, seconds")
    httpx_timeout_read: float = Field(
        default=30, gt=0, le=300, description="vivenu: longest silence while reading, seconds"
    )
    httpx_max_connections: int = Field(
        default=4, ge=1, le=64, description="vivenu: connections, and so requests, at once"
    )
    httpx_retries: int = Field(default=3, ge=0, le=10, description="vivenu: further tries after a transient failure")
    httpx_http2: bool = Field(default=False, description="vivenu: speak HTTP/2; needs the extra http2 installed")
    httpx_verify_ssl: bool = Field(default=True, description="vivenu: check its certificate; off only for tests")

    # --- servers of `ticket-pipeline run` ---------------------------------------------------------------------------
    web_host: str = Field(default="127.0.0.1", description="Address of the Dagster web UI")
    web_port: int = Field(default=3000, ge=0, le=65535, description="Port of the Dagster web UI; 0: any free one")
    simulator_port: int = Field(default=8765, ge=0, le=65535, description="Port of the simulator; 0: any free one")

    @field_validator("vivenu_age_groups")
    @classmethod
    def _check_age_groups(cls, text: str) -> str:
        read_age_groups(text)
        return text

    @model_validator(mode="after")
    def _check_pairs(self) -> Self:
        if not is_timezone(self.event_default_timezone):
            raise ValueError("EVENT_DEFAULT_TIMEZONE is no IANA timezone; write one like America/New_York")
        if self.min_request_delay > self.max_request_delay:
            raise ValueError("MIN_REQUEST_DELAY is larger than MAX_REQUEST_DELAY: swap them")
        if self.vivenu_api_base_url != _VIVENU_URL and not self.has_vivenu_key:
            raise ValueError("VIVENU_API_BASE_URL needs VIVENU_API_KEY or VIVENU_API_KEY_FILE; without, unset it too")
        if self.google_sheet_id and not self.google_sheets_credentials_file:
            raise ValueError("GOOGLE_SHEET_ID needs GOOGLE_SHEETS_CREDENTIALS_FILE, the service account's JSON")
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is our own server under `state_dir`."""
        return self.database_url is None and self.db_host is None

    @property
    def is_simulated(self) -> bool:
        """Whether every marketplace is played by the simulator: none of them is configured.

        One real marketplace is enough to switch the others from simulated to off: a real history and an invented one
        must never stand in the same tables.
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
            return self.ticketmaster_api_base_url
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


def env_file() -> Path:
    """The env file that holds now. A variable names it, so that the programs we start (Dagster's) read the same one."""
    return Path(os.environ.get(ENV_FILE_VARIABLE) or ".env")


def load_settings(**overrides: object) -> Settings:
    """Read the settings from `overrides`, the environment and an env file, in this order of precedence.

    The env file is the one that TICKET_PIPELINE_ENV_FILE names, else `.env`; an absent one counts as empty.

    Args:
        overrides: values by field name.

    Raises:
        ConfigurationError: one or more settings are of no use; the message names each, never a secret's value.
    """
    file = env_file()
    try:
        settings = Settings(_env_file=file, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            f"{'_'.join(map(str, item['loc'])).upper() or 'settings'}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise _unusable(file, problems) from None
    if settings.prices_start_date > (today := datetime.now(UTC).date()):
        raise _unusable(
            file, [f"PRICES_START_DATE: no price can be built before that day comes; write {today} or an earlier one"]
        )
    return settings


def _unusable(file: Path, problems: list[str]) -> ConfigurationError:
    lines = "\n".join(f"  {problem}" for problem in problems)
    return ConfigurationError(
        f"Read the settings from the environment and {file}; these are not usable:\n{lines}\n"
        "Mend them there; README.md lists every setting with its default."
    )
