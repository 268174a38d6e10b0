"""Everybody under contract. A new marketplace adds one `Subject` per shape of its answers."""

from __future__ import annotations

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline_tests.marketplaces.contract.listings import STUBHUB, VIVID_SEATS, VIVID_SEATS_ZONES
from ticket_pipeline_tests.marketplaces.contract.readings import Offer, Reading
from ticket_pipeline_tests.marketplaces.contract.subject import Subject
from ticket_pipeline_tests.marketplaces.contract.ticketmaster import TICKETMASTER_EVENT, TICKETMASTER_SEARCH

SUBJECTS = (STUBHUB, VIVID_SEATS, VIVID_SEATS_ZONES, TICKETMASTER_EVENT, TICKETMASTER_SEARCH)

OFFERS = [Offer(1, 50), Offer(2, 60, 4), Offer(3, 70, 1)]


def those(*subjects: Subject) -> pytest.MarkDecorator:
    """The claim is one about these."""
    return pytest.mark.parametrize("subject", subjects, ids=lambda each: each.name)


def read(subject: Subject, body: bytes) -> Reading | None:
    """What is read of a body, with all that must hold for any; None where it is rejected as a whole."""
    try:
        reading = subject.read(body)
    except UnexpectedPayload:
        return None
    assert len(reading.items) + reading.unreadable + reading.repeated == reading.received
    return reading


def taken(subject: Subject, body: bytes) -> Reading:
    """As `read`, of a body that must not be rejected."""
    reading = read(subject, body)
    assert reading is not None
    return reading
