"""Read an answer off the wire: whole within a limit, and of an error the start.

What belongs here: bytes. What does not: what they mean (`answers` for errors, each marketplace's parser for the rest).
"""

from __future__ import annotations

import asyncio
import contextlib

import httpx

from ticket_pipeline.errors import UnexpectedPayload

_ERROR_BODY_BYTES = 4096
_ERROR_BODY_SECONDS = 1.0


async def read_body(response: httpx.Response, max_bytes: int, what: str, tries: int) -> bytes:
    """The whole decoded body. Refused by its announced length, or as soon as more than `max_bytes` have come."""
    announced = response.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    body = bytearray()
    if size <= max_bytes:
        async for chunk in response.aiter_bytes():
            body += chunk
            size = len(body)
            if size > max_bytes:
                break
        else:
            return bytes(body)
    raise UnexpectedPayload(
        f"{what}: the answer has {size} bytes or more, {max_bytes} are allowed. "
        "If the event is that large, raise max_body_megabytes in TUNING.",
        status=response.status_code,
        tries=tries,
    )


async def read_start(response: httpx.Response) -> bytes:
    """The start of an error's body: enough to quote, or to know a challenge page by."""
    body = bytearray()
    # The status has been heard, and it decides: a body that is cut short or drips must not turn a 403 into a time-out.
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_ERROR_BODY_SECONDS):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= _ERROR_BODY_BYTES:
                    break
    return bytes(body[:_ERROR_BODY_BYTES])
