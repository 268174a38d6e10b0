"""vivenu's API for one organiser: its address, its key, and what its errors mean.

A key in a file is read again when vivenu rejects the one in use: renewing it there needs no restart.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic import SecretStr

from ticket_pipeline.errors import Blocked, ConfigurationError
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.client import ConnectionOptions
from ticket_pipeline.http.fetcher import HttpFetcher, Request, open_fetcher
from ticket_pipeline.http.judge import ResponseJudge
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.settings.secret_files import warn_of_other_readers
from ticket_pipeline.settings.values import is_key

if TYPE_CHECKING:
    from ticket_pipeline.http.retries import RetryPolicy
    from ticket_pipeline.settings.model import Settings

_log = logging.getLogger(__name__)

SIMULATED_KEY = "simulated-organiser"
"""The key of the simulator; it opens nothing else."""

_UNAUTHORIZED = 401


def vivenu_judge() -> ResponseJudge:
    """What vivenu's responses mean. A body holds personal data, so no message quotes one."""
    return ResponseJudge(
        quotes_bodies=False,
        fix_block=(
            "The API key has expired, was withdrawn, or may not read this. Create one in vivenu's dashboard that may "
            "read events, tickets, transactions and coupons, and set VIVENU_API_KEY or the file VIVENU_API_KEY_FILE."
        ),
        fix_request="VIVENU_API_BASE_URL, and whether the event is still in vivenu",
        fix_address="VIVENU_API_BASE_URL",
        fix_id="VIVENU_API_BASE_URL, and whether the event is still in vivenu",
        fix_rate="HTTPX_MAX_CONNECTIONS",
    )


class ApiKey:
    """The bearer token: a setting, or a file that is read again when the token in use is rejected."""

    def __init__(self, value: SecretStr | None, file: Path | None) -> None:
        self._value = value
        self._file = file

    def read(self) -> SecretStr:
        """The token to send now; a `ConfigurationError` where the file cannot be read or holds no key."""
        if self._value is None:
            self._value = SecretStr(SIMULATED_KEY) if self._file is None else _read_key(self._file)
        return self._value

    def renew(self) -> bool:
        """Read the file again; whether that brought another token."""
        before = self._value
        if self._file is not None:
            self._value = _read_key(self._file)
        return self._value != before


def _read_key(file: Path) -> SecretStr:
    try:
        text = file.read_text(encoding="utf-8").strip()
        warn_of_other_readers(file, f"VIVENU_API_KEY_FILE {file}")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"Could not read VIVENU_API_KEY_FILE ({type(error).__name__}). Check the path and its permissions."
        ) from None
    if not is_key(text):
        raise ConfigurationError("VIVENU_API_KEY_FILE must hold vivenu's API key and nothing else.")
    return SecretStr(text)


class VivenuApi:
    """Sends GET requests to vivenu. Safe for many at once."""

    def __init__(self, fetcher: HttpFetcher, base_url: str, key: ApiKey) -> None:
        self._fetcher = fetcher
        self._base_url = base_url
        self._key = key

    async def get(self, what: str, path: str, query: Mapping[str, str]) -> RawResponse:
        """Fetch one response; `what` names it in messages, and no parameter of the query is secret."""
        token = self._key.read()
        try:
            return await self._fetcher.fetch(self._request(what, path, query, token))
        except Blocked as rejected:
            # Another request may have renewed the key meanwhile.
            is_renewed = rejected.status == _UNAUTHORIZED and (self._key.read() != token or self._key.renew())
            if not is_renewed:
                raise
        _log.info("vivenu rejected the API key; retrying with the one that VIVENU_API_KEY_FILE holds now")
        return await self._fetcher.fetch(self._request(what, path, query, self._key.read()))

    def _request(self, what: str, path: str, query: Mapping[str, str], token: SecretStr) -> Request:
        return Request(
            marketplace=Marketplace.VIVENU,
            external_id="",
            method="GET",
            url=f"{self._base_url}{path}?{urlencode(query)}",
            secret_headers={"authorization": SecretStr(f"Bearer {token.get_secret_value()}")},
            subject=what,
        )


@asynccontextmanager
async def open_vivenu_api(settings: Settings, *, policy: RetryPolicy | None = None) -> AsyncIterator[VivenuApi]:
    """Open the API that the settings name, and close its connections at the end of the block."""
    base_url = _base_url(settings)
    options = replace(
        ConnectionOptions.from_settings(settings),
        uses_http2=settings.httpx_http2,
        verifies_certificates=settings.httpx_verify_ssl,
    )
    async with open_fetcher(settings, None, judge=vivenu_judge(), policy=policy, options=options) as fetcher:
        yield VivenuApi(fetcher, base_url, ApiKey(settings.vivenu_api_key, settings.vivenu_api_key_file))


def _base_url(settings: Settings) -> str:
    if settings.is_disabled("vivenu"):
        raise ConfigurationError("vivenu is disabled. Remove it from DISABLED_MARKETPLACES to use it.")
    base_url = settings.vivenu_base_url
    if base_url is None:
        raise ConfigurationError(
            "vivenu is not configured, and another marketplace is. Set VIVENU_API_KEY to your organiser's key."
        )
    check_address(
        base_url,
        "/api",
        base_setting="VIVENU_API_BASE_URL",
        path_setting="VIVENU_API_BASE_URL",
        example="https://vivenu.com",
        credentials="your organiser's API key",
    )
    return base_url.rstrip("/")
