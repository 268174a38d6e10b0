"""Which questions ask for gender and age, and the user's own file that overrides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.fields import EventFields, find_fields
from ticket_pipeline.primary_sales.mappings import Mappings, read_mappings
from ticket_pipeline.primary_sales.wire import EventWire
from ticket_pipeline.simulator.vivenu_payloads import event_payload
from ticket_pipeline.simulator.vivenu_world import organised_world
from ticket_pipeline_tests.primary_sales.organiser import NOW


def event(*fields: dict[str, Any], **more: object) -> EventWire:
    return msgspec.convert({"_id": "e", "name": "Race", "ticketExtraFields": list(fields), **more}, EventWire)


def question(slug: str, name: str = "", kind: str = "select", **more: object) -> dict[str, Any]:
    return {"slug": slug, "name": name, "type": kind, **more}


@pytest.mark.parametrize(
    ("slug", "name"),
    [("gender", ""), ("q1", "Gender"), ("geschlecht_2", ""), ("f7", "Sex"), ("f8", "성별"), ("f9", "เพศ / Gender")],
)
def test_a_gender_field_is_found_by_slug_or_name(slug: str, name: str) -> None:
    assert find_fields(event(question(slug, name))).gender_slug == slug


@pytest.mark.parametrize(
    ("slug", "name", "kind"),
    [
        ("birth_date", "", "date"),
        ("x", "Geburtsdatum", "date"),
        ("dob", "", "text"),
        ("q", "Age on race day", "number"),
        ("q", "생년월일", "date"),
    ],
)
def test_an_age_field_is_found_by_slug_or_name(slug: str, name: str, kind: str) -> None:
    assert find_fields(event(question(slug, name, kind))).age_slug == slug


@pytest.mark.parametrize(
    "other",
    [
        question("village", "Village", "text"),
        question("gender", "Gender", "select", deleted=True),
        question("gender", "Gender", "email"),
        question("sussex", "County", "text"),
    ],
)
def test_other_questions_are_left_alone_and_the_missing_ones_are_reported(other: dict[str, Any]) -> None:
    found = find_fields(event(other))
    assert (found.gender_slug, found.age_slug) == (None, None)
    assert [problem.partition(";")[0] for problem in found.problems] == [
        "no field asks for gender",
        "no field asks for age",
    ]


def test_of_two_questions_the_safer_kind_is_used_and_the_choice_is_reported() -> None:
    found = find_fields(event(question("gender_text", "", "text"), question("gender", "", "select", options=["m"])))
    assert (found.gender_slug, found.gender_options) == ("gender", ("m",))
    assert "gender, gender_text" in found.problems[0]


def test_a_named_slug_wins_and_is_checked() -> None:
    asked = event(question("gender"), question("q9", "Which team?"), question("mail", "", "email"))
    assert find_fields(asked, {"gender": "q9", "age": "gone"}).gender_slug == "q9"
    gone = find_fields(asked, {"age": "gone"})
    assert gone.age_slug == "gone"
    assert "the event has no field gone" in " ".join(gone.problems)


def test_a_named_slug_that_holds_an_address_is_never_read() -> None:
    found = find_fields(event(question("mail", "", "email")), {"gender": "mail"})
    assert found.gender_slug is None
    assert "type email" in " ".join(found.problems)


def test_the_fields_of_every_simulated_event_are_found() -> None:
    world = organised_world(NOW, events=5, tickets=1)
    found = [find_fields(msgspec.convert(event_payload(one), EventWire)) for one in world.events]
    assert [(one.gender_slug, one.age_slug) for one in found] == [
        (one.style.gender_slug, one.style.age_slug) if one.style else (None, None) for one in world.events
    ]
    assert found[4] == EventFields(problems=found[4].problems)


# --- the user's file -------------------------------------------------------------------------------------------------


def test_the_file_names_words_and_slugs_for_one_event_or_all(tmp_path: Path) -> None:
    file = tmp_path / "mappings.yaml"
    file.write_text('genders: {Hembra: female}\nslugs:\n  "*": {gender: q1}\n  e7: {age: q2}\n', encoding="utf-8")
    mappings = read_mappings(file)
    assert mappings.gender_table().read("hembra") == "female"
    assert mappings.slugs_of("e7") == {"gender": "q1", "age": "q2"}
    assert mappings.slugs_of("e8") == {"gender": "q1"}
    assert read_mappings(None) == Mappings()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("genders:\n  Hembra: feminine\n", r"mappings\.yaml, line 2, genders\.Hembra: "),
        ("slugs:\n  e1:\n    gendr: q\n", r"line 3, slugs\.e1\.gendr"),
        ("genders: [a\n", r"line 2: not valid YAML"),
        ("- 1\n", r"line 1, the document: "),
    ],
)
def test_a_mistake_in_the_file_is_named_by_line_and_field(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "mappings.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=reason):
        read_mappings(file)
