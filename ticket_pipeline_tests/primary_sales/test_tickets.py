"""What is kept of a ticket, and above all what is not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import orjson

from ticket_pipeline.primary_sales.fields import EventFields, find_fields
from ticket_pipeline.primary_sales.gender import GenderTable
from ticket_pipeline.primary_sales.tickets import FREE_TEXT, AnswerRules, keep_ticket
from ticket_pipeline.primary_sales.wire import EventWire, TicketWire
from ticket_pipeline.simulator.vivenu_payloads import event_payload, ticket_payload
from ticket_pipeline.simulator.vivenu_world import ANSWERS, CANARY, organised_world
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.simulator_support.vivenu_truth import birth_dates

RULES = AnswerRules(GenderTable.usual())
FIELDS = EventFields("gender", "birth_date", gender_options=("Xyzzy", "Femme"))


def keep(fields: EventFields = FIELDS, on: date | None = date(2026, 6, 7), **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """What is kept of a ticket that differs by `changes`."""
    moment = "2026-05-01T10:00:00.000Z"
    ticket = {
        "_id": "1",
        "eventId": "e",
        "ticketTypeId": "t",
        "status": "VALID",
        "createdAt": moment,
        "updatedAt": moment,
    }
    wire = msgspec.json.decode(orjson.dumps(ticket | changes), type=TicketWire, strict=False)
    return keep_ticket(wire, "e1", fields, on, RULES).row


def test_nothing_that_identifies_a_buyer_survives_the_parser() -> None:
    world = organised_world(NOW, events=5, tickets=600)
    fields = {one.event_id: find_fields(msgspec.convert(event_payload(one), EventWire)) for one in world.events}
    kept = []
    for ticket in world.tickets.values():
        sent = orjson.dumps(ticket_payload(ticket))
        assert CANARY.encode() in sent
        wire = msgspec.json.decode(sent, type=TicketWire)
        key = ticket.event.event_id
        kept.append(keep_ticket(wire, key, fields[key], ticket.event.event_on, RULES).row)
    text = repr(kept)
    assert CANARY not in text
    assert [day for day in birth_dates(world) if day in text] == []
    assert {ticket["gender_answer"] for ticket in kept} == {answer for answer, _ in ANSWERS} | {None}


def test_an_answer_that_is_no_age_is_kept_as_its_shape() -> None:
    assert keep(extraFields={"birth_date": "last spring 1990"})["age_shape"] == "a a dddd"
    assert keep(extraFields={"birth_date": "1990-03-04"})["age_shape"] is None
    assert keep(extraFields={"birth_date": ""})["age_shape"] is None
    assert keep()["age_shape"] is None
    # Without a day of the event no answer is an age, which is not the answers' fault.
    assert keep(on=None, extraFields={"birth_date": "1990-03-04"})["age_shape"] is None


def test_an_option_is_kept_as_given_and_of_a_free_text_only_the_known_word() -> None:
    answers = ["Xyzzy", " Femme ", "Mujer", "Jane Doe, female", "I am Jane Doe"]
    kept = [keep(extraFields={"gender": answer})["gender_answer"] for answer in answers]
    assert kept == ["Xyzzy", "Femme", "mujer", "female", FREE_TEXT]
    for nothing in (None, {}, {"gender": None}, {"gender": 5}, {"gender": []}, {"gender": "  "}):
        assert keep(extraFields=nothing)["gender_answer"] is None


def test_money_is_exact_and_what_is_missing_stays_missing() -> None:
    kept = keep(regularPrice="89.90", realPrice=0.1 + 0.2, transactionId="", ticketName="  RACE   MEN \x00")
    assert (kept["regular_price"], kept["real_price"]) == (Decimal("89.90"), Decimal("0.30"))
    assert (kept["transaction_id"], kept["ticket_name"], kept["channel"]) == (None, "RACE MEN", "unknown")
    assert keep()["real_price"] is None
