"""What cannot be sent is refused where it was written, before a request finds out in words that quote it."""

from __future__ import annotations

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.setting_values import show_address
from ticket_pipeline.settings import load_settings

SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for


@pytest.mark.parametrize(
    "value", ["tickets/1 (Zoë)", "tickets/1\r\nx: y", "tickets/1\x00", "tickets/1\x7f", "tickets/1 "]
)
@pytest.mark.parametrize("name", ["user_agent", "stubhub_cookie", "stubhub_account_id"])
def test_what_cannot_be_a_header_is_refused_with_the_settings(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name.upper()}: .*header.*plain ASCII") as caught:
        load_settings(**{name: value})
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}é", f"{SECRET}\n", f"{SECRET} {SECRET}", f"\N{ZERO WIDTH SPACE}{SECRET}"])
@pytest.mark.parametrize("name", ["ticketmaster_api_key", "vivenu_api_key"])
def test_a_key_that_is_not_one_word_is_refused_without_quoting_it(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name.upper()}: .*copy the key alone") as caught:
        load_settings(**{name: value})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://pro.stubhub.com", "https://pro.stubhub.com"),
        ("http://127.0.0.1:8765/stubhub", "http://127.0.0.1:8765/stubhub"),
        ("/api/Listing/GetCompListingsByEventId", "/api/Listing/GetCompListingsByEventId"),
        (f"https://me:{SECRET}@h/p", "https://h/p"),
        (f"https://me:a@{SECRET}@h/p", "https://h/p"),
        (f"me:{SECRET}@h", "h"),
        (f"https://h/p?key={SECRET}", "https://h/p?***"),
        (f"https://h/p#{SECRET}", "https://h/p#***"),
        (f"/p?x={SECRET}", "/p?***"),
        (f"https://me:{SECRET}?@h", "***"),
        (f"https://h?to={SECRET}@h", "***"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(address: str, shown: str) -> None:
    assert show_address(address) == shown


def test_what_browsers_and_organisers_send_is_taken() -> None:
    agent = "Broker-Desk/2.1 (+https://example.com/bot; desk@example.com)"
    cookie = 'a=1; b="two words"; c=%C3%A9'
    settings = load_settings(user_agent=agent, stubhub_cookie=cookie, vivenu_api_key="key_abc.DEF-123")
    assert settings.user_agent == agent
    assert settings.stubhub_cookie is not None
    assert settings.stubhub_cookie.get_secret_value() == cookie
