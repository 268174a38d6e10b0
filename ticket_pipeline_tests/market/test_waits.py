"""Reasons in short: the first sentence, and no address."""

from __future__ import annotations

import pytest

from ticket_pipeline.market.waits import in_short


@pytest.mark.parametrize(
    ("reason", "short"),
    [
        (
            "Fetching event 1 from stubhub (GET https://a.b/c?d=1, try 1 of 2) returned 403 Forbidden. It is a block.",
            "Fetching event 1 from stubhub returned 403 Forbidden",
        ),
        ("It redirected to https://a.b/login; log in again.", "It redirected"),
        ("", ""),
    ],
)
def test_a_reason_in_short_is_its_first_sentence(reason: str, short: str) -> None:
    assert in_short(reason) == short
