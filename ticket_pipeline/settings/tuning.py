"""Values that only the demo and tests change: waits, limits and addresses. They are no settings of the user's.

`ticket-pipeline run` passes the demo's to the programs that it starts, as JSON in the variable TICKET_PIPELINE_TUNING.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Tuning(BaseModel):
    """The values, each with what holds outside demo and tests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    poll_tick_seconds: int = 30  # how often the poll sensors run
    poll_batch_size: int = 200  # most events in one run
    is_cadence_even: bool = False  # every event is polled at the base interval
    lease_seconds: int = 300  # the events of a dead run are due again after this
    prices_refresh_minutes: float = 10  # how often the prices of the current hour are rebuilt
    breaker_failures: int = 5  # failures in a row that pause a marketplace
    request_timeout_seconds: float = 60  # longest single request as a whole
    ticketmaster_cache_minutes: float = 30  # how long a response is reused; 0: never
    ticketmaster_reserve_fraction: float = 0.1  # share of the daily budget that polling leaves to people
    ticketmaster_api_base_url: str = "https://app.ticketmaster.com"  # used where an API key is set
    google_sheets_api_base_url: str = "https://sheets.googleapis.com"
    vivenu_page_size: int = 1000  # rows per request
    vivenu_overlap_minutes: float = 5  # an incremental read starts this long before the last known change
    random_seed: int | None = None  # of all random draws
    past_days: int = 45  # how long the sample events were watched before the demo began
