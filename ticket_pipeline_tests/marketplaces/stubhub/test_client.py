"""The StubHub client: the headers of the user's session, and what it sends."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.errors import (
    ConfigurationError,
    UnexpectedPayload,
)
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.stubhub.client import (
    StubHubConfig,
    open_stubhub_client,
    read_headers_file,
    stubhub_config,
)
from ticket_pipeline_tests.http.wire import response, serve_wire
from ticket_pipeline_tests.overrides import settings_from

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline.settings.model import Settings

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVENT = "157284301"
SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for


def _settings(base_url: str | None = "https://pro.stubhub.com", **changes: object) -> Settings:
    return settings_from({"stubhub_api_base_url": base_url} | changes)


def _shown(config: StubHubConfig) -> dict[str, str]:
    return {name: value.get_secret_value() for name, value in config.headers.items()}


def _headers_file(folder: Path, content: str) -> Path:
    path = folder / "headers.json"
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("body", [b'{"error": "Account 1234567 may not view this"}', b"Account 1234567 may not"])
def test_a_body_that_names_the_account_is_quoted_without_it(body: bytes) -> None:
    async def run() -> None:
        async with serve_wire(response(body=body)) as server:
            settings = _settings(server.url, stubhub_account_id="1234567")
            async with open_stubhub_client(settings) as client:
                client.parse_listings((await client.fetch_listings(EVENT)).body)

    with pytest.raises(UnexpectedPayload, match=r"Account \*\*\* may not") as caught:
        asyncio.run(run())
    assert "1234567" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_headers_come_from_the_file_and_the_settings_win(tmp_path: Path) -> None:
    path = _headers_file(tmp_path, '{"Cookie": "from file", "X-Extra": "1"}')
    config = stubhub_config(_settings(stubhub_headers_file=path, stubhub_cookie=SECRET, stubhub_account_id="guid"))
    assert _shown(config) == {"cookie": SECRET, "x-extra": "1", "activeaccountid": "guid"}
    assert SECRET not in repr(config)


def test_the_simulator_is_sent_no_credential(tmp_path: Path) -> None:
    config = stubhub_config(_settings(None, stubhub_cookie=SECRET, stubhub_headers_file=tmp_path / "missing.json"))
    assert config.headers == {}


@pytest.mark.parametrize(
    "content",
    ["", SECRET, f'["{SECRET}"]', f'{{"cookie": ["{SECRET}"]}}', f'{{"cookie": "{SECRET}", }}', '{"x": 1}'],
)
def test_a_headers_file_of_another_shape_is_rejected_without_quoting_it(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigurationError, match=r"STUBHUB_HEADERS_FILE .*JSON") as caught:
        read_headers_file(_headers_file(tmp_path, content))
    assert SECRET not in str(caught.value)


def test_a_headers_file_that_others_can_read_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = _headers_file(tmp_path, f'{{"cookie": "{SECRET}"}}')
    with caplog.at_level(logging.WARNING):
        read_headers_file(path)
        assert caplog.text == ""
        path.chmod(0o644)
        for _ in range(2):
            read_headers_file(path)
    assert caplog.text.count("chmod 600") == 1  # not at every batch
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("User-Agent", "says honestly what sends it"),
        ("Host", "STUBHUB_API_BASE_URL"),
        ("Content-Length", "no body"),
        ("accept-encoding", "can decode"),
        (":authority", "not a valid header name"),
        ("a b", "not a valid header name"),
    ],
)
def test_headers_that_must_not_be_set_are_rejected(tmp_path: Path, header: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        read_headers_file(_headers_file(tmp_path, json.dumps({header: "x"})))


@pytest.mark.parametrize("value", [f"{SECRET}\r\nx: y", f"{SECRET}é", f"{SECRET}\x00", f"{SECRET} "])
def test_a_secret_that_cannot_be_a_header_is_rejected_without_quoting_it(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigurationError, match="value of cookie") as caught:
        read_headers_file(_headers_file(tmp_path, json.dumps({"cookie": value})))
    assert SECRET not in str(caught.value)


# --- what is sent ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_the_request_looks_like_the_sellers_own_page(method: str) -> None:
    async def run() -> str:
        async with serve_wire(response()) as server:
            settings = _settings(
                f"{server.url}/",
                stubhub_listings_request=f"{method} /api/Listing/GetCompListingsByEventId",
                stubhub_cookie="c=1",
                stubhub_account_id="guid",
            )
            async with open_stubhub_client(settings) as client:
                found = await client.fetch_listings(EVENT)
            assert (found.marketplace, found.external_id) == (Marketplace.STUBHUB, EVENT)
            return server.heads[0].replace(server.url, "BASE")

    lines = asyncio.run(run()).lower().split("\r\n")
    assert lines[0] == f"{method.lower()} /api/listing/getcomplistingsbyeventid?viagogoeventid={EVENT} http/1.1"
    assert {"accept: application/json", "cookie: c=1", "activeaccountid: guid", "origin: base"} <= set(lines)
    assert f"referer: base/inventory/event?eventid={EVENT}" in lines
    assert "user-agent: ticket-pipeline/0.1" in lines
