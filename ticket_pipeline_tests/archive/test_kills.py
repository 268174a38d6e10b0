"""Whenever archiving or restoring is killed, every listing is in one place, and the next run ends right."""

from __future__ import annotations

from pathlib import Path
from random import Random

from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.archive.querying import ask
from ticket_pipeline.storage.archive import read_archive_files
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.archive.history import AGGREGATES, contents
from ticket_pipeline_tests.mortal import archive, attempt, restore
from ticket_pipeline_tests.storage.stored import query

KILLS = 20
_EVERY_LISTING = "select event_id, captured_at, listing_id, price from listings order by all"


def _wait_for_the_dead(database: Database) -> None:
    """Until the server has noticed that the killed process is gone."""
    query(
        database,
        "select pg_advisory_lock(hashtext('ticket_pipeline.archiver')), "
        "pg_advisory_unlock(hashtext('ticket_pipeline.archiver'))",
    )


def test_killed_at_twenty_random_points_every_listing_is_in_one_place(
    played: Database, place: ArchivePlace, tmp_path: Path
) -> None:
    before, aggregates = contents(played), contents(played, *AGGREGATES)
    everything = ask(played, place, _EVERY_LISTING).rows
    folder, random = str(tmp_path / "archive"), Random(14)  # noqa: S311 - a seed, no secret
    lengths = {}
    for deed in (archive, restore):
        took = attempt(deed, played.url, folder)
        assert isinstance(took, int), took
        lengths[deed] = took
    kills = 0
    while kills < KILLS:
        is_away = {each.state for each in read_archive_files(played)} == {"dropped"}
        deed = restore if is_away else archive
        # Restoring is one transaction and ends as it began: most kills are for archiving.
        longest = lengths[deed] * (3 if is_away else 1)
        ended = attempt(deed, played.url, folder, dies_at=random.randrange(1, longest))
        assert not isinstance(ended, str), ended
        kills += ended is None
        _wait_for_the_dead(played)
        assert ask(played, place, _EVERY_LISTING).rows == everything
    for deed in (archive, restore):
        if deed is restore or {each.state for each in read_archive_files(played)} != {"dropped"}:
            assert isinstance(attempt(deed, played.url, folder), int)
    assert contents(played) == before
    assert contents(played, *AGGREGATES) == aggregates


def test_a_full_disk_deletes_nothing(played: Database, tmp_path: Path) -> None:
    before, folder = contents(played), tmp_path / "archive"
    message = attempt(archive, played.url, str(folder), disk=1000)
    assert "Could not write stubhub/2026-02/listings.parquet in the archive" in str(message)
    assert "Nothing was deleted. Check ARCHIVE_URL, its rights and its free space" in str(message)
    assert contents(played) == before
    assert [path for path in folder.rglob("*") if path.is_file()] == []
