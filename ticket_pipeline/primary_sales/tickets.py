"""What is kept of a ticket: no name, e-mail, address, birth date, barcode or secret, and nothing they follow from.

What belongs here: one ticket of the wire to the few values that are stored. What does not: storing them.

Two values allow a correction without asking again: the age in whole years on the day of the event (changed age groups)
and the answer about gender (a word added to the table). An answer that a buyer typed freely may hold anything, so it is
kept only where its gender is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import msgspec

from ticket_pipeline.primary_sales.ages import read_age
from ticket_pipeline.primary_sales.gender import UNKNOWN

if TYPE_CHECKING:
    from datetime import date, datetime

    from ticket_pipeline.primary_sales.fields import EventFields
    from ticket_pipeline.primary_sales.gender import GenderTable
    from ticket_pipeline.primary_sales.wire import TicketWire

FREE_TEXT = "(free text)"
"""Stands for an answer that is not kept."""

_LONGEST_ANSWER = 60
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class KeptTicket:
    """A ticket as it is stored; money in major units, moments aware UTC.

    Attributes:
        age_years: on the day of the event; None where unknown.
        gender_answer: as given; None where not asked or not answered.
        is_age_unreadable: there was an answer about age, and it is none.
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
    gender_answer: str | None
    is_age_unreadable: bool = False


def keep_ticket(ticket: TicketWire, fields: EventFields, event_on: date | None, table: GenderTable) -> KeptTicket:
    """Take from a ticket what may be kept.

    Args:
        ticket: as sent.
        fields: where this event's tickets tell age and gender.
        event_on: the day of the event at its venue; None where it is not known.
        table: decides which free texts are kept.
    """
    age_answer = _answer(ticket, fields.age_slug)
    age = read_age(age_answer, event_on)
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
        gender_answer=_gender_answer(ticket, fields, table),
        is_age_unreadable=age is None and age_answer not in {None, ""},
    )


def to_money(amount: float | None) -> Decimal | None:
    """An amount of the wire as exact cents."""
    return None if amount is None else Decimal(str(amount)).quantize(_CENT, ROUND_HALF_UP)


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


def _gender_answer(ticket: TicketWire, fields: EventFields, table: GenderTable) -> str | None:
    answer = _answer(ticket, fields.gender_slug)
    text = clean(answer) if isinstance(answer, str) else None
    if text is None:
        return None
    may_be_kept = fields.is_gender_chosen or table.read(text) != UNKNOWN
    return text if may_be_kept and len(text) <= _LONGEST_ANSWER else FREE_TEXT
