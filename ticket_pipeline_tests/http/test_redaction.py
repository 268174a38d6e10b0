"""No secret passes: URLs, headers, free text, log records."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.http.redaction import (
    RedactingFilter,
    excerpt,
    is_secret_name,
    redact_headers,
    redact_text,
    redact_url,
)

SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for


@pytest.mark.parametrize(
    "name",
    [
        "apikey",
        "api_key",
        "X-Api-Key",
        "key",
        "access_token",
        "token",
        "client_secret",
        "signature",
        "sig",
        "Cookie",
        "Set-Cookie",
        "Authorization",
        "Proxy-Authorization",
        "activeaccountid",
        "password",
        "x-auth-token",
        "jwt",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)
    assert SECRET not in redact_url(f"https://h/p?a=1&{name}={SECRET}&b=2")
    assert redact_headers({name: SECRET, "accept": "x/y"}) == {name: "***", "accept": "x/y"}


@pytest.mark.parametrize(
    "name", ["viagogoEventId", "keyword", "design", "author", "size", "section", "monkey", "signal"]
)
def test_ordinary_names_are_not_hidden(name: str) -> None:
    assert not is_secret_name(name)
    assert redact_url(f"https://h/p?{name}=7") == f"https://h/p?{name}=7"


def test_a_url_loses_user_password_and_fragment() -> None:
    assert redact_url(f"https://me:{SECRET}@h:8/p?a=b#{SECRET}") == "https://h:8/p?a=b"


def test_a_url_that_cannot_be_read_is_hidden_whole() -> None:
    assert redact_url(f"http://[{SECRET}") == "***"


@pytest.mark.parametrize(
    "text",
    [
        f"see https://me:{SECRET}@h/p?x=1&token={SECRET} there",
        f"Authorization: Bearer {SECRET}",
        f"Cookie: a={SECRET}; b={SECRET} c\nnext: 1",
        f"sent Bearer {SECRET} to it",
        f'{{"access_token": "{SECRET}", "n": 1}}',
        f"Quota limit exceeded. Identifier : {SECRET}",
        f"apikey={SECRET}&size=20",
        f"activeAccountId={SECRET}",
    ],
)
def test_secrets_in_free_text_are_hidden(text: str) -> None:
    assert SECRET not in redact_text(text)
    assert "***" in redact_text(text)


def test_what_stands_beside_a_secret_stays() -> None:
    assert redact_text("page 2, apikey=abcdef, size 20") == "page 2, apikey=***, size 20"
    assert redact_text("Cookie: a=b; c=d\nstatus: 500") == "Cookie: ***\nstatus: 500"


@given(st.text(max_size=300))
def test_any_text_can_be_redacted_and_again_without_change(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


def test_an_excerpt_is_one_short_printable_line_without_half_a_secret() -> None:
    body = b'\x1b[31m{"x": 1,\n\n "' + b"y" * 55 + f'", "token": "{SECRET}"}}'.encode() + b"\xff" * 300
    said = excerpt(body)
    assert len(said) == 80
    assert said.isprintable()
    assert SECRET[:2] not in said
    assert excerpt(b"short") == "short"


def test_the_filter_cleans_the_records_of_other_libraries() -> None:
    record = logging.LogRecord(
        "httpx", logging.INFO, "", 0, "HTTP Request: %s %s", ("GET", f"https://h/?apikey={SECRET}"), None
    )
    assert RedactingFilter().filter(record)
    assert record.getMessage() == "HTTP Request: GET https://h/?apikey=***"
