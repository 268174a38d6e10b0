"""What is kept of a ticket: no name, e-mail, address, birth date, barcode or secret, and nothing that reveals them.

Two values allow corrections without another request: the age in whole years on the day of the event (changed age
groups) and the answer about gender (a word added to the table). Only an answer that the organiser offers is kept as
given. Free text may contain anything: only its known word is kept ("female" of "Jane Doe, female"). Of an answer that
is not an age, its shape is kept: "dd/dd/dddd".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from ticket_pipeline.primary_sales.ages import DateOrder, read_age, shape_of
from ticket_pipeline.primary_sales.gender import UNKNOWN, GenderTable

if TYPE_CHECKING:
    from ticket_pipeline.primary_sales.fields import EventFields
    from ticket_pipeline.primary_sales.wire import TicketWire

FREE_TEXT = "(free text)"
"""Stands for an answer that was typed freely and has no known word; it may be a name."""

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """How answers are read; without a date order 03/04/1990 is not an age."""

    table: GenderTable
    date_order: DateOrder | None = None


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """A ticket as it is stored: a row of `vivenu_tickets`, with money in major units and moments in UTC.

    Of a person it holds `age_years` on the day of the event, `age_shape` of an answer that is not an age, and
    `gender_answer`: an option as given, a known word, or `FREE_TEXT`.
    """

    id: str
    row: dict[str, Any]


def keep_ticket(
    ticket: TicketWire, external_id: str, fields: EventFields, event_on: date | None, rules: AnswerRules
) -> KeptTicket:
    """Take from a ticket what may be kept.

    Args:
        ticket: as sent.
        external_id: of the event that was requested.
        fields: where this event's tickets hold age and gender.
        event_on: the day of the event at its venue; None where it is not known.
        rules: how answers are read.
    """
    age_answer = _answer(ticket, fields.age_slug)
    age = read_age(age_answer, event_on, order=rules.date_order)
    row = {
        "ticket_id": ticket.id,
        "external_id": external_id,
        "ticket_type_id": ticket.ticket_type_id,
        "ticket_name": clean(ticket.ticket_name),
        "status": ticket.status,
        "created_at": ticket.created_at.astimezone(UTC),
        "updated_at": ticket.updated_at.astimezone(UTC),
        "transaction_id": ticket.transaction_id or None,
        "currency": ticket.currency,
        "regular_price": to_money(ticket.regular_price),
        "real_price": to_money(ticket.real_price),
        "channel": ticket.origin or UNKNOWN,
        "age_years": age,
        "age_shape": shape_of(age_answer) if age is None and event_on is not None else None,
        "gender_answer": _gender_answer(ticket, fields, rules),
    }
    return KeptTicket(ticket.id, row)


def to_money(amount: float | None) -> Decimal | None:
    """An amount in exact cents."""
    exact = to_decimal(amount)
    return None if exact is None else exact.quantize(_CENT, ROUND_HALF_UP)


def to_decimal(amount: float | None) -> Decimal | None:
    """A number exactly as it was sent."""
    return None if amount is None else Decimal(str(amount))


def clean(text: str | None) -> str | None:
    """A name as people type it, with single blanks, and without what PostgreSQL text cannot hold."""
    cleaned = " ".join((text or "").replace("\x00", "").split()).encode("utf-8", "replace").decode()
    return cleaned or None


def _answer(ticket: TicketWire, slug: str | None) -> object:
    """The answer to one question; all others stay undecoded."""
    raw = (ticket.extra_fields or {}).get(slug or "")
    if raw is None:
        return None
    answer = msgspec.json.decode(raw)
    return answer if isinstance(answer, str | int | float) else None


def _gender_answer(ticket: TicketWire, fields: EventFields, rules: AnswerRules) -> str | None:
    answer = _answer(ticket, fields.gender_slug)
    text = clean(answer) if isinstance(answer, str) else None
    if text is None or text in fields.gender_options:
        return text
    known = rules.table.find(text)
    return " ".join(known[0]) if known else FREE_TEXT
