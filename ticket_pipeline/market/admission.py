"""What a listing admits to: a seat, the grounds, parking, or an extra without admission.

What belongs here: applying the built-in table (`admission_table`) and the user's rules. Words are judged once per
distinct text, so that a capture costs a look-up per text and not a pattern per listing.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from ticket_pipeline.market.admission_table import COMES_WITH, IDIOMS, RULES, Admission, Where
from ticket_pipeline.market.section_patterns import SectionPattern, section_key, text_key

_PRIORITY = {Admission.SEAT: 0, Admission.EXTRA: 1, Admission.GROUNDS: 2, Admission.PARKING: 3}
_ACCENTS = re.compile("[\u0300-\u036f]")
_MARKS = {"'": "\u2018\u2019\u00b4`", "-": "\u2010\u2011\u2012\u2013\u2014\u2015", " ": "_\\"}
_PLAIN = {ord(mark): plain for plain, marks in _MARKS.items() for mark in marks}
_NUMBER = re.compile(r"\d+")
_SENTENCE_END = re.compile(r"[.!?;|•\n]+(?:\s|$)|\n+")
_NO_WORD = re.compile(r"[0-9A-Za-z]{1,2}|[0-9]{1,9}[A-Za-z]?")


class _Matcher(NamedTuple):
    admission: Admission
    where: Where
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None

    def matches(self, text: str) -> bool:
        return self.pattern.search(text) is not None and not (self.unless and self.unless.search(text))


class _Table(NamedTuple):
    """The built-in table, ready to match: rules for places and for notes, the first that matches counts."""

    places: list[_Matcher]
    notes: list[_Matcher]
    idioms: list[tuple[re.Pattern[str], str]]
    comes_with: re.Pattern[str]


@cache
def _table() -> _Table:
    # Compiled at first use: it takes a tenth of a second, which not every command needs to spend.
    matchers = [
        _Matcher(rule.admission, rule.where, re.compile(rule.pattern), re.compile(rule.unless) if rule.unless else None)
        for rule in sorted(RULES, key=lambda rule: -_PRIORITY[rule.admission])
    ]
    return _Table(
        [matcher for matcher in matchers if matcher.where is not Where.NOTES],
        [matcher for matcher in matchers if matcher.where is Where.NOTES],
        [(re.compile(pattern), plain) for pattern, plain in IDIOMS],
        re.compile(COMES_WITH),
    )


@lru_cache(maxsize=65_536)
def judge_place(text: str) -> Admission:
    """What a section, row or zone says, by the built-in table."""
    # Most rows and many sections are a number or a letter or two.
    return Admission.SEAT if _NO_WORD.fullmatch(text) else _judge_place(_NUMBER.sub("0", text))


@lru_cache(maxsize=16_384)
def judge_notes(text: str) -> Admission:
    """What notes say of their own listing, by the built-in table."""
    return max((_judge_sentence(part) for part in _SENTENCE_END.split(text)), key=_PRIORITY.__getitem__)


@lru_cache(maxsize=16_384)
def _judge_place(text: str) -> Admission:
    whole = _fold(text)
    itself = _table().comes_with.sub(" ", whole).strip()
    return next(
        (
            matcher.admission
            for matcher in _table().places
            if matcher.matches(whole if matcher.where is Where.WHOLE_PLACE else itself)
        ),
        Admission.SEAT,
    )


@lru_cache(maxsize=65_536)
def _judge_sentence(text: str) -> Admission:
    folded = _fold(text)
    return next((matcher.admission for matcher in _table().notes if matcher.matches(folded)), Admission.SEAT)


def _fold(text: str) -> str:
    """The text as the table's patterns meet it."""
    plain = unicodedata.normalize("NFKC", text).translate(_PLAIN).casefold()
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", plain)))
    plain = _NUMBER.sub("0", " ".join(plain.split()))
    for pattern, short in _table().idioms:
        plain = pattern.sub(short, plain)
    return plain


class AdmissionRule(NamedTuple):
    """A rule of the user: sections of this pattern have this admission; None for any marketplace or venue."""

    marketplace: str | None
    venue: str | None
    section_pattern: str
    admission: Admission


@dataclass(frozen=True, slots=True)
class EventAdmission:
    """The rules for one event at one marketplace; `fingerprint` changes when any of them does."""

    rules: tuple[tuple[SectionPattern, Admission], ...]
    fingerprint: str
    _by_section: dict[str, Admission | None] = field(default_factory=dict, compare=False)

    def judge(self, columns: Mapping[str, Sequence[str | None]], count: int) -> list[Admission]:
        """What each of `count` listings says it admits to, by its section, row, zone and notes.

        The user's first matching rule counts, else the table's.
        """
        found = [Admission.SEAT] * count
        for name, judge in _TEXTS:
            _raise_to(found, columns[name], judge)
        if self.rules:
            sections = columns["section"]
            own = {section: self._own(section) for section in set(sections) if section}
            if any(own.values()):
                found = [own.get(section or "") or by_table for section, by_table in zip(sections, found, strict=True)]
        return found

    def _own(self, section: str) -> Admission | None:
        if section not in self._by_section:
            key = section_key(section)
            matching = (admission for pattern, admission in self.rules if pattern.matches(key))
            self._by_section[section] = next(matching, None)
        return self._by_section[section]


_TEXTS: tuple[tuple[str, Callable[[str], Admission]], ...] = (
    ("section", judge_place),
    ("row", judge_place),
    ("zone", judge_place),
    ("notes", judge_notes),
)


def _raise_to(found: list[Admission], texts: Sequence[str | None], judge: Callable[[str], Admission]) -> None:
    """Raise the admissions of listings whose text says something of higher priority."""
    said = {text: admission for text in set(texts) if text and (admission := judge(text)) is not Admission.SEAT}
    if said:
        for row, text in enumerate(texts):
            if text in said and _PRIORITY[said[text]] > _PRIORITY[found[row]]:
                found[row] = said[text]


def settle_grounds(admissions: Sequence[Admission]) -> list[Admission]:
    """The admissions of a capture's listings: where none is a seat, its grounds are the event's own seats."""
    if Admission.SEAT in admissions or Admission.GROUNDS not in admissions:
        return list(admissions)
    return [Admission.SEAT if one is Admission.GROUNDS else one for one in admissions]


class AdmissionRules:
    """The built-in table with the user's rules: `own`, in their order."""

    def __init__(self, rules: Iterable[AdmissionRule] = ()) -> None:
        self.own = list(rules)
        self._by_event: dict[tuple[str, str], EventAdmission] = {}

    def for_event(self, marketplace: str, venue: str | None) -> EventAdmission:
        """The rules that apply to an event at this venue on this marketplace."""
        key = (marketplace, text_key(venue or ""))
        if key not in self._by_event:
            own = [
                rule
                for rule in self.own
                if rule.marketplace in (None, marketplace) and (rule.venue is None or text_key(rule.venue) == key[1])
            ]
            self._by_event[key] = EventAdmission(
                tuple((SectionPattern.read(rule.section_pattern), rule.admission) for rule in own), _fingerprint(own)
            )
        return self._by_event[key]


def _fingerprint(rules: Iterable[AdmissionRule]) -> str:
    own = [(section_key(rule.section_pattern), str(rule.admission)) for rule in rules]
    return hashlib.sha256(f"{(RULES, COMES_WITH, IDIOMS)!r}{own}".encode()).hexdigest()[:16]


BUILT_IN = AdmissionRules().for_event("", None)
"""The built-in table alone."""
