"""Keep secrets out of what is shown: URLs, headers, error messages and debug logs.

Two means: the values that a request carried (`Scrubber`), and names that usually hold a secret (`redact_*`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from pydantic import SecretStr

HIDDEN = "***"

_SHORTEST_HIDDEN = 6
"""Characters; shorter values, such as a cookie `theme=dark`, occur in every text."""

_TOKEN = re.compile(r"(?=\S*[A-Za-z])(?=\S*[0-9])\S{12,}")
"""What only a key or a session looks like: long, with letters and digits, without blanks."""

_SECRET_NAME = re.compile(
    r"(?:^|[-_.])(?:key|sig|signature|auth|authorization|session|sessionid|credentials?|jwt)(?:$|[-_.])"
    r"|api[-_]?key|token|secret|passw|cookie|account[-_]?id",
    re.IGNORECASE,
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://[^\s\"'<>\\]+", re.IGNORECASE)
# A cookie holds blanks and semicolons, so everything up to the end of the line is hidden.
_HEADER_LINE = re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)[^\r\n]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
# key=value, "key": "value" and Apigee's `Identifier : <the api key>`.
_PAIR = re.compile(
    r"\b([A-Za-z0-9_.-]{0,40}?(?:api[-_]?key|token|secret|signature|passw(?:or)?d|accountid|session|jwt|identifier)"
    r"[A-Za-z0-9_-]{0,20})([\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;<>{}]+",
    re.IGNORECASE,
)


class Scrubber:
    """Replaces the secret values that one request carried, wherever they occur exactly."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Longest first: a value that begins with another one leaves no end of itself behind.
        self._shown = sorted((value for value in secrets if len(value) >= _SHORTEST_HIDDEN), key=len, reverse=True)
        self._stored = [value.encode() for value in self._shown if _TOKEN.fullmatch(value)]

    def text(self, text: str) -> str:
        """A text that is shown, without any of the values."""
        for value in self._shown:
            text = text.replace(value, HIDDEN)
        return text

    def body(self, body: bytes) -> bytes:
        """A body that is stored, without keys and sessions; a value that may be data, such as an id, stays."""
        for value in self._stored:
            body = body.replace(value, HIDDEN.encode())
        return body


def scrubber_for(headers: Mapping[str, SecretStr], query: Mapping[str, SecretStr] | None = None) -> Scrubber:
    """The scrubber of a request's secret headers and secret query parameters."""
    values = [value.get_secret_value() for value in (query or {}).values()]
    for value in headers.values():
        values += _parts(value.get_secret_value())
    return _build(tuple(values))


@lru_cache(maxsize=16)  # the same headers go with every request
def _build(values: tuple[str, ...]) -> Scrubber:
    return Scrubber(set(values))


def _parts(value: str) -> list[str]:
    """A header's value, what follows its scheme ("Bearer …"), and each cookie in it."""
    cookies = [cookie.partition("=")[2].strip().strip('"') for cookie in value.split(";") if "=" in cookie]
    return [value, value.partition(" ")[2].strip(), *cookies]


def is_secret_name(name: str) -> bool:
    """Whether a header or query parameter of this name holds a secret."""
    return _SECRET_NAME.search(name) is not None


def redact_url(url: str) -> str:
    """The URL without its user, password and fragment, and with the values of secret parameters hidden."""
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN
    shown = [(name, HIDDEN if is_secret_name(name) else value) for name, value in query]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(shown, safe="*", quote_via=quote), ""))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the values of secret ones hidden."""
    return {name: HIDDEN if is_secret_name(name) else redact_text(value) for name, value in headers.items()}


def redact_text(text: str) -> str:
    """A text (part of a body, another library's message) with everything hidden that looks like a secret."""
    text = _URL.sub(lambda found: redact_url(found.group()), text)
    text = _HEADER_LINE.sub(rf"\1\2{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    return _PAIR.sub(rf"\1\2{HIDDEN}", text)


_NOISE = 10
"""More than one unreadable character in so many is no text."""


def excerpt(body: bytes | str, limit: int = 80) -> str:
    """The start of a body on one line, redacted, at most `limit` characters and cut between words, for a message."""
    # Redacted before it is cut: no pattern knows half a secret.
    start = body[:4000].decode("utf-8", "replace") if isinstance(body, bytes) else body[:4000]
    sample = start[:limit]
    if len(sample) < _NOISE * sum(char == "\ufffd" or not (char.isprintable() or char.isspace()) for char in sample):
        return "(binary data)"
    text = redact_text(" ".join(start.split()))
    printable = "".join(char if char.isprintable() else "?" for char in text)
    if len(printable) <= limit:
        return printable
    head = printable[: limit - 1]
    if printable[limit - 1].isalnum():
        head = re.sub(r"\w+$", "", head) or head
    return f"{head.rstrip()}…"
