"""A month moves to files and back without the loss of a byte, and what was made from it stays."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ticket_pipeline.archive.archiving import archive_month, one_archiver
from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.archive.querying import ask
from ticket_pipeline.archive.restoring import restore_month, verify_files
from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.storage.archive import find_due_months, read_archive_files
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.archive.history import AGGREGATES, FEBRUARY, JANUARY, MARCH, TODAY, contents
from ticket_pipeline_tests.storage.stored import query


def test_restoring_a_month_reproduces_its_rows_byte_for_byte(played: Database, place: ArchivePlace) -> None:
    before, of_february = contents(played), contents(played, month=FEBRUARY)
    aggregates = contents(played, *AGGREGATES)
    files = archive_month(played, place, FEBRUARY, TODAY)
    assert {each.state for each in files} == {"dropped"}
    assert sum(each.rows for each in files) == sum(map(len, of_february.values())) > 0
    after = contents(played)
    assert not any(contents(played, month=FEBRUARY).values())
    assert {table: sorted(after[table] + of_february[table]) for table in after} == before
    assert contents(played, *AGGREGATES) == aggregates
    restored = restore_month(played, place, FEBRUARY)
    assert restored == {table: len(rows) for table, rows in of_february.items()}
    assert contents(played) == before
    assert {each.state for each in read_archive_files(played)} == {"restored"}


def test_a_restored_month_can_be_archived_again(played: Database, place: ArchivePlace) -> None:
    before = contents(played)
    for _ in range(2):
        archive_month(played, place, JANUARY, TODAY)
        restore_month(played, place, JANUARY)
        assert contents(played) == before


def test_months_are_due_from_the_first_capture_until_four_months_ago(played: Database, place: ArchivePlace) -> None:
    april = MARCH.plus(1)
    assert find_due_months(played, april.plus(3).start, 4) == [JANUARY, FEBRUARY]
    archive_month(played, place, JANUARY, TODAY)
    assert find_due_months(played, april.plus(3).start, 4) == [FEBRUARY]
    restore_month(played, place, JANUARY)
    assert find_due_months(played, april.plus(3).start, 4) == [FEBRUARY], "a restored month stays"
    assert find_due_months(played, TODAY, 0) == []


def test_rows_that_change_while_they_are_written_stay(played: Database, place: ArchivePlace) -> None:
    def change(step: str) -> None:
        if step.startswith("Comparing"):
            query(played, "update listings set quantity = 9 where captured_at >= %(at)s returning 1", at=FEBRUARY.start)

    before = len(contents(played, month=FEBRUARY)["listings"])
    with pytest.raises(StorageError, match="listings of February 2026 are not equal to their files"):
        archive_month(played, place, FEBRUARY, TODAY, change)
    assert len(contents(played, month=FEBRUARY)["listings"]) == before
    assert {each.state for each in read_archive_files(played)} == {"written"}


def test_a_young_month_stays(played: Database, place: ArchivePlace) -> None:
    with pytest.raises(StorageError, match=r"March 2026 is too young.* now is 2026-02"):
        archive_month(played, place, MARCH, MARCH.plus(4).start)


def test_a_damaged_file_is_found_and_restores_nothing(played: Database, place: ArchivePlace, tmp_path: Path) -> None:
    archive_month(played, place, FEBRUARY, TODAY)
    after = contents(played)
    files = read_archive_files(played)
    assert [each.problem for each in verify_files(place, files)] == [None] * len(files)
    (tmp_path / "archive/stubhub/2026-02/listings.parquet").write_bytes(b"PAR1 not a file any more PAR1")
    problems = {each.file.table_name: each.problem for each in verify_files(place, files)}
    assert "Could not read stubhub/2026-02/listings.parquet" in str(problems.pop("listings"))
    assert set(problems.values()) == {None}
    with pytest.raises(StorageError, match="Could not read"):
        restore_month(played, place, FEBRUARY)
    assert contents(played) == after
    assert {each.state for each in read_archive_files(played)} == {"dropped"}


def test_a_file_with_another_row_is_found(played: Database, place: ArchivePlace, tmp_path: Path) -> None:
    archive_month(played, place, FEBRUARY, TODAY)
    archive_month(played, place, JANUARY, TODAY)
    folder = tmp_path / "archive/stubhub"
    (folder / "2026-02/listings.parquet").write_bytes((folder / "2026-01/listings.parquet").read_bytes())
    (wrong,) = [each for each in verify_files(place, read_archive_files(played)) if each.problem]
    assert wrong.file.file == "stubhub/2026-02/listings.parquet"
    with pytest.raises(StorageError, match="is not what was archived"):
        restore_month(played, place, FEBRUARY)
    with duckdb.connect() as connection:
        # As a flipped byte makes it: a moment that PostgreSQL cannot hold.
        read = f"from read_parquet('{folder}/2026-01/listings.parquet')"
        connection.execute(
            f"copy (select * replace (captured_at - interval 100000 year as captured_at) {read}) "
            f"to '{folder}/2026-02/listings.parquet' (format parquet)"
        )
    with pytest.raises(StorageError, match="is not what was archived"):
        restore_month(played, place, FEBRUARY)


def test_one_archiver_at_a_time(played: Database, place: ArchivePlace) -> None:
    with one_archiver(played), pytest.raises(StorageError, match="Another process archives"):
        archive_month(played, place, FEBRUARY, TODAY)
    archive_month(played, place, FEBRUARY, TODAY)


def test_a_question_sees_each_listing_once(played: Database, place: ArchivePlace) -> None:
    counted = "select count(*), count(distinct (event_id, captured_at, listing_id)), sum(price) from listings"
    before = ask(played, place, counted).rows
    archive_month(played, place, FEBRUARY, TODAY)
    assert ask(played, place, counted).rows == before
    (alone,) = ask(played, place, "select min(captured_at), count(*) from listings", only_files=True).rows
    assert (alone[0], alone[1]) == (
        min(
            row["captured_at"]
            for row in query(played, "select captured_at from snapshots")
            if row["captured_at"] >= FEBRUARY.start
        ),
        next(each.rows for each in read_archive_files(played) if each.table_name == "listings"),
    )
    of_months = [ask(played, place, counted, month=each).rows[0][0] for each in (JANUARY, FEBRUARY, MARCH)]
    assert sum(of_months) == before[0][0]
    assert of_months[1] == alone[1]
    restore_month(played, place, FEBRUARY)
    assert ask(played, place, counted).rows == before


@pytest.mark.parametrize(
    "text",
    [
        "delete from listings",
        "select 1; select 2",
        "copy (select 1) to '/tmp/x'",
        "attach '/tmp/x'",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/etc/*')",
        "selec",
    ],
)
def test_a_question_can_only_read_and_only_the_archive(database: Database, place: ArchivePlace, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"one select at a time|Permission Error|syntax error"):
        ask(database, place, text)


def test_a_bucket_is_as_good_as_a_folder(played: Database) -> None:
    bucket, before = ArchivePlace("memory://bucket/tickets"), contents(played)
    archive_month(played, bucket, FEBRUARY, TODAY)
    assert [each.problem for each in verify_files(bucket, read_archive_files(played))] == [None] * 3
    assert ask(played, bucket, "select count(*) from listings").rows == [(len(before["listings"]),)]
    restore_month(played, bucket, FEBRUARY)
    assert contents(played) == before


def test_an_unreachable_bucket_deletes_nothing(played: Database) -> None:
    before = contents(played)
    with pytest.raises(StorageError, match=r"open the archive ftp://127\.0\.0\.1:9/x: .*Nothing was deleted"):
        archive_month(played, ArchivePlace("ftp://user:secret@127.0.0.1:9/x"), FEBRUARY, TODAY)
    assert contents(played) == before
    assert read_archive_files(played) == []
