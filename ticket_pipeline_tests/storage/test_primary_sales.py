"""What a read of the organiser may take away: nothing that it may just not have understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.primary_sales import ReadMark, write_events, write_tickets
from ticket_pipeline_tests.storage.stored import NOON, vivenu_event, vivenu_ticket

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


def statuses(database: Database) -> dict[str, str]:
    """Ticket → status."""
    with database.connection() as connection:
        rows = connection.execute("select ticket_id, status from vivenu_tickets").fetchall()
    return {row["ticket_id"]: row["status"] for row in rows}


def test_tickets_that_a_whole_read_did_not_bring_are_gone(database: Database) -> None:
    write_events(database, [vivenu_event("e1")], [])
    both = [vivenu_ticket("t1"), vivenu_ticket("t2")]
    write_tickets(database, both, ReadMark("e1", NOON, is_full=True), this_moment=NOON)
    assert write_tickets(database, both[:1], ReadMark("e1", NOON, is_full=True), this_moment=NOON).gone == 1
    assert statuses(database)["t2"] == "GONE"


@pytest.mark.parametrize(("brought", "unreadable"), [(1, 1), (0, 2), (0, 0)])
def test_a_read_that_was_not_understood_whole_takes_no_ticket_away(
    database: Database, brought: int, unreadable: int
) -> None:
    write_events(database, [vivenu_event("e1")], [])
    both = [vivenu_ticket("t1"), vivenu_ticket("t2")]
    write_tickets(database, both, ReadMark("e1", NOON, is_full=True), this_moment=NOON)
    mark = ReadMark("e1", NOON, is_full=True, unreadable=unreadable)
    assert write_tickets(database, both[:brought], mark, this_moment=NOON).gone == 0
    assert "GONE" not in statuses(database).values()


def test_events_that_could_not_be_read_stay_listed(database: Database) -> None:
    write_events(database, [vivenu_event("e1"), vivenu_event("e2")], [])
    write_events(database, [vivenu_event("e1")], [], is_whole=False)
    with database.connection() as connection:
        query = "select bool_and(is_listed) as are_listed from vivenu_events"
        assert connection.execute(query).fetchone() == {"are_listed": True}
