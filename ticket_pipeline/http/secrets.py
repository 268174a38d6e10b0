"""The secrets that a request carried, and taking them out of what comes back: some answers repeat them.

What belongs here: which values of a request are secret, in which forms they come back, and taking these out. What does
not: hiding what only looks like a secret, by its name (`http.redaction`), and what is asked at all.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import SecretStr

HIDDEN = "***"

_LEAST_SECRET = 12
"""Characters; anything shorter may be a part of what an answer tells, and no real key is."""

_LEAST_WORD = 4
"""Characters; shorter values are in every text."""

# What each browser sends with each request: users copy it into their headers file, and honest answers hold it as well.
_PUBLIC_HEADER = re.compile(
    r"accept|accept-language|cache-control|content-type|dnt|origin|pragma|priority|referer|te"
    r"|upgrade-insecure-requests|x-requested-with|sec-.*"
)
# A timezone, a host or a site, an id of nobody: cookies keep those as well, and answers are full of them.
_PUBLIC_VALUE = re.compile(
    r"[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_]+)+|(?:https?://)?[a-z]+(?:[.-][a-z]+)*\.[a-z]{2,}/?|\{?[0-]+\}?"
)
# A city or a performer as likely as a person: data keep it, and what is only quoted does not.
_PLAIN_WORDS = re.compile(r"[^\W\d_]+[.,']?(?: [^\W\d_]+[.,']?)+")
_NUMBER = re.compile(r"[0-9.eE+-]+")
_BARE_JSON = re.compile(r"(?:[\s0-9.,:eE+\-\[\]{}]|true|false|null)*")
_SCHEME = re.compile(r"[A-Za-z]+ +(\S+)")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPED_BY_NET = re.compile(r"[\"&'+<>`]")
_ESCAPED_BY_GSON = re.compile(r"[&'<=>]")
_ESCAPED_BY_GO = re.compile(r"[&<>]")


@dataclass(frozen=True, slots=True, repr=False)
class KnownSecrets:
    """What one request carried that no table, message or log may repeat; made by `known_secrets`."""

    _in_data: tuple[bytes, ...] = ()
    _numbers: tuple[bytes, ...] = ()
    _anywhere: tuple[bytes, ...] = ()
    _words: re.Pattern[bytes] | None = None

    def out_of_data(self, body: bytes) -> bytes:
        """A body that is kept and read, without secrets of at least 12 characters; every other byte stays.

        JSON stays JSON: a secret goes where it stands inside a string, and a number as a whole number, for 0. What may
        be honest data stays: anything shorter (an account id of digits may as well be a listing's id or a price), plain
        words, and a cookie's JSON in clear.
        """
        for form in self._in_data:
            body = body.replace(form, HIDDEN.encode())
        for number in self._numbers:
            if number in body:
                body = re.sub(rb"(?<![A-Za-z0-9])%b(?![A-Za-z0-9])" % re.escape(number), b"0", body)
        return body

    def out_of_words(self, text: bytes) -> bytes:
        """What is only quoted, such as the body of an error: without anything that may be a secret.

        Shorter ones go as whole words.
        """
        for form in self._anywhere:
            text = text.replace(form, HIDDEN.encode())
        return text if self._words is None else self._words.sub(HIDDEN.encode(), text)

    def out_of_text(self, text: str) -> str:
        """As `out_of_words`, of text."""
        return self.out_of_words(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def known_secrets(headers: Mapping[str, SecretStr], query: Iterable[SecretStr] = ()) -> KnownSecrets:
    """The secrets of a request.

    Args:
        headers: name → value; of a cookie header each cookie counts by itself as well, of another one what follows its
            scheme ("Bearer …").
        query: values of parameters.
    """
    sent = tuple((name.lower(), value.get_secret_value()) for name, value in headers.items())
    return _build(sent, tuple(value.get_secret_value() for value in query))


@lru_cache(maxsize=16)  # the same few headers go with every request, and a browser's cookie header holds fifty values
def _build(headers: tuple[tuple[str, str], ...], query: tuple[str, ...]) -> KnownSecrets:
    whole = {value for name, value in headers if not _is_public(name, value)} | set(query)
    parts = {part for name, value in headers for part in _parts(name, value)}
    secrets = {value for value in whole | parts if len(value) >= _LEAST_SECRET}
    certain = {form for value in secrets if not _PLAIN_WORDS.fullmatch(unquote_plus(value)) for form in _forms(value)}
    words = {form.encode() for value in whole if _LEAST_WORD <= len(value) < _LEAST_SECRET for form in _forms(value)}
    choice = b"|".join(re.escape(word) for word in _longest_first(words))
    return KnownSecrets(
        _in_data=_longest_first({form.encode() for form in certain if _fits_into_a_string(form)}),
        _numbers=_longest_first({form.encode() for form in certain if _NUMBER.fullmatch(form)}),
        _anywhere=_longest_first({form.encode() for value in secrets for form in _forms(value)}),
        _words=re.compile(rb"(?<![A-Za-z0-9])(?:%b)(?![A-Za-z0-9])" % choice) if words else None,
    )


def _is_public(name: str, value: str) -> bool:
    if name == "cookie":
        return False
    return (_PUBLIC_HEADER.fullmatch(name) or _PUBLIC_VALUE.fullmatch(value)) is not None


def _parts(name: str, value: str) -> Iterator[str]:
    """What is a secret by itself inside a header's value."""
    if name == "cookie":
        for cookie in value.split(";"):
            content = cookie.partition("=")[2].strip().strip('"')
            if not _PUBLIC_VALUE.fullmatch(unquote(content)):
                yield content
    elif (found := _SCHEME.fullmatch(value)) is not None and not _PUBLIC_HEADER.fullmatch(name):
        yield found.group(1)


def _forms(value: str) -> set[str]:
    """How a value is written in a body: as it is, in a URL, in JSON by one library or another, in HTML."""
    plain = {value, unquote(value)}
    written = {form for each in plain for form in (*_in_url(each), *_in_json(each), html.escape(each))}
    return {form for form in plain | written if len(form) >= min(len(value), _LEAST_SECRET)}


def _in_url(text: str) -> Iterator[str]:
    for written in (text, quote(text, safe=""), quote(text, safe="/"), quote_plus(text)):
        yield _PERCENT.sub(lambda found: found.group().upper(), written)
        yield _PERCENT.sub(lambda found: found.group().lower(), written)  # .NET


def _in_json(text: str) -> Iterator[str]:
    in_json = json.dumps(text)[1:-1]
    yield in_json
    yield in_json.replace("/", "\\/")
    yield _ESCAPED_BY_NET.sub(lambda found: f"\\u{ord(found.group()):04X}", text)
    yield _ESCAPED_BY_NET.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
    yield _ESCAPED_BY_GSON.sub(lambda found: f"\\u{ord(found.group()):04x}", in_json)
    yield _ESCAPED_BY_GO.sub(lambda found: f"\\u{ord(found.group()):04x}", in_json)


def _fits_into_a_string(form: str) -> bool:
    """Whether a form can stand inside a string of JSON and nowhere else there, and is not JSON itself."""
    if _BARE_JSON.fullmatch(form) or (form.startswith(("{", "[")) and '"' in form):
        return False
    try:
        json.loads(f'"{form}"')
    except ValueError:
        return False
    return True


def _longest_first(forms: Iterable[bytes]) -> tuple[bytes, ...]:
    """So that a secret that begins with another one leaves no end of itself behind."""
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))
