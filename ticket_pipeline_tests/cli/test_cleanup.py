"""`cleanup-untracked-events`: nothing is changed unasked, nothing is deleted that was not marked before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline_tests.cli.conftest import Cli, assert_fits
from ticket_pipeline_tests.storage.stored import items, store

TABLES = ("events", "event_sources", "snapshots", "listings", "fetch_attempts", "raw_payloads")
CLEANUP = "cleanup-untracked-events"


@pytest.fixture
def aged(synced: Cli) -> Cli:
    """Every event has a capture; the first was over 40 days ago, and the second's row is gone from the watchlist."""
    database = synced.loopback.database
    for event in synced.loopback.events():
        store(database, event, datetime.now(UTC) - timedelta(days=1), items(3))
    over, gone, *_ = synced.loopback.keys
    of_key = "event_id = (select event_id from event_sources where external_id = %s)"
    synced.loopback.rows(f"update events set event_at = now() - interval '40 days' where {of_key}", over)  # noqa: S608 - our own text
    synced.loopback.rows(f"update events set sheet_row = null where {of_key}", gone)  # noqa: S608 - our own text
    return synced


def counts(cli: Cli) -> dict[str, int]:
    """Rows per table."""
    return {table: cli.loopback.value(f"select count(*) from {table}") for table in TABLES}  # noqa: S608 - our own names


def test_without_options_nothing_is_changed(aged: Cli) -> None:
    before = counts(aged)
    result = aged.run(CLEANUP)
    assert (result.exit_code, result.stderr) == (0, "")
    assert_fits(result.stdout)
    assert "its row is gone" in result.stdout
    assert "long over" in result.stdout
    assert "A dry run: nothing was changed." in result.stdout
    assert counts(aged) == before
    assert result.stdout.count("the next sync") == 1
    assert aged.loopback.value("select count(*) from events where not is_tracked") == 0
    assert aged.run(CLEANUP, "--delete", "--yes").exit_code == 0  # a dry run as well
    assert counts(aged) == before


def test_marking_keeps_all_data_and_deleting_needs_a_yes(aged: Cli) -> None:
    before = counts(aged)
    result = aged.run(CLEANUP, "--no-dry-run")
    assert "2 events marked as untracked; their data stays." in result.stdout
    assert aged.loopback.value("select count(*) from events where not is_tracked") == 2
    for answer in ("n\n", ""):  # "": there is no terminal
        refused = aged.run(CLEANUP, "--no-dry-run", "--delete", answer=answer)
        assert refused.exit_code == 1
        assert "Delete 2 events with 2 captures and 6 listings? This cannot be undone." in refused.stderr
        assert counts(aged) == before
    assert "2 events deleted." in aged.run(CLEANUP, "--no-dry-run", "--delete", answer="y\n").stdout
    assert counts(aged) == {table: rows // 2 for table, rows in before.items()}
    assert aged.loopback.value("select count(*) from events where is_tracked") == 2


def test_an_event_with_several_ids_shows_each_on_a_line(aged: Cli) -> None:
    aged.loopback.rows(
        "insert into event_sources (marketplace, external_id, event_id) "
        "select 'vivid_seats', '99' || external_id, event_id from event_sources"
    )
    aged.run(CLEANUP, "--no-dry-run")
    shown = aged.run(CLEANUP).stdout
    assert "\N{REPLACEMENT CHARACTER}" not in shown
    for key in aged.loopback.keys[:2]:
        assert len([line for line in shown.splitlines() if f" {key} " in line]) == 1
        assert len([line for line in shown.splitlines() if f"99{key}" in line]) == 1


def test_the_document_has_what_was_done(aged: Cli) -> None:
    planned = aged.ask(CLEANUP)
    assert (planned["dry_run"], len(planned["to_mark"]), planned["marked"], planned["deleted"]) == (True, 2, 0, [])
    assert aged.ask(CLEANUP, "--no-dry-run")["marked"] == 2
    (first, second) = aged.ask(CLEANUP)["untracked"]
    assert (first["snapshots"], first["listings"], second["listings"]) == (1, 3, 3)
    aged.loopback.rows("update events set sheet_row = null where is_tracked")
    done = aged.ask(CLEANUP, "--no-dry-run", "--delete", "--yes")
    assert (len(done["deleted"]), done["to_mark"], done["marked"]) == (2, [], 0)
    aged.run(CLEANUP, "--no-dry-run")
    assert "No followed event is gone" in aged.run(CLEANUP).stdout
