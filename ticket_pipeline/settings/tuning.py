"""Values that hardly anybody changes: waits, limits and addresses for tests, together in the one setting TUNING.

What belongs here: numbers that the demo and the tests set. What does not: anything a user chooses (`model`), and
constants that nobody changes; those stand beside their use.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Tuning(BaseModel):
    """The keys of TUNING, a JSON object such as `{"lease_seconds": 600}`; docs/settings.md lists them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_tick_seconds: int = Field(default=30, ge=5, le=3600, description="How often the poll sensors run")
    poll_batch_size: int = Field(default=200, ge=1, le=2000, description="Most events in one run")
    lease_seconds: int = Field(default=300, ge=15, le=3600, description="Events of a dead run are due again after this")
    retry_base_minutes: float = Field(default=5, gt=0, le=1440, description="First wait after an event failed")
    prices_refresh_minutes: float = Field(
        default=10, gt=0, le=60, description="How often the prices of the current hour are rebuilt"
    )
    breaker_failures: int = Field(
        default=5, ge=1, le=100, description="Failures in a row that pause a marketplace (open its breaker)"
    )
    breaker_pause_minutes: float = Field(default=5, gt=0, le=1440, description="First pause; doubles up to 6 hours")
    blocked_pause_hours: float = Field(
        default=24, gt=0, le=720, description="Pause after a block (401, 403, login or challenge page)"
    )
    request_timeout_seconds: float = Field(default=60, gt=0, le=600, description="Longest single request as a whole")
    max_body_megabytes: int = Field(default=64, ge=1, le=512, description="Largest response that is read")
    max_untrack_fraction: float = Field(
        default=0.5, ge=0, le=1, description="A sync that drops a larger share of the events, or of their ids, fails"
    )
    ticketmaster_cache_minutes: float = Field(
        default=30, ge=0, le=10080, description="How long a response of Ticketmaster is reused; 0: never"
    )
    ticketmaster_requests_per_second: int = Field(default=5, ge=1, le=100, description="Budget beside the one by day")
    ticketmaster_reserve_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="Share of the daily budget kept for searches and other manual requests"
    )
    ticketmaster_api_base_url: str = Field(
        default="https://app.ticketmaster.com", description="Discovery API; used where an API key is set"
    )
    google_sheets_api_base_url: str = Field(default="https://sheets.googleapis.com", description="Sheets API")
    vivenu_page_size: int = Field(default=1000, ge=1, le=1000, description="Rows per request")
    vivenu_overlap_minutes: float = Field(
        default=5, ge=0, le=1440, description="How far before the last known change an incremental read starts"
    )
    dagster_db_schema: str = Field(
        default="dagster", pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="Schema of Dagster's own tables"
    )
    random_seed: int | None = Field(default=None, description="Seed of all random draws, for repeatable runs")
