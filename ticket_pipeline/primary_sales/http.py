"""Send a request to vivenu, and keep trying within limits. Nothing else here opens a socket to it.

What belongs here: connections, the bearer token, retries. What does not: what an answer means (`answers`), which pages
are asked for (`paging`), and what is asked (`client`).

A key that comes from a file is read again when vivenu refuses the one in use: whoever renews it there needs no restart.
"""

from __future__ import annotations

import logging
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpx
import stamina
from pydantic import SecretStr

from ticket_pipeline.errors import Blocked, ConfigurationError, MarketplaceError, RateLimited, UnexpectedPayload
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.secrets import known_secrets
from ticket_pipeline.primary_sales.answers import error_of_exception, judge_answer, read_date
from ticket_pipeline.settings.secret_files import warn_of_other_readers
from ticket_pipeline.settings.values import is_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path
    from random import Random

    from ticket_pipeline.settings.model import Settings

_log = logging.getLogger(__name__)

SIMULATED_KEY = "simulated-organiser"
"""What the simulator takes; it opens nothing else."""

_MEGABYTE = 1_000_000
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer.

    Attributes:
        body: JSON, as received; it tells who buyers are, so it is neither kept nor logged.
        served_at: the server's own clock, aware UTC; ours where it names no date.
    """

    body: bytes
    served_at: datetime


class ApiKey:
    """The bearer token: a setting, or a file that is read again when the token in use is refused."""

    def __init__(self, value: SecretStr | None, file: Path | None) -> None:
        self._value = value.get_secret_value() if value is not None else None
        self._file = file

    def __repr__(self) -> str:
        return "ApiKey(***)"

    def read(self) -> str:
        """The token to send now.

        Raises:
            ConfigurationError: the file cannot be read or holds nothing.
        """
        if self._value is None:
            self._value = self._read_file()
        return self._value

    def renew(self) -> bool:
        """Read the file again; whether that brought another token."""
        before = self._value
        if self._file is None:
            return False
        self._value = self._read_file()
        return self._value != before

    def _read_file(self) -> str:
        if self._file is None:
            return SIMULATED_KEY
        try:
            text = self._file.read_text(encoding="utf-8").strip()
            warn_of_other_readers(self._file, f"VIVENU_API_KEY_FILE {self._file}")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"Read vivenu's API key from VIVENU_API_KEY_FILE; that failed ({type(error).__name__}). "
                "Check the path and its permissions."
            ) from None
        if not is_key(text):
            raise ConfigurationError("Read vivenu's API key from VIVENU_API_KEY_FILE; it must hold the key alone.")
        return text


class VivenuHttp:
    """Asks vivenu for JSON, within limits. Safe for many requests at once.

    Args:
        client: its base URL is vivenu's.
        key: what lets us in.
        retries: further tries after a transient failure.
        rng: draws the jitter of waits.
        max_body_bytes: a larger body is refused.
        first_wait_seconds: before the second try; doubles with each further one.
        clock: aware UTC.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        key: ApiKey,
        *,
        retries: int,
        rng: Random,
        max_body_bytes: int = 64 * _MEGABYTE,
        first_wait_seconds: float = 1.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._key = key
        self._retries = retries
        self._rng = rng
        self._max_body_bytes = max_body_bytes
        self._first_wait_seconds = first_wait_seconds
        self._clock = clock
        self.requests = 0

    async def get(self, what: str, path: str, query: Mapping[str, str]) -> Answer:
        """Ask until a good answer arrives or a limit is reached; only transient failures are asked again.

        Args:
            what: what is asked for, as a message says it: "the tickets of event …".
            path: below the base URL.
            query: parameters; they hold no secret.

        Raises:
            MarketplaceError: of the last try; see `ticket_pipeline.primary_sales.answers` for which one.
        """
        tries = 0

        def wait_after(error: Exception) -> bool | float:
            if not (isinstance(error, MarketplaceError) and error.is_transient):
                return False
            doubled = min(self._first_wait_seconds * 2.0 ** (tries - 1), _LONGEST_WAIT_SECONDS)
            asked = error.retry_after if isinstance(error, RateLimited) else None
            return max(asked.total_seconds() if asked else 0.0, doubled * self._rng.uniform(0.75, 1.25))

        async for attempt in stamina.retry_context(on=wait_after, attempts=self._retries + 1, timeout=None):
            with attempt:
                tries += 1
                return await self._ask(f"Asked vivenu for {what} (GET {path}, try {tries})", path, query, tries)
        raise AssertionError("stamina either returns or raises")  # pragma: no cover

    async def _ask(self, what: str, path: str, query: Mapping[str, str], tries: int) -> Answer:
        token = self._key.read()
        try:
            return await self._exchange(what, path, query, token, tries)
        except Blocked as refused:
            # Another request may have renewed it meanwhile.
            is_renewed = refused.status == 401 and (self._key.read() != token or self._key.renew())  # noqa: PLR2004 - HTTP
            if not is_renewed:
                raise
        _log.info("vivenu refused the API key; asking again with the one that VIVENU_API_KEY_FILE holds now")
        return await self._exchange(what, path, query, self._key.read(), tries)

    async def _exchange(self, what: str, path: str, query: Mapping[str, str], token: str, tries: int) -> Answer:
        self.requests += 1
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._client.stream("GET", path, params=dict(query), headers=headers) as response:
                body = await self._read(response, what, tries)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # from None: the text of the original may quote a header, and a traceback would print it.
            raise error_of_exception(what, error, tries=tries) from None
        now = self._clock()
        problem = judge_answer(what, response.status_code, response.headers, body, tries=tries, now=now)
        if problem is not None:
            _log.info("%s", problem)
            raise problem
        kept = known_secrets({}, [SecretStr(token)]).out_of_data(body)
        return Answer(kept, read_date(response.headers.get("date")) or now)

    async def _read(self, response: httpx.Response, what: str, tries: int) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise UnexpectedPayload(
                    f"{what}: the answer has more than {self._max_body_bytes} bytes. In TUNING, lower "
                    "vivenu_page_size or raise max_body_megabytes.",
                    status=response.status_code,
                    tries=tries,
                )
        return bytes(body)


@asynccontextmanager
async def open_vivenu_http(
    settings: Settings, *, rng: Random, first_wait_seconds: float = 1.0
) -> AsyncIterator[VivenuHttp]:
    """Connections to vivenu as the settings have them, closed at the end.

    Proxies and `.netrc` of the environment are ignored (`trust_env=False`), as with every marketplace: a stray one
    would be handed the organiser's key.

    Raises:
        ConfigurationError: vivenu is off, not configured, or HTTP/2 is asked for without its library.
    """
    base_url = _base_url(settings)
    if settings.httpx_http2 and find_spec("h2") is None:
        raise ConfigurationError(
            "HTTPX_HTTP2 is on, but its library is not installed. Run: pip install 'ticket-pipeline[http2]'."
        )
    if not settings.httpx_verify_ssl:
        _log.warning(
            "HTTPX_VERIFY_SSL is off: whoever stands between you and vivenu can read your API key and every buyer's "
            "data. Switch it on again, or install the missing root certificate on this machine."
        )
    async with httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": settings.user_agent, "Accept-Encoding": "gzip, deflate"},
        timeout=httpx.Timeout(settings.httpx_timeout_read, connect=settings.httpx_timeout_connect, pool=None),
        limits=httpx.Limits(
            max_connections=settings.httpx_max_connections, max_keepalive_connections=settings.httpx_max_connections
        ),
        verify=ssl.create_default_context() if settings.httpx_verify_ssl else False,
        follow_redirects=False,
        http2=settings.httpx_http2,
        trust_env=False,
    ) as client:
        yield VivenuHttp(
            client,
            ApiKey(settings.vivenu_api_key, settings.vivenu_api_key_file),
            retries=settings.httpx_retries,
            rng=rng,
            max_body_bytes=settings.tuning.max_body_megabytes * _MEGABYTE,
            first_wait_seconds=first_wait_seconds,
        )


def _base_url(settings: Settings) -> str:
    if settings.is_disabled("vivenu"):
        raise ConfigurationError("vivenu is disabled. Remove it from DISABLED_MARKETPLACES to use it.")
    base_url = settings.vivenu_base_url
    if base_url is None:
        raise ConfigurationError(
            "Asked for vivenu; it is not configured, and a marketplace is. Set VIVENU_API_KEY to your organiser's key."
        )
    check_address(
        base_url,
        "/api",
        base_setting="VIVENU_API_BASE_URL",
        path_setting="VIVENU_API_BASE_URL",
        example="https://vivenu.com",
        credentials="your organiser's API key",
    )
    return base_url
