"""Where requests go: to the simulator without settings, else to the address of the settings, if it is safe."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.http.addresses import check_address
from ticket_pipeline.marketplaces.stubhub.client import stubhub_config
from ticket_pipeline.marketplaces.ticketmaster.client import ticketmaster_config
from ticket_pipeline.marketplaces.vivid_seats.client import vivid_seats_url
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.overrides import settings_from

SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for
ADDRESS_OF: dict[str, Callable[[Settings], str]] = {
    "stubhub": lambda settings: stubhub_config(settings).base_url,
    "vivid_seats": vivid_seats_url,
    "ticketmaster": lambda settings: ticketmaster_config(settings).base_url,
}
CREDENTIAL = {"stubhub": "stubhub_cookie", "ticketmaster": "ticketmaster_api_key"}

each = pytest.mark.parametrize("marketplace", ADDRESS_OF)


@each
def test_without_settings_requests_go_to_the_simulator(marketplace: str) -> None:
    assert ADDRESS_OF[marketplace](settings_from({})) == f"http://127.0.0.1:8765/{marketplace}"


@each
def test_beside_another_real_marketplace_it_must_be_configured(marketplace: str) -> None:
    other = "vivid_seats" if marketplace == "stubhub" else "stubhub"
    with pytest.raises(ConfigurationError, match=rf"{marketplace.upper()}_API_\w+ is not set"):
        ADDRESS_OF[marketplace](settings_from({f"{other}_api_base_url": "https://tickets.example"}))


@each
@pytest.mark.parametrize("url", ["tickets.example", f"https://me:{SECRET}@tickets.example"])
def test_an_invalid_address_is_rejected_by_the_name_of_its_setting(marketplace: str, url: str) -> None:
    changes = {f"{marketplace}_api_base_url": url, "ticketmaster_api_key": "k"}
    with pytest.raises(ConfigurationError, match=rf"(?i){marketplace}_api_base_url ") as caught:
        ADDRESS_OF[marketplace](settings_from(changes))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("marketplace", CREDENTIAL)
def test_credentials_are_not_sent_unencrypted_over_a_network(marketplace: str) -> None:
    changes = {f"{marketplace}_api_base_url": "http://tickets.example", CREDENTIAL[marketplace]: SECRET}
    with pytest.raises(ConfigurationError, match=r"unencrypted to tickets\.example") as caught:
        ADDRESS_OF[marketplace](settings_from(changes))
    assert SECRET not in str(caught.value)
    for url in ("http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://tickets.example"):
        assert ADDRESS_OF[marketplace](settings_from(changes | {f"{marketplace}_api_base_url": url})) == url
    assert stubhub_config(settings_from({"stubhub_api_base_url": "http://tickets.example"})).headers == {}


@pytest.mark.parametrize(
    "base_url",
    [
        *("pro.stubhub.com", "ftp://h", "https://", "https://u:p@h", "https://h?x=1", "https://h#x", "https://h:port"),
        *("https://[", "https://stübhub.example.com", "https://pro.stubhub.com\n"),
    ],
)
def test_what_is_not_a_base_url_is_rejected(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"BASE .*Write it like https://e"):
        check_address(base_url, "/x", base_setting="BASE", path_setting="PATH", example="https://e")


@pytest.mark.parametrize("path", ["@evil.example.com/x", ".evil.example.com/x", "x", "/x?y=1", "/x#y"])
def test_a_path_cannot_lead_to_another_host(path: str) -> None:
    with pytest.raises(ConfigurationError, match="STUBHUB_LISTINGS_REQUEST"):
        stubhub_config(settings_from({"stubhub_listings_request": f"GET {path}"}))
