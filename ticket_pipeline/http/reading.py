"""Read a response from the connection: the whole body within a limit, or the start of an error's body."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import re
from collections.abc import AsyncIterator

import httpx

from ticket_pipeline.errors import UnexpectedPayload

_ERROR_BODY_BYTES = 4096
_ERROR_BODY_SECONDS = 1.0
_LARGER = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030"}
_LARGER |= {"shift_jis": "cp932", "euc_kr": "cp949"}
"""A charset → the larger one that is sent under its name, as browsers read it."""

_STRAY = re.compile("[\udc80-\udcff]+")


async def read_body(response: httpx.Response, max_bytes: int, request: str, tries: int) -> bytes:
    """The whole decoded body. Refused by its announced length, or as soon as more than `max_bytes` have arrived."""
    announced = response.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    if size <= max_bytes:
        body, size = await _read(response.aiter_bytes(), max_bytes)
        if size <= max_bytes:
            return body
    raise UnexpectedPayload(
        f"{request} returned {size} bytes or more; {max_bytes} are allowed. Retried at the next poll.",
        status=response.status_code,
        tries=tries,
    )


async def read_start(response: httpx.Response) -> bytes:
    """The start of an error's body: enough to quote, or to recognise a challenge."""
    body = bytearray()
    # The status decides: a body that is cut short or drips must not turn a 403 into a time-out.
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_ERROR_BODY_SECONDS):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _ERROR_BODY_BYTES:
                    break
    return bytes(body[:_ERROR_BODY_BYTES])


def to_utf8(body: bytes, charset: str | None) -> bytes:
    """A body as UTF-8, which JSON should be in: converted by its label where it is not UTF-8 already.

    Where the label is wrong or missing, too, single bytes that are no UTF-8 are read as in Windows-1252.
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        with contextlib.suppress(LookupError, UnicodeError):  # an unknown label, or a wrong one
            return body.decode(_meant(charset or "utf-8")).encode()
        if body[:1] in {b"{", b"["} and b"\0" not in body[:4]:  # UTF-16 is recognized by its reader
            return _STRAY.sub(_as_windows, body.decode("utf-8", "surrogateescape")).encode()
    return body


def _meant(charset: str) -> str:
    name = codecs.lookup(charset).name
    return _LARGER.get(name, name)


def _as_windows(stray: re.Match[str]) -> str:
    return stray[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


async def _read(chunks: AsyncIterator[bytes], max_bytes: int) -> tuple[bytes, int]:
    parts, size = [], 0
    async for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > max_bytes:
            break
    return b"".join(parts), size
