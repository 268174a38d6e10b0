"""What to tell about an event key that nobody knows: the same words in Dagster and at the command line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEAR_KEYS = 3


def describe_unknown_keys(unknown: Sequence[str], known: Sequence[str], where: str, remedy: str) -> str:
    """Say what the keys are, how many exist, which are near, and what to do.

    Args:
        unknown: the keys that were asked for and not found.
        known: all keys there are.
        where: what was searched, such as `the event keys of stubhub`.
        remedy: a sentence, what to do about it.
    """
    near = sorted({near for key in unknown for near in difflib.get_close_matches(key, known, _NEAR_KEYS, 0.5)})
    named = f" ({'nearest' if near else 'such as'} {', '.join(near or known[:_NEAR_KEYS])})" if known else ""
    return (
        f"Looked for {', '.join(map(repr, unknown))} among {where}; not found. A key is the marketplace's own id of an "
        f"event; {len(known)} are known{named}. {remedy}"
    )
