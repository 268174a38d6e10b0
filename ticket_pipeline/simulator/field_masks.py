"""Field masks of Google's APIs: which parts of a resource a response has."""

from __future__ import annotations

import re
from typing import Any


def masked(resource: Any, fields: str) -> Any:  # noqa: ANN401 - JSON
    """What a field mask such as `a,b(c,d.e)` leaves of a resource; lists pass it on to each of their items."""
    if isinstance(resource, list):
        return [masked(item, fields) for item in resource]
    left: dict[str, Any] = {}
    for name, inner in _split_mask(fields):
        if name in resource:
            left[name] = masked(resource[name], inner) if inner else resource[name]
    return left


def _split_mask(fields: str) -> list[tuple[str, str]]:
    """The names of a mask with what is selected inside each; empty: all."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(fields + ","):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(fields[start:at])
            start = at + 1
    pairs = (re.fullmatch(r"(\w+)(?:\.(.+)|\((.+)\))?", part) for part in parts)
    return [(found[1], found[2] or found[3] or "") for found in pairs if found]
