"""The order of the rows of a section: numbers, or letters as theatres count them."""

from __future__ import annotations

import re
from functools import lru_cache

_LETTERS_FROM = 100_001
"""The rank of row A: far from every number, because nobody knows which of the two stands in front."""

_NUMBER = re.compile("[0-9]{1,4}")
_LETTERS = re.compile(r"([A-Z])\1{0,3}")


def row_rank(row: str) -> int | None:
    """The rank of a row: 1, 2, … or A to Z, then AA, BB … ZZ; None where it is neither, such as `GA` or `9 - CLUB`.

    The function of this name in the database is the same.
    """
    name = row.strip(" ").upper()
    if _NUMBER.fullmatch(name):
        return int(name)
    if _LETTERS.fullmatch(name):
        return _LETTERS_FROM + 26 * (len(name) - 1) + ord(name[0]) - ord("A")
    return None


@lru_cache(maxsize=1024)  # the rows of all venues have few names
def row_depth(row: str | None) -> int | None:
    """How many rows from the front, at most: A is 1 as well; None where the name does not show it."""
    rank = row_rank(row or "")
    return rank and rank % (_LETTERS_FROM - 1)
