"""Settings that an earlier version had: what replaced each, so that an upgrade ignores none of them silently.

What belongs here: old names, what to do instead, and finding them. What does not: the settings themselves (`model`).
"""

from __future__ import annotations

import logging
import os
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_log = logging.getLogger(__name__)

_TUNING = "Use the key {key} of TUNING, such as TUNING='{{\"{key}\": …}}'"
_CONSTANT = "Remove it; the value is fixed now"

_TUNED = (
    "POLL_TICK_SECONDS",
    "POLL_BATCH_SIZE",
    "LEASE_SECONDS",
    "RETRY_BASE_MINUTES",
    "PRICES_REFRESH_MINUTES",
    "BREAKER_FAILURES",
    "BREAKER_PAUSE_MINUTES",
    "BLOCKED_PAUSE_HOURS",
    "TICKETMASTER_CACHE_MINUTES",
    "TICKETMASTER_REQUESTS_PER_SECOND",
    "TICKETMASTER_RESERVE_FRACTION",
    "TICKETMASTER_API_BASE_URL",
    "GOOGLE_SHEETS_API_BASE_URL",
    "VIVENU_PAGE_SIZE",
    "VIVENU_OVERLAP_MINUTES",
    "DAGSTER_DB_SCHEMA",
    "RANDOM_SEED",
)
_FIXED = (
    "CHECK_DATA_CRON",
    "VIVID_SEATS_LISTINGS_PATH",
    "REQUEST_DELAY_BIAS",
    "HTTP_RETRY_SECONDS",
    "RETRY_MAX_HOURS",
    "SUSPECT_DROP_FRACTION",
    "SUSPECT_CONFIRM_FRACTION",
)
SWITCHES = ("STUBHUB_ENABLED", "VIVID_SEATS_ENABLED", "TICKETMASTER_ENABLED", "VIVENU_ENABLED")
"""Ignoring one of these would send requests that a user switched off."""

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        **{name: _TUNING.format(key=name.lower()) for name in _TUNED},
        **dict.fromkeys(_FIXED, _CONSTANT),
        **dict.fromkeys(SWITCHES, "Use DISABLED_MARKETPLACES, such as DISABLED_MARKETPLACES=vivenu"),
        "WATCHLIST_MAX_UNTRACK_FRACTION": _TUNING.format(key="max_untrack_fraction"),
        "HTTP_TOTAL_TIMEOUT_SECONDS": _TUNING.format(key="request_timeout_seconds"),
        "HTTP_MAX_BODY_MEGABYTES": _TUNING.format(key="max_body_megabytes"),
        "HTTP_CONNECT_TIMEOUT_SECONDS": "Use HTTPX_TIMEOUT_CONNECT",
        "HTTP_READ_TIMEOUT_SECONDS": "Use HTTPX_TIMEOUT_READ",
        "HTTP_MAX_TRIES": "Use HTTPX_RETRIES, which counts the tries after the first",
        "HTTP_DEBUG": "Use LOG_LEVEL=DEBUG",
        "MAX_CONCURRENT_REQUESTS": "Use HTTPX_MAX_CONNECTIONS",
        "STUBHUB_LISTINGS_PATH": "Use STUBHUB_LISTINGS_REQUEST, which holds method and path",
        "STUBHUB_LISTINGS_METHOD": "Use STUBHUB_LISTINGS_REQUEST, which holds method and path",
        "ZONES_WORKSHEET_NAME": "Use VENUE_MAP",
        "ZONES_CSV": "Use VENUE_MAP",
    }
)


def find_removed(env_file: Path) -> list[str]:
    """The removed settings that the environment or an env file still sets, in alphabetical order."""
    try:
        in_file = {name.upper() for name in dotenv_values(env_file, interpolate=False)}
    except (OSError, UnicodeDecodeError):
        in_file = set()
    return sorted((os.environ.keys() | in_file) & ADVICE.keys())


def warn_of_removed(names: Iterable[str]) -> None:
    """Log what replaced each of these settings; once in a process."""
    for name in names:
        _warn_once(name)


@cache
def _warn_once(name: str) -> None:
    _log.warning("The setting %s was removed and has no effect. %s.", name, ADVICE[name])
