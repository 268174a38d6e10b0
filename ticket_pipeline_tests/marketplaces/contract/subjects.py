"""Everybody under contract. A new marketplace adds one `Subject` per shape of its answers."""

from __future__ import annotations

from ticket_pipeline_tests.marketplaces.contract.listings import STUBHUB, VIVID_SEATS, VIVID_SEATS_ZONES
from ticket_pipeline_tests.marketplaces.contract.ticketmaster import TICKETMASTER_EVENT, TICKETMASTER_SEARCH

SUBJECTS = (STUBHUB, VIVID_SEATS, VIVID_SEATS_ZONES, TICKETMASTER_EVENT, TICKETMASTER_SEARCH)
