"""What is no id, whoever hands it over: refused with a typed error, and never sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ticket_pipeline.errors import RequestRejected
from ticket_pipeline.marketplaces.stubhub.client import open_stubhub_client
from ticket_pipeline.marketplaces.ticketmaster.client import open_ticketmaster_client
from ticket_pipeline.marketplaces.vivid_seats.client import open_vivid_seats_client
from ticket_pipeline.settings.model import Settings

SETTINGS = Settings(
    stubhub_api_base_url="http://127.0.0.1:1",
    vivid_seats_api_base_url="http://127.0.0.1:1",
    ticketmaster_api_key="k" * 32,
    ticketmaster_api_base_url="http://127.0.0.1:1",
)


@pytest.mark.parametrize("no_id", [157284301, None, "", "a b", b"1"])
def test_what_is_no_id_is_refused(no_id: Any) -> None:  # noqa: ANN401
    async def ask() -> list[BaseException | object]:
        async with (
            open_stubhub_client(SETTINGS) as stubhub,
            open_vivid_seats_client(SETTINGS) as vivid_seats,
            open_ticketmaster_client(SETTINGS) as ticketmaster,
        ):
            questions = (
                stubhub.get_listings(no_id),
                vivid_seats.get_listings(no_id),
                ticketmaster.get_event_details(no_id),
            )
            return await asyncio.gather(*questions, return_exceptions=True)

    errors = asyncio.run(ask())
    assert [type(error) for error in errors] == [RequestRejected] * 3
    assert {error.tries for error in errors if isinstance(error, RequestRejected)} == {0}
