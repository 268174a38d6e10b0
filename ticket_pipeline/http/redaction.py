"""Take secrets out of what is said: URLs, headers, free text, log records.

Everything this room puts into a message or a log passes here first. What does not belong here: deciding what to say.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from ticket_pipeline.http.secrets import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Mapping

# "apikey", "x-api-key", "access_token", "set-cookie": the first line by a whole word of the name, the second anywhere.
_SECRET = re.compile(
    r"(?:^|[-_.])(?:key|sig|signature|auth|authorization|session|sessionid|credentials?|jwt)(?:$|[-_.])"
    r"|api[-_]?key|token|secret|passw|cookie|account[-_]?id",
    re.IGNORECASE,
)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://[^\s\"'<>\\]+", re.IGNORECASE)
# Whole lines of a header dump: a cookie holds blanks and semicolons, so everything up to the end of the line goes.
_HEADER_LINE = re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)[^\r\n]+", re.IGNORECASE)
_SCHEME = re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
# key=value, "key": "value" and Apigee's `Identifier : <the api key>` in the text of a 429.
_PAIR = re.compile(
    r"\b([A-Za-z0-9_.-]{0,40}?(?:api[-_]?key|token|secret|signature|passw(?:or)?d|accountid|session|jwt|identifier)"
    r"[A-Za-z0-9_-]{0,20})([\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;<>{}]+",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Whether a header or query parameter of this name holds a secret."""
    return _SECRET.search(name) is not None


def redact_url(url: str) -> str:
    """The URL without its user, password and fragment, and with the values of secret parameters hidden."""
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return HIDDEN  # nothing can be told about a URL that cannot be read
    shown = [(name, HIDDEN if is_secret_name(name) else value) for name, value in query]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(shown, safe="*", quote_via=quote), ""))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the values of secret ones hidden."""
    return {name: HIDDEN if is_secret_name(name) else redact_text(value) for name, value in headers.items()}


def redact_text(text: str) -> str:
    """Free text (a part of a body, another library's message) with everything hidden that looks like a secret."""
    text = _URL.sub(lambda found: redact_url(found.group()), text)
    text = _HEADER_LINE.sub(rf"\1\2{HIDDEN}", text)
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    return _PAIR.sub(rf"\1\2{HIDDEN}", text)


def excerpt(body: bytes, limit: int = 80) -> str:
    """The start of a body on one line, redacted, at most `limit` characters, for an error message."""
    # Redacted before it is cut: half a secret is a secret, and no pattern would know it.
    text = redact_text(" ".join(body[:4000].decode("utf-8", "replace").split()))
    printable = "".join(char if char.isprintable() else "?" for char in text)
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


class RedactingFilter(logging.Filter):
    """For a log handler: hides secrets in records of any library.

    httpx logs every URL at INFO, its query included. A program that configures logging adds this to its handlers;
    this package changes no logging by itself.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message; every record passes."""
        record.msg, record.args = redact_text(record.getMessage()), ()
        return True
