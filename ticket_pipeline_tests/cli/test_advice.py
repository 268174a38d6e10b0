"""What commands advise where nothing was captured: nothing that cannot help in the situation."""

from __future__ import annotations

import pytest

from ticket_pipeline_tests.cli.conftest import Cli
from ticket_pipeline_tests.storage.stored import NOON, items, store

COMMANDS = ["price-history", "trend", "changes", "get-in", "compare", "show-listings"]
PAST = "update events set event_at = now() - interval '40 days 1 hour'"
PAUSED = """
insert into breaker_state (marketplace, state, opened_at, open_until, reason)
values ('stubhub', 'open', now(), now() + interval '1 hour', 'login page')
on conflict (marketplace) do update
set state = 'open', opened_at = now(), open_until = now() + interval '1 hour', reason = 'login page'
"""
FETCH = "fetch-listings"
SITUATIONS = {
    "to come": ("", FETCH),
    "never captured before its start": (PAST, "nothing was captured before"),
    "not followed": ("update events set is_tracked = false", "It is not followed: set is_tracked"),
    "paused": (PAUSED, "Nothing is sent to stubhub while it is paused"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_advice_fits_the_situation(synced: Cli, situation: str) -> None:
    change, advice = SITUATIONS[situation]
    if change:
        synced.loopback.rows(change)
    for command in COMMANDS:
        said = " ".join(synced.run(command, synced.loopback.keys[0]).stderr.split())
        assert advice in said, command
        assert (FETCH in said) is (situation in {"to come", "not followed"}), command


def test_a_window_that_ends_before_the_last_capture_is_widened(synced: Cli) -> None:
    (event,) = synced.loopback.events(synced.loopback.keys[:1])
    store(synced.loopback.database, event, NOON, items(3))
    synced.loopback.rows("update poll_schedule set last_success_at = now() - interval '41 days'")
    synced.loopback.rows(PAST)
    for command in ("price-history", "trend", "changes", "sales"):
        said = " ".join(synced.run(command, event.external_id, "--days", "9").stderr.split())
        assert "look further back with --days 50" in said, command
        assert FETCH not in said, command
