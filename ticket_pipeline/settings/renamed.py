"""Settings that an earlier version had, and what replaced each, so that an upgrade ignores none of them silently."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from dotenv import dotenv_values

_log = logging.getLogger(__name__)

_FIXED = (
    "BLOCKED_PAUSE_HOURS BREAKER_FAILURES BREAKER_PAUSE_MINUTES CADENCE_BANDS CHECK_DATA_CRON "
    "DAGSTER_DB_SCHEMA GOOGLE_SHEETS_API_BASE_URL HTTP_MAX_BODY_MEGABYTES HTTP_RETRY_SECONDS "
    "HTTP_TOTAL_TIMEOUT_SECONDS LEASE_SECONDS POLL_BATCH_SIZE POLL_TICK_SECONDS PRICES_REFRESH_MINUTES RANDOM_SEED "
    "REQUEST_DELAY_BIAS RETRY_BASE_MINUTES RETRY_MAX_HOURS SUSPECT_CONFIRM_FRACTION SUSPECT_DROP_FRACTION "
    "SYNC_EVENTS_CRON TICKETMASTER_API_BASE_URL TICKETMASTER_CACHE_MINUTES TICKETMASTER_REQUESTS_PER_SECOND "
    "TICKETMASTER_RESERVE_FRACTION USER_AGENT VIVENU_OVERLAP_MINUTES VIVENU_PAGE_SIZE VIVID_SEATS_LISTINGS_PATH "
    "WATCHLIST_MAX_UNTRACK_FRACTION"
)
SWITCHES = ("STUBHUB_ENABLED", "VIVID_SEATS_ENABLED", "TICKETMASTER_ENABLED", "VIVENU_ENABLED")
"""Ignoring one of these would send requests that a user switched off."""

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_FIXED.split(), "Remove it; the value is fixed now"),
        **dict.fromkeys(SWITCHES, "Use DISABLED_MARKETPLACES, such as DISABLED_MARKETPLACES=vivenu"),
        "HTTP_CONNECT_TIMEOUT_SECONDS": "Use HTTPX_TIMEOUT_CONNECT",
        "HTTP_READ_TIMEOUT_SECONDS": "Use HTTPX_TIMEOUT_READ",
        "HTTP_MAX_TRIES": "Use HTTPX_RETRIES, which counts the tries after the first",
        "HTTP_DEBUG": "Use LOG_LEVEL=DEBUG",
        "MAX_CONCURRENT_REQUESTS": "Use HTTPX_MAX_CONNECTIONS",
        "STUBHUB_LISTINGS_PATH": "Use STUBHUB_LISTINGS_REQUEST, which holds method and path",
        "STUBHUB_LISTINGS_METHOD": "Use STUBHUB_LISTINGS_REQUEST, which holds method and path",
        "ZONES_WORKSHEET_NAME": "Use VENUE_MAP",
        "ZONES_CSV": "Use VENUE_MAP",
        "VIVENU_AGE_GROUPS": "Write age_groups into the file VIVENU_MAPPINGS_FILE",
        "VIVENU_DATE_ORDER": "Write date_order into the file VIVENU_MAPPINGS_FILE",
    }
)


def find_removed(env_file: Path) -> list[str]:
    """The removed settings that the environment or an env file still sets, in alphabetical order."""
    try:
        in_file = {name.upper() for name in dotenv_values(env_file, interpolate=False)}
    except (OSError, UnicodeDecodeError):
        in_file = set()
    return sorted((os.environ.keys() | in_file) & ADVICE.keys())


@cache
def warn_of_removed(name: str) -> None:
    """Log what replaced a setting; once in a process."""
    _log.warning("The setting %s was removed and has no effect. %s.", name, ADVICE[name])
