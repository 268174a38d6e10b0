"""Which of an organiser's own questions ask for gender and age; organisers name them freely, in their own language.

Reading the answers is in `gender` and `ages`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ticket_pipeline.primary_sales.tickets import clean

if TYPE_CHECKING:
    from ticket_pipeline.primary_sales.wire import EventWire, FieldDefinition


class _Subject(NamedTuple):
    """What a question may ask for, and how it is recognised.

    A word must stand alone ("age" in "village" does not count); a part may be inside another ("geburtsdatum"). The
    types are in order of preference: options before free text, dates before numbers.
    """

    name: str
    words: frozenset[str]
    parts: tuple[str, ...]
    types: tuple[str, ...]


_GENDER = _Subject(
    "gender",
    frozenset({"gender", "sex", "sexe", "sexo", "genre", "kön", "køn"}),
    ("geschlecht", "género", "genero", "gênero", "sesso", "płeć", "geslacht", "성별", "เพศ", "性别", "性別"),
    ("select", "text"),
)
_AGE = _Subject(
    "age",
    frozenset({"age", "alter", "edad", "âge", "età", "dob", "wiek", "leeftijd"}),
    (
        *("birth", "geburt", "naissance", "nacimiento", "nascita", "nascimento", "geboorte", "födelse", "urodzenia"),
        *("생년월일", "วันเกิด", "生年月日", "出生"),
    ),
    ("date", "number", "text"),
)


@dataclass(frozen=True, slots=True)
class EventFields:
    """Where an event's tickets hold gender and age.

    Attributes:
        gender_slug: key in a ticket's extraFields; None without such a question.
        age_slug: the same for a birth date or an age.
        gender_options: the answers that the organiser offers; empty where buyers type their own.
        problems: sentences for a person to look at.
    """

    gender_slug: str | None = None
    age_slug: str | None = None
    gender_options: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def find_fields(event: EventWire, overrides: Mapping[Literal["gender", "age"], str] | None = None) -> EventFields:
    """Find the two fields among an event's definitions; `overrides` name a slug to use instead."""
    given = overrides or {}
    definitions = [
        field
        for field in (*(event.ticket_extra_fields or []), *(event.extra_fields or []))
        if field.slug and not field.deleted
    ]
    problems: list[str] = []
    gender = _choose(_GENDER, definitions, given.get("gender"), problems)
    age = _choose(_AGE, definitions, given.get("age"), problems)
    options = [
        text
        for field in definitions
        if field.slug == gender and field.type == "select"
        for option in field.options or ()
        if (text := clean(option)) is not None
    ]
    return EventFields(gender, age, tuple(dict.fromkeys(options)), tuple(problems))


def _choose(
    subject: _Subject, definitions: Sequence[FieldDefinition], given: str | None, problems: list[str]
) -> str | None:
    if given is not None:
        return _check_given(subject, definitions, given, problems)
    found = [field for field in definitions if field.type in subject.types and _asks_for(field, subject)]
    found.sort(key=lambda field: subject.types.index(field.type))
    slugs = list(dict.fromkeys(field.slug for field in found))
    if not slugs:
        problems.append(f"no field asks for {subject.name}; if one does, name its slug in VIVENU_MAPPINGS_FILE")
        return None
    if len(slugs) > 1:
        problems.append(
            f"{len(slugs)} fields may ask for {subject.name} ({', '.join(map(str, slugs))}); {slugs[0]} is used, name "
            "another in VIVENU_MAPPINGS_FILE"
        )
    return slugs[0]


def _check_given(
    subject: _Subject, definitions: Sequence[FieldDefinition], given: str, problems: list[str]
) -> str | None:
    kinds = {field.type for field in definitions if field.slug == given}
    if not kinds:
        problems.append(f"the event has no field {given}, which VIVENU_MAPPINGS_FILE names for {subject.name}")
    elif not kinds & set(subject.types):
        # An e-mail address or a telephone number must never be stored as a gender.
        problems.append(f"the field {given} for {subject.name} has type {min(kinds)}, so it is not read")
        return None
    return given


def _asks_for(field: FieldDefinition, subject: _Subject) -> bool:
    text = f"{field.slug} {field.name or ''}".casefold()
    return not subject.words.isdisjoint(re.split(r"[\W\d_]+", text)) or any(part in text for part in subject.parts)
