"""StubHub as a seller sees it: the listings that a seller compares their own with (StubHub Pro).

An example is in docs/clients.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError, UnexpectedPayload
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.fetcher import HttpFetcher, Request, open_fetcher, utc_now
from ticket_pipeline.http.judge import ResponseJudge
from ticket_pipeline.http.scrubbing import scrubber_for
from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings
from ticket_pipeline.marketplaces.client import ListingsClient, check_digits
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.settings.secret_files import warn_of_other_readers
from ticket_pipeline.settings.values import is_sendable

if TYPE_CHECKING:
    from ticket_pipeline.http.gate import RequestGate
    from ticket_pipeline.settings.model import Settings


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_FIX_ADDRESS = (
    "STUBHUB_API_BASE_URL and STUBHUB_LISTINGS_REQUEST: StubHub Pro's GetCompListingsByEventId is read, no public page"
)

_OWN_HEADERS = {
    "accept-encoding": "the client lists only what it can decode",
    "connection": "the client manages its connections",
    "content-length": "the request has no body",
    "host": "it follows from STUBHUB_API_BASE_URL",
    "transfer-encoding": "the request has no body",
    "user-agent": "every request says honestly what sends it",
}


@dataclass(frozen=True, slots=True)
class StubHubConfig:
    """Where requests to StubHub go, and what they carry.

    Attributes:
        base_url: scheme and host (a path before `path` is allowed), without a trailing slash.
        path: of the listings request, with a leading slash.
        method: HTTP method of the listings request.
        headers: names and values sent with every request: the user's own session.
    """

    base_url: str
    path: str = "/api/Listing/GetCompListingsByEventId"
    method: str = "GET"
    headers: Mapping[str, SecretStr] = field(default_factory=dict, repr=False)


def stubhub_config(settings: Settings) -> StubHubConfig:
    """Build the configuration from the settings and the headers file. The simulator receives no credential.

    A ConfigurationError about a base URL, path or header that is not usable contains no header's value.
    """
    if settings.stubhub_base_url is None:
        raise ConfigurationError(
            "STUBHUB_API_BASE_URL is not set, and another marketplace is configured. Set it, such as "
            "https://pro.stubhub.com."
        )
    base_url = settings.stubhub_base_url.rstrip("/")
    headers: dict[str, SecretStr] = {}
    if not settings.is_simulated:
        if settings.stubhub_headers_file is not None:
            headers |= read_headers_file(settings.stubhub_headers_file)
        if settings.stubhub_account_id is not None:
            headers["activeaccountid"] = settings.stubhub_account_id
        if settings.stubhub_cookie is not None:
            headers["cookie"] = settings.stubhub_cookie
    method, _, path = settings.stubhub_listings_request.partition(" ")
    check_address(
        base_url,
        path,
        base_setting="STUBHUB_API_BASE_URL",
        path_setting="STUBHUB_LISTINGS_REQUEST",
        example="https://pro.stubhub.com",
        credentials="your StubHub session" if headers else None,
    )
    return StubHubConfig(base_url, path, method, headers)


def read_headers_file(path: Path) -> dict[str, SecretStr]:
    """Read a JSON object of header names and values, names in lower case; else a ConfigurationError."""
    what = f"STUBHUB_HEADERS_FILE {path}"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        warn_of_other_readers(path, what)
    except OSError as error:
        raise ConfigurationError(f"{what}: {error.strerror}. Create it, or unset the setting.") from error
    except ValueError:
        # from None: the original quotes the file, which is secret.
        raise ConfigurationError(f'{what} is not JSON. It must be an object such as {{"cookie": "…"}}.') from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ConfigurationError(f'{what} must be one JSON object of texts, such as {{"cookie": "…"}}.')
    headers = {name.lower(): SecretStr(value) for name, value in found.items()}
    _check_headers(headers, what)
    return headers


class StubHubClient(ListingsClient):
    """Fetches the listings of StubHub events."""

    marketplace = Marketplace.STUBHUB

    def __init__(self, fetcher: HttpFetcher, config: StubHubConfig) -> None:
        super().__init__(fetcher)
        self._config = config
        self._scrubber = scrubber_for(config.headers)

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read a body; see `ticket_pipeline.marketplaces.stubhub.parser`. No error quotes a secret."""
        try:
            return parse_stubhub_listings(body)
        except UnexpectedPayload as error:
            # A stored body keeps short secrets, such as the account id; from None: the original quotes it.
            text = self._scrubber.text(str(error))
            raise UnexpectedPayload(text, status=error.status, tries=error.tries) from None

    def build_request(self, external_id: str) -> Request:
        """The request that the seller's own page sends; the id is StubHub's (viagogo's): digits."""
        check_digits(external_id, self.marketplace)
        site = urlsplit(self._config.base_url)
        origin = f"{site.scheme}://{site.netloc}"
        page = {
            "accept": "application/json",
            "origin": origin,
            "referer": f"{origin}/inventory/event?{urlencode({'eventId': external_id})}",
        }
        return Request(
            marketplace=self.marketplace,
            external_id=external_id,
            method=self._config.method,
            url=f"{self._config.base_url}{self._config.path}?{urlencode({'viagogoEventId': external_id})}",
            headers=page,
            secret_headers=self._config.headers,
        )


@asynccontextmanager
async def open_stubhub_client(
    settings: Settings, *, gate: RequestGate | None = None, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[StubHubClient]:
    """Open a client by the settings; see `http.fetcher.open_fetcher` and, for errors, `stubhub_config`."""
    config = stubhub_config(settings)
    async with open_fetcher(settings, gate, judge=ResponseJudge(fix_address=_FIX_ADDRESS), clock=clock) as fetcher:
        yield StubHubClient(fetcher, config)


def _check_headers(headers: Mapping[str, SecretStr], where: str) -> None:
    """Reject headers that must not be sent, before a library rejects them in a message that quotes them."""
    problems = []
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            problems.append("a name is not a valid header name")
        elif name in _OWN_HEADERS:
            problems.append(f"{name} must be left out: {_OWN_HEADERS[name]}")
        elif not is_sendable(value.get_secret_value()):
            problems.append(
                f"the value of {name} contains a line break, a character that is not ASCII, or a blank at an end"
            )
    if problems:
        raise ConfigurationError(f"{where}: {'; '.join(sorted(set(problems)))}. Correct it and start again.")
