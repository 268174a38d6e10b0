"""Patterns of section names, as users write them in the venue map and in their exclusions."""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from typing import NamedTuple, Self

# "Section 105", "Sec. 105" and "105" are one section.
_SECTION_WORD = re.compile(r"^(?:section|sect|sec)\b\.? ?")
_RANGE = re.compile(r"(?P<prefix>.*?)(?P<first>[0-9]{1,9}) ?[-\u2013] ?(?P<last>[0-9]{1,9})")
_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]{1,9})")


class SectionPattern(NamedTuple):
    """One pattern, ready to match: `numbers` and `prefix` for a range, `pattern` for anything else.

    It is a section's exact text, a glob (`Floor*`, `1?? VIP`), or a range of numbers (`101-120`, `Balcony 1-12`).
    """

    pattern: re.Pattern[str]
    prefix: str
    numbers: range

    @classmethod
    def read(cls, text: str) -> Self:
        """The pattern that a user wrote."""
        key = section_key(text)
        span = _RANGE.fullmatch(key)
        return cls(
            # Only * and ? are ours; a bracket is text. fnmatch builds a pattern that does not backtrack.
            pattern=re.compile(fnmatch.translate(key.replace("[", "[[]"))),
            prefix=span["prefix"] if span else "",
            numbers=range(int(span["first"]), int(span["last"]) + 1) if span else range(0),
        )

    def matches(self, key: str) -> bool:
        """Whether it matches a section, given by its `section_key`."""
        if self.pattern.match(key):
            return True
        numbered = _NUMBERED.fullmatch(key) if self.numbers else None
        return numbered is not None and numbered["prefix"] == self.prefix and int(numbered["number"]) in self.numbers


def text_key(text: str) -> str:
    """What two texts have in common that differ in case and spacing only."""
    return unicodedata.normalize("NFC", " ".join(text.split())).casefold()


def section_key(text: str) -> str:
    """`text_key` of a section, without the word "Section" before it."""
    return _SECTION_WORD.sub("", text_key(text))


def runs_backwards(text: str) -> bool:
    """Whether a pattern is a range that matches nothing, such as `120-101`."""
    span = _RANGE.fullmatch(section_key(text))
    return span is not None and int(span["first"]) > int(span["last"])
