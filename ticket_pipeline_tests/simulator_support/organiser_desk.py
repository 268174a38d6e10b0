"""Tokens and pages of the simulated organiser, for tests to watch and disturb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN


@dataclass
class OrganiserDesk:
    """What a test can change and see of a served organiser.

    Attributes:
        tokens: the valid bearer tokens.
        garbled: ids of objects that are sent with every value in a list of its own.
        served: what (`tickets`, `events`, …) → objects sent.
        after_page: called with what was requested after each page is made, before it is sent.
    """

    tokens: set[str] = field(default_factory=lambda: {SIMULATED_TOKEN})
    garbled: set[str] = field(default_factory=set)
    served: Counter[str] = field(default_factory=Counter)
    after_page: Callable[[str], None] = lambda _: None

    def is_valid(self, token: str) -> bool:
        """Whether a bearer token is valid now."""
        return token in self.tokens

    def hand_over(self, what: str, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Count a page, and garble what is to be garbled."""
        self.served[what] += len(page)
        self.after_page(what)
        return [_garble(sent) if sent["_id"] in self.garbled else sent for sent in page]


def _garble(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name in {"_id", "updatedAt"} else [value] for name, value in sent.items()}
