"""StubHub, as a seller sees it: the listings of an event that a seller compares their own with (StubHub Pro).

What belongs here: URL, headers, credentials, and the client. What does not: sending (`http`), reading the body
(`stubhub_listings`).

From a notebook, with the settings in the environment or `.env`:

    from ticket_pipeline.marketplaces.stubhub.client import open_stubhub_client
    from ticket_pipeline.settings.model import load_settings

    async with open_stubhub_client(load_settings()) as stubhub:
        listings = await stubhub.get_listings("157284301")
    print(listings.accepted, "listings,", min(listings.columns["price"]), listings.currency)
"""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError, UnexpectedPayload
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.http.fetcher import MarketplaceRequest, utc_now
from ticket_pipeline.http.secrets import known_secrets
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.listings_client import ListingsClient, check_digits, open_fetcher
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.settings.secret_files import warn_of_other_readers
from ticket_pipeline.settings.values import is_sendable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from ticket_pipeline.http.fetcher import HttpFetcher
    from ticket_pipeline.http.gate import RequestGate
    from ticket_pipeline.market.vocabulary import ParsedListings
    from ticket_pipeline.settings.model import Settings


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWN_HEADERS = {
    "accept-encoding": "only what this client can decode is asked for",
    "connection": "the client manages its connections",
    "content-length": "the request has no body",
    "host": "it follows from STUBHUB_API_BASE_URL",
    "transfer-encoding": "the request has no body",
    "user-agent": "set USER_AGENT instead",
}


@dataclass(frozen=True, slots=True)
class StubHubConfig:
    """How StubHub is asked.

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
    """Build the configuration from the settings and the headers file. The simulator is sent no credential.

    Raises:
        ConfigurationError: base URL, path or headers are unusable; no message holds a value of a header.
    """
    if settings.stubhub_base_url is None:
        raise ConfigurationError(
            "Looked for StubHub's address; STUBHUB_API_BASE_URL is not set, and another marketplace is configured. "
            "Set it, such as https://pro.stubhub.com."
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
    return StubHubConfig(
        base_url=base_url,
        path=path,
        method=method,
        headers=headers,
    )


def read_headers_file(path: Path) -> dict[str, SecretStr]:
    """Read a JSON object of header names and values, names in lower case.

    Raises:
        ConfigurationError: the file is missing, unreadable, or holds something else.
    """
    what = f"Read STUBHUB_HEADERS_FILE {path}"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        warn_of_other_readers(path, f"STUBHUB_HEADERS_FILE {path}")
    except OSError as error:
        raise ConfigurationError(f"{what}: {error.strerror}. Create it, or unset the setting.") from error
    except ValueError:
        # from None: the message of the original quotes the file, and that is a secret.
        raise ConfigurationError(f'{what}: it is no JSON. It must be an object such as {{"cookie": "…"}}.') from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ConfigurationError(f'{what}: it must be one JSON object of texts, such as {{"cookie": "…"}}.')
    headers = {name.lower(): SecretStr(value) for name, value in found.items()}
    _check_headers(headers, what)
    return headers


class StubHubClient(ListingsClient):
    """Asks StubHub for the listings of an event; a `MarketplaceClient`."""

    marketplace = Marketplace.STUBHUB

    def __init__(self, fetcher: HttpFetcher, config: StubHubConfig) -> None:
        super().__init__(fetcher)
        self._config = config
        self._secrets = known_secrets(config.headers)

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read a body; see `ticket_pipeline.marketplaces.stubhub.parser`. No error quotes what was sent."""
        try:
            return parse_stubhub_listings(body)
        except UnexpectedPayload as error:
            # The body has lost long secrets only, since it is data; from None: the original quotes it.
            said = self._secrets.out_of_text(str(error))
            raise UnexpectedPayload(said, status=error.status, tries=error.tries) from None

    def build_request(self, external_id: str) -> MarketplaceRequest:
        """What the seller's own page sends.

        Args:
            external_id: StubHub's (viagogo's) event id: digits.

        Raises:
            RequestRejected: the id is no StubHub id.
        """
        check_digits(external_id, self.marketplace, "StubHub")
        site = urlsplit(self._config.base_url)
        origin = f"{site.scheme}://{site.netloc}"
        page = {
            "accept": "application/json",
            "origin": origin,
            "referer": f"{origin}/inventory/event?{urlencode({'eventId': external_id})}",
        }
        return MarketplaceRequest(
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
    """Open a client by the settings, and close its connections at the end of the block.

    Args:
        settings: where and how to ask.
        gate: who permits requests; None means no limits, which is for single calls only.
        clock: aware UTC; says when an answer was captured.

    Raises:
        ConfigurationError: see `stubhub_config`.
    """
    config = stubhub_config(settings)
    async with open_fetcher(settings, gate, clock=clock) as fetcher:
        yield StubHubClient(fetcher, config)


def _check_headers(headers: Mapping[str, SecretStr], where: str) -> None:
    """Refuse what cannot or must not be sent, before a library refuses it in a message that quotes it."""
    problems = []
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            problems.append("a name is no header name")
        elif name in _OWN_HEADERS:
            problems.append(f"{name} must be left out: {_OWN_HEADERS[name]}")
        elif not is_sendable(value.get_secret_value()):
            problems.append(
                f"the value of {name} holds a line break, a character that is not ASCII, or a blank at an end"
            )
    if problems:
        raise ConfigurationError(f"{where}: {'; '.join(sorted(set(problems)))}. Mend that and start again.")
