"""Spans of time, and reasons of waits, in words as every message shows them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_WITH_ADDRESS = re.compile(r"\s*\([^()]*https?://[^()]*\)|(?:\s+(?:at|to))?\s*https?://\S*\w")
_END_OF_SENTENCE = re.compile(r"(?<=[.!?;])\s")


def in_short(reason: str) -> str:
    """The first sentence of a reason, without addresses: what fits a line or a cell."""
    first, *_ = _END_OF_SENTENCE.split(_WITH_ADDRESS.sub("", reason).strip(), maxsplit=1)
    return first.rstrip(".;")


def show_asked_wait(marketplace: str, asked_until: datetime, this_moment: datetime) -> str:
    """A wait that a marketplace asked for, without a full stop."""
    return (
        f"{marketplace} asked to wait until {asked_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC, another "
        f"{show_wait(asked_until - this_moment)}; nothing is sent before"
    )


def show_wait(wait: timedelta) -> str:
    """A duration such as `4 min 10 s`, `3 h 5 min` or `2 d 4 h`."""
    seconds = max(0, round(wait.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
