"""What a request carried is taken out of what comes back, in any form, and nothing else is."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from ticket_pipeline.http.secrets import known_secrets

SECRET = "S3CRET/of+a&session=="  # noqa: S105 - a made-up one, to look for
_ASCII = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\')  # as cookies have it


def _sent(**headers: str) -> dict[str, SecretStr]:
    return {name.replace("_", "-"): SecretStr(value) for name, value in headers.items()}


def _in_lower_case(written: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), written)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        SECRET.replace("/", "\\/"),
        SECRET.replace("+", "\\u002B").replace("&", "\\u0026"),
        SECRET.replace("+", "\\u002b").replace("&", "\\u0026"),
        SECRET.replace("=", "\\u003d").replace("&", "\\u0026"),
        SECRET.replace("&", "\\u0026"),
        _in_lower_case(quote(SECRET, safe="")),
        quote(SECRET, safe="/"),
        _in_lower_case(quote(SECRET, safe="/")),
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


def test_a_cookie_that_was_sent_encoded_is_known_encoded_by_others() -> None:
    secrets = known_secrets(_sent(cookie=f"s={quote(SECRET, safe='')}"))
    for written in (quote(SECRET, safe="/"), _in_lower_case(quote(SECRET, safe=""))):
        assert "S3CRET" not in secrets.out_of_text(f"of {written}.")


@pytest.mark.parametrize(
    ("headers", "body", "kept"),
    [
        ({"activeaccountid": "123456789012"}, b'{"sellerId":123456789012}', b'{"sellerId":0}'),
        ({"cookie": "v=173220000000"}, b'{"listingId":1173220000000}', b'{"listingId":1173220000000}'),
        ({"cookie": "v=173220000000"}, b'["v-173220000000", -173220000000.5]', b'["v-0", -0.5]'),
        ({"cookie": "v=1732200000.12345"}, b'{"at":1732200000.12345}', b'{"at":0}'),
        ({"cookie": "v=%5B11,12,13,14,15%5D"}, b"[[11,12,13,14,15],1]", b"[[11,12,13,14,15],1]"),
        (
            {"cookie": "prefs=%7B%22currency%22%3A%22USD%22%7D"},
            b'{"price":{"currency":"USD"},"sent":"%7B%22currency%22%3A%22USD%22%7D"}',
            b'{"price":{"currency":"USD"},"sent":"***"}',
        ),
        ({"cookie": "x=%22%2C%22currency%22%3A%22"}, b'{"a":"b","currency":"USD"}', b'{"a":"b","currency":"USD"}'),
    ],
)
def test_json_stays_json_without_a_secret(headers: dict[str, str], body: bytes, kept: bytes) -> None:
    secrets = known_secrets(_sent(**headers))
    assert secrets.out_of_data(body) == kept
    json.loads(kept)


def test_what_may_be_honest_goes_out_of_words_all_the_same() -> None:
    secrets = known_secrets(_sent(cookie="p=%7B%22user%22%3A%22me%22%7D; v=173220000000; who=Jane%20Example"))
    assert secrets.out_of_words(b'{"user":"me"} x173220000000 Jane Example') == b"*** x*** ***"


@pytest.mark.parametrize("written", ["city=San%20Francisco", "q=Taylor%20Swift", "q=Taylor+Swift", "v=St.%20Louis"])
def test_plain_words_stay_in_data(written: str) -> None:
    body = b'["San Francisco", "Taylor Swift", "Taylor+Swift", "St. Louis"]'
    assert known_secrets(_sent(cookie=written, x_city="San Francisco")).out_of_data(body) == body


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
        x_timezone="America/New_York",
        authority="pro.stubhub.com",
        x_visit="00000000-0000-0000-0000-000000000000",
        cookie="tz=America/Argentina/Buenos_Aires; home=https://www.stubhub.com; host=pro.stubhub.com; "
        "guest=00000000-0000-0000-0000-000000000000",
    )
    text = f"XMLHttpRequest same-origin-x application/json {sent['origin'].get_secret_value()} www.stubhub.com"
    text += " America/Argentina/Buenos_Aires America/New_York 00000000-0000-0000-0000-000000000000"
    assert known_secrets(sent).out_of_text(text) == text


def test_no_representation_shows_a_secret() -> None:
    assert SECRET not in repr(known_secrets(_sent(cookie=f"s={SECRET}"), [SecretStr(SECRET)]))


@given(st.text(_ASCII, min_size=12, max_size=40), st.binary(max_size=80), st.binary(max_size=80))
def test_whatever_surrounds_a_secret_stays(noise: str, before: bytes, after: bytes) -> None:
    secret = f"k7{noise}"  # a number has a rule of its own, and so have plain words
    assume(not any(form in before + b" " + after for form in (secret.encode(), b"*")))
    secrets = known_secrets({}, [SecretStr(secret)])
    body = before + b" " + secret.encode() + b" " + after
    assert secrets.out_of_data(body) == before + b" *** " + after
    assert secrets.out_of_data(before) == before
