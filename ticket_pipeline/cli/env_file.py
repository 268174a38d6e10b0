"""What an env file says that nothing will read: a misspelt name, a line that is none.

What belongs here: finding such slips. What does not: reading the settings (`ticket_pipeline.settings.model`).

An env file is often shared with other programs: a name that is near none of ours is theirs, and a false alarm at every
command is worse than a slip that stays unseen. No message holds a value, or a line that might be one.
"""

from __future__ import annotations

from difflib import get_close_matches
from io import StringIO
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from dotenv.parser import Binding

_NEAR = 0.85
"""Names less alike than this are strangers: TICKETMASTER_API_SECRET and TICKETMASTER_API_KEY have 0.84."""

_OTHERS = frozenset({"DATABASE_URI", "DATABASE_USER", "LOGLEVEL"})
"""Names near ours that other programs are known to read."""

_MOST_LINES = 5


def find_slips(file: Path, known: Collection[str], already_set: Collection[str]) -> list[str]:
    """Name what is wrong in an env file, each by its line.

    Args:
        file: an absent or unreadable one has no slips: whoever reads the settings tells of it.
        known: the names of all settings, in capitals.
        already_set: names that the environment sets: whoever has them right did not mean them elsewhere.
    """
    try:
        bindings = list(parse_stream(StringIO(file.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError):
        return []
    named = {binding.key.upper() for binding in bindings if binding.key is not None}
    candidates = [name for name in known if name not in named and name not in already_set]
    slips = []
    for binding in bindings:
        name = (binding.key or "").upper()
        if binding.value is not None and name not in known and name not in _OTHERS:
            near = get_close_matches(name, candidates, n=2, cutoff=_NEAR)
            if near:
                slips.append(f"{file}, line {_line(binding)}: {name} is no setting. Is {' or '.join(near)} meant?")
    lines = [str(_line(each)) for each in bindings if each.error or (each.key is not None and each.value is None)]
    if lines:
        where = ", ".join(lines[:_MOST_LINES]) + (" …" if len(lines) > _MOST_LINES else "")
        slips.append(f"{file}, line {where}: nothing of it is read. A setting stands on one line, like NAME=value.")
    return slips


def _line(binding: Binding) -> int:
    """Where it stands; the parser counts the empty lines before it as its own."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
