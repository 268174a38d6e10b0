"""No secret is shown: in URLs, headers, free text, and where a response repeats what was sent."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ticket_pipeline.http.scrubbing import (
    excerpt,
    is_secret_name,
    redact_headers,
    redact_text,
    redact_url,
    scrubber_for,
)

SECRET = "S3CRETvalue"  # noqa: S105 - a made-up one, to look for
_NAMES = """
apikey api_key X-Api-Key key access_token token client_secret signature sig Cookie Set-Cookie Authorization
Proxy-Authorization activeaccountid password x-auth-token jwt
"""


@pytest.mark.parametrize("name", _NAMES.split())
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert is_secret_name(name)
    assert SECRET not in redact_url(f"https://h/p?a=1&{name}={SECRET}&b=2")
    assert redact_headers({name: SECRET, "accept": "x/y"}) == {name: "***", "accept": "x/y"}


@pytest.mark.parametrize("name", ["viagogoEventId", "keyword", "design", "author", "size", "section", "monkey"])
def test_ordinary_names_are_not_hidden(name: str) -> None:
    assert redact_url(f"https://h/p?{name}=7") == f"https://h/p?{name}=7"


def test_a_url_loses_user_password_and_fragment() -> None:
    assert redact_url(f"https://me:{SECRET}@h:8/p?a=b#{SECRET}") == "https://h:8/p?a=b"
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


def test_what_is_beside_a_secret_stays() -> None:
    assert redact_text("page 2, apikey=abcdef, size 20") == "page 2, apikey=***, size 20"
    assert redact_text("Cookie: a=b; c=d\nstatus: 500") == "Cookie: ***\nstatus: 500"


@given(st.text(max_size=300))
def test_redacting_again_changes_nothing(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


def test_an_excerpt_is_one_short_printable_line_without_half_a_secret() -> None:
    body = b'\x1b[31m{"x": 1,\n\n "' + b"y" * 55 + f'", "token": "{SECRET}"}}'.encode() + b"\xff" * 300
    text = excerpt(body)
    assert len(text) == 80
    assert text.isprintable()
    assert SECRET[:2] not in text
    assert excerpt(b"short") == "short"
    for noise in (zlib.compress(body), bytes(range(256)), b"\x1f\x8b\x08\x00"):
        assert excerpt(noise) == "(binary data)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Session expired, please log in", "Session expired,…"),
        ("Session expired please", "Session expired…"),
        ('{"message":"Session expired"}', '{"message":"Session…'),
        ("a" * 40, "a" * 19 + "…"),
        ("two words of twenty.", "two words of twenty."),
    ],
)
def test_an_excerpt_is_cut_between_words(text: str, shown: str) -> None:
    assert excerpt(text, 20) == shown


# --- values that a request carried ----------------------------------------------------------------------------------

TOKEN = "tk7/of+a-session-1"  # noqa: S105 - likewise


@pytest.mark.parametrize(
    "headers", [{"cookie": f"a=1; s={TOKEN}; b=2"}, {"x-csrf": TOKEN}, {"authorization": f"Bearer {TOKEN}"}]
)
def test_a_value_that_was_sent_is_hidden_wherever_it_is_repeated(headers: dict[str, str]) -> None:
    scrubber = scrubber_for({name: SecretStr(value) for name, value in headers.items()})
    assert scrubber.text(f"no session {TOKEN}.") == "no session ***."
    assert scrubber.body(f'{{"a": "{TOKEN}"}}'.encode()) == b'{"a": "***"}'


def test_a_query_value_is_hidden_too() -> None:
    assert scrubber_for({}, {"apikey": SecretStr(TOKEN)}).text(TOKEN) == "***"


def test_a_value_that_may_be_data_stays_in_a_stored_body() -> None:
    sent = {"activeaccountid": SecretStr("123456789012345678"), "x-city": SecretStr("San Francisco, California")}
    body = b'[{"id": 123456789012345678, "city": "San Francisco, California"}]'
    scrubber = scrubber_for(sent)
    assert scrubber.body(body) == body
    assert scrubber.text(body.decode()) == '[{"id": ***, "city": "***"}]'


def test_a_value_that_begins_with_another_leaves_nothing_behind() -> None:
    scrubber = scrubber_for({"cookie": SecretStr("a=abcdefghijklm; b=abcdefghijklmnop")})
    assert scrubber.text("abcdefghijklmnop, abcdefghijklm") == "***, ***"


def test_short_values_are_too_common_to_hide() -> None:
    assert scrubber_for({"cookie": SecretStr("theme=dark")}).text("a dark hall") == "a dark hall"
