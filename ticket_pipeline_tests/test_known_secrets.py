"""What a request carried is taken out of what comes back, in any form, and nothing else is."""

from __future__ import annotations

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from ticket_pipeline.known_secrets import known_secrets

SECRET = "S3CRET/of+a&session=="  # noqa: S105 - a made-up one, to look for
_ASCII = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


def _sent(**headers: str) -> dict[str, SecretStr]:
    return {name.replace("_", "-"): SecretStr(value) for name, value in headers.items()}


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        SECRET.replace("/", "\\/"),
        SECRET.replace("+", "\\u002B").replace("&", "\\u0026"),
        html.escape(SECRET),
    ],
)
@pytest.mark.parametrize(
    "header", [{"cookie": f"a=1; s={SECRET}"}, {"x_csrf": SECRET}, {"authorization": f"Bearer {SECRET}"}]
)
def test_a_secret_is_known_in_every_form(header: dict[str, str], written: str) -> None:
    body = f'{{"a": "before {written.strip(chr(34))} after"}}'
    assert known_secrets(_sent(**header)).out_of_data(body.encode()) == b'{"a": "before *** after"}'


def test_a_cookie_that_was_sent_encoded_is_known_in_clear() -> None:
    assert known_secrets(_sent(cookie=f"s={quote(SECRET, safe='')}")).out_of_text(f"of {SECRET}.") == "of ***."


def test_a_secret_that_begins_with_another_leaves_nothing_behind() -> None:
    secrets = known_secrets(_sent(cookie="a=abcdefghijklm; b=abcdefghijklmnop"))
    assert secrets.out_of_text("abcdefghijklmnop, abcdefghijklm") == "***, ***"


def test_a_short_secret_goes_out_of_words_only_and_as_a_whole_word() -> None:
    secrets = known_secrets(_sent(activeaccountid="4711"))
    assert secrets.out_of_words(b"user 4711, listing 947110") == b"user ***, listing 947110"
    assert secrets.out_of_data(b"[4711.00]") == b"[4711.00]"


def test_what_every_browser_sends_is_no_secret() -> None:
    sent = _sent(
        accept="application/json",
        origin="https://pro.stubhub.com",
        x_requested_with="XMLHttpRequest",
        sec_fetch_site="same-origin-x",
        cookie="tz=America/Argentina/Buenos_Aires; home=https://www.stubhub.com; host=pro.stubhub.com",
    )
    text = f"XMLHttpRequest same-origin-x application/json {sent['origin'].get_secret_value()} www.stubhub.com"
    text += " America/Argentina/Buenos_Aires"
    assert known_secrets(sent).out_of_text(text) == text


def test_no_representation_shows_a_secret() -> None:
    assert SECRET not in repr(known_secrets(_sent(cookie=f"s={SECRET}"), [SecretStr(SECRET)]))


@given(st.text(_ASCII, min_size=12, max_size=40), st.binary(max_size=80), st.binary(max_size=80))
def test_whatever_surrounds_a_secret_stays(secret: str, before: bytes, after: bytes) -> None:
    assume(not any(form in before + b" " + after for form in (secret.encode(), b"*")))
    secrets = known_secrets({}, [SecretStr(secret)])
    body = before + b" " + secret.encode() + b" " + after
    assert secrets.out_of_data(body) == before + b" *** " + after
    assert secrets.out_of_data(before) == before
