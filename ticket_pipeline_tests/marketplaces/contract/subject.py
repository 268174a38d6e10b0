"""What is under contract: a client with one shape of its responses, and how neutral offers look in that shape."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.http.wire import TEST_SECONDS, Wire, serve_wire
from ticket_pipeline_tests.marketplaces.contract.readings import Item, Offer, Reading
from ticket_pipeline_tests.overrides import settings_from

VALID_ID = "157284301"


@dataclass(frozen=True, slots=True)
class Subject:
    """One client and one shape of its responses.

    Attributes:
        read: a body to what is in it; raises UnexpectedPayload where it is rejected as a whole.
        ask_about: one whole call by settings, about an id of the marketplace's.
        base_url_setting: the setting of its address.
        render: offers and a currency to the JSON of a body.
        parts: the offers inside such a JSON, one object each, to be changed in place.
        expected: what must be read of an offer, as far as the format contains it.
        without: key of such an object → what an offer without it is.
        samples: recorded bodies, below the folder of samples.
        has_listings: whether it asks for listings: ids that repeat are rejected with a reason, prices are positive.
        has_ids: whether its offers have ids.
        asks_by_id: False where it searches by words.
        huge: more offers than one response will ever hold.
        fixed: settings that it needs besides.
    """

    name: str
    marketplace: Marketplace
    read: Callable[[bytes], Reading]
    ask_about: Callable[[Settings, str], Awaitable[Reading]]
    base_url_setting: str
    render: Callable[[Sequence[Offer], str], Any]
    parts: Callable[[Any], list[Any]]
    expected: Callable[[Offer], Item]
    without: Mapping[str, Literal["read", "unreadable"]]
    samples: str = ""
    has_listings: bool = True
    has_ids: bool = True
    asks_by_id: bool = True
    huge: int = 20_000
    fixed: Mapping[str, object] = field(default_factory=dict)

    def body(self, offers: Sequence[Offer], currency: str = "USD") -> bytes:
        """The body of a response with these offers."""
        return json.dumps(self.render(offers, currency)).encode()

    def settings(self, base_url: str, **changes: object) -> Settings:
        """Settings that send this client to `base_url`, once."""
        fixed = {self.base_url_setting: base_url, "httpx_retries": 0, "request_timeout_seconds": 10, **self.fixed}
        return settings_from(fixed | changes)

    def recorded(self, samples_dir: Path) -> list[bytes]:
        """The recorded bodies of this shape; none for a shape that nobody recorded."""
        return [file.read_bytes() for file in sorted(samples_dir.glob(self.samples))] if self.samples else []

    def ask(self, *responses: Wire, **settings: object) -> Reading | MarketplaceError:
        """One whole call to a server that sends `responses`; its result."""

        async def run() -> Reading | MarketplaceError:
            async with asyncio.timeout(TEST_SECONDS), serve_wire(*responses) as server:
                try:
                    return await self.ask_about(self.settings(server.url, **settings), VALID_ID)
                except MarketplaceError as error:
                    return error

        return asyncio.run(run())
