"""What is kept of a ticket: no name, e-mail, address, birth date, barcode or secret, and nothing they follow from.

What belongs here: one ticket of the wire to the few values that are stored. What does not: storing them.

Two values allow a correction without asking again: the age in whole years on the day of the event (changed age groups)
and the answer about gender (a word added to the table). Only an answer that the organiser offers is kept as given. What
a buyer typed freely may hold anything: of it the known word is kept ("female" of "Jane Doe, female"), else its mark,
which tells nothing but whether it is the same as another text (`free_texts`). Of an answer about age that is none, its
shape is kept: "dd/dd/dddd".
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import msgspec

from ticket_pipeline.primary_sales.ages import read_age, shape_of
from ticket_pipeline.primary_sales.gender import UNKNOWN

if TYPE_CHECKING:
    from datetime import date, datetime

    from ticket_pipeline.primary_sales.ages import DateOrder
    from ticket_pipeline.primary_sales.fields import EventFields
    from ticket_pipeline.primary_sales.free_texts import FreeTexts
    from ticket_pipeline.primary_sales.gender import GenderTable
    from ticket_pipeline.primary_sales.wire import TicketWire

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """By what answers are read.

    Attributes:
        table: knows words for genders.
        free_texts: marks texts that nobody knows.
        date_order: how 03/04/1990 is meant; None: it says nothing.
    """

    table: GenderTable
    free_texts: FreeTexts
    date_order: DateOrder | None = None

    @property
    def fingerprint(self) -> str:
        """Of what a stored ticket cannot be corrected for: another one needs another read."""
        return f"{self.free_texts.key_mark}|{self.date_order}"


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """A ticket as it is stored; money in major units, moments aware UTC.

    Attributes:
        age_years: on the day of the event; None where unknown.
        age_shape: of an answer about age that is none; None where there is an age, or no answer.
        gender_answer: an option as given, a known word, or a mark; None where not asked or not answered.
    """

    id: str
    event_id: str
    ticket_type_id: str
    ticket_name: str | None
    status: str
    created_at: datetime
    updated_at: datetime
    transaction_id: str | None
    currency: str | None
    regular_price: Decimal | None
    real_price: Decimal | None
    channel: str
    age_years: int | None
    age_shape: str | None
    gender_answer: str | None


def keep_ticket(ticket: TicketWire, fields: EventFields, event_on: date | None, rules: AnswerRules) -> KeptTicket:
    """Take from a ticket what may be kept.

    Args:
        ticket: as sent.
        fields: where this event's tickets tell age and gender.
        event_on: the day of the event at its venue; None where it is not known.
        rules: by what answers are read.
    """
    age_answer = _answer(ticket, fields.age_slug)
    age = read_age(age_answer, event_on, order=rules.date_order)
    return KeptTicket(
        id=ticket.id,
        event_id=ticket.event_id,
        ticket_type_id=ticket.ticket_type_id,
        ticket_name=clean(ticket.ticket_name),
        status=ticket.status,
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
        transaction_id=ticket.transaction_id or None,
        currency=ticket.currency,
        regular_price=to_money(ticket.regular_price),
        real_price=to_money(ticket.real_price),
        channel=ticket.origin or UNKNOWN,
        age_years=age,
        age_shape=shape_of(age_answer) if age is None and event_on is not None else None,
        gender_answer=_gender_answer(ticket, fields, rules),
    )


def to_money(amount: float | None) -> Decimal | None:
    """An amount of the wire as exact cents."""
    exact = to_decimal(amount)
    return None if exact is None else exact.quantize(_CENT, ROUND_HALF_UP)


def to_decimal(amount: float | None) -> Decimal | None:
    """A number of the wire as it was sent, digit by digit."""
    return None if amount is None else Decimal(str(amount))


def clean(text: str | None) -> str | None:
    """A name as typed by people: blanks put in order, nothing that PostgreSQL text cannot hold."""
    cleaned = " ".join((text or "").replace("\x00", "").split()).encode("utf-8", "replace").decode()
    return cleaned or None


def _answer(ticket: TicketWire, slug: str | None) -> object:
    """The answer under one slug; all others stay undecoded."""
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
    return " ".join(known[0]) if known else rules.free_texts.mark_of_text(text)
