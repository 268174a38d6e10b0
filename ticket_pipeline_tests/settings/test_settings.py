"""What cannot work is rejected with the settings, before a request or a schedule fails of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, Settings, load_settings
from ticket_pipeline.settings.renamed import ADVICE
from ticket_pipeline.settings.tuning import Tuning
from ticket_pipeline.settings.values import show_address
from ticket_pipeline.storage.connect import database_url

if TYPE_CHECKING:
    from pathlib import Path

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for


@pytest.mark.parametrize(
    "value", ["tickets/1 (Zoë)", "tickets/1\r\nx: y", "tickets/1\x00", "tickets/1\x7f", "tickets/1 "]
)
@pytest.mark.parametrize("name", ["stubhub_cookie", "stubhub_account_id"])
def test_what_cannot_be_a_header_is_rejected_with_the_settings(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"{name.upper()}: .*header.*plain ASCII") as caught:
        load_settings(**{name: value})
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}é", f"{SECRET}\n", f"{SECRET} {SECRET}", f"\N{ZERO WIDTH SPACE}{SECRET}"])
@pytest.mark.parametrize("name", ["ticketmaster_api_key", "vivenu_api_key"])
def test_a_key_that_is_not_one_word_is_rejected_without_quoting_it(name: str, value: str) -> None:
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
    cookie = 'a=1; b="two words"; c=%C3%A9'
    settings = load_settings(stubhub_cookie=cookie, vivenu_api_key="key_abc.DEF-123")
    assert settings.stubhub_cookie is not None
    assert settings.stubhub_cookie.get_secret_value() == cookie


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("event_default_timezone", "Nowhere/City", "it is not an IANA timezone"),
        ("disabled_marketplaces", "stubhub, seatgeek", "the names are stubhub, "),
        ("stubhub_listings_request", "DELETE /x", "write the method (GET, PUT or POST)"),
    ],
)
def test_a_malformed_value_is_named_with_what_to_write_instead(name: str, text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**{name: text})
    assert f"{name.upper()}: {problem}" in str(caught.value)


def test_both_names_of_the_vivenu_key_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVENU_API_TOKEN", "key_abc")
    assert load_settings().vivenu_api_key == SecretStr("key_abc")


def test_the_pace_of_the_demo_reaches_the_programs_that_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKET_PIPELINE_TUNING", '{"lease_seconds": 60}')
    assert load_settings().tuning == Tuning(lease_seconds=60)


def test_a_removed_setting_is_named_once_with_its_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    env_file = tmp_path / "old.env"
    env_file.write_text("HTTP_MAX_TRIES=5\n", encoding="utf-8")
    monkeypatch.setenv(ENV_FILE_VARIABLE, str(env_file))
    monkeypatch.setenv("LEASE_SECONDS", "60")
    load_settings()
    load_settings()
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "HTTP_MAX_TRIES was removed and has no effect. Use HTTPX_RETRIES" in messages[0]
    assert "LEASE_SECONDS was removed and has no effect. Remove it; the value is fixed now." in messages[1]


def test_a_removed_switch_is_an_error_because_ignoring_it_would_send_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUBHUB_ENABLED", "false")
    with pytest.raises(ConfigurationError, match=r"STUBHUB_ENABLED: it was removed\. Use DISABLED_MARKETPLACES"):
        load_settings()


def test_every_removed_setting_is_gone() -> None:
    assert not {name.lower() for name in ADVICE} & Settings.model_fields.keys()


@pytest.mark.parametrize(
    "url",
    [f"mysql://me:{SECRET}@db/x", f"postgresql+psycopg://me:{SECRET}@db/x", f"postgres//me:{SECRET}@db/x", SECRET],
)
def test_the_url_of_another_database_is_rejected_without_quoting_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"DATABASE_URL: .*write it like postgresql://") as caught:
        load_settings(database_url=url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("host", [f"me:{SECRET}@db", f"postgresql://me:{SECRET}@db/x", f"https://db/{SECRET}"])
def test_a_host_with_a_user_or_a_scheme_is_rejected_without_quoting_it(host: str) -> None:
    with pytest.raises(ConfigurationError, match="DB_HOST: write the host's name or address alone") as caught:
        load_settings(db_host=host)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgres://db/x", "postgresql://me:p%40ss@db:5432/x?sslmode=require", "host=db dbname=x"]
)
def test_every_form_that_libpq_reads_is_taken(url: str) -> None:
    secret = load_settings(database_url=url).database_url
    assert secret is not None
    assert secret.get_secret_value() == url


def test_a_url_for_one_command_holds_before_a_host_of_the_env_file() -> None:
    settings = load_settings(database_url="postgresql://db/x", db_host="other")
    assert database_url(settings) == "postgresql://db/x"


def test_prices_cannot_start_in_the_future() -> None:
    today = datetime.now(UTC).date()
    with pytest.raises(ConfigurationError, match=rf"PRICES_START_DATE: .*write {today} or an earlier day"):
        load_settings(prices_start_date=today + 2 * DAY)
    assert load_settings(prices_start_date=today - DAY).prices_start_date == today - DAY
