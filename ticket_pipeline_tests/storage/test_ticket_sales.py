"""What a read of the organiser may take away: nothing that it may just not have understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.ticket_sales import (
    ReadMark,
    read_mark,
    read_rejects,
    write_events,
    write_tickets,
)
from ticket_pipeline_tests.storage.stored import NOON, vivenu_event, vivenu_ticket

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database


def statuses(database: Database) -> dict[str, str]:
    """Ticket → status."""
    with database.connection() as connection:
        rows = connection.execute("select ticket_id, status from vivenu_tickets").fetchall()
    return {row["ticket_id"]: row["status"] for row in rows}


def reject(item_id: str, *, is_identified: bool = True) -> dict[str, object]:
    """A ticket that could not be read."""
    return {"item_id": item_id, "reason": "Expected `str`", "updated_at": None, "is_identified": is_identified}


@pytest.mark.parametrize(
    ("brought", "rejects"),
    [
        (1, [reject("t2")]),  # it is there, in a form that nobody understands
        (1, [reject("(no id 1)", is_identified=False)]),  # which may be the other one
        (0, [reject("t1"), reject("t2")]),
        (0, []),
    ],
)
def test_a_read_that_was_not_understood_whole_takes_no_ticket_away(
    database: Database, brought: int, rejects: list[dict[str, object]]
) -> None:
    write_events(database, [vivenu_event("e1")], [])
    both = [vivenu_ticket("t1"), vivenu_ticket("t2")]
    whole = ReadMark("e1", NOON, is_full=True)
    write_tickets(database, both, whole, this_moment=NOON)
    assert write_tickets(database, both[:brought], whole, rejects, this_moment=NOON).gone == 0
    assert "GONE" not in statuses(database).values()


def test_a_ticket_that_could_not_be_read_hides_no_other_that_is_gone(database: Database) -> None:
    write_events(database, [vivenu_event("e1")], [])
    three = [vivenu_ticket("t1"), vivenu_ticket("t2"), vivenu_ticket("t3")]
    whole = ReadMark("e1", NOON, is_full=True)
    write_tickets(database, three, whole, this_moment=NOON)
    stored = write_tickets(database, three[:1], whole, [reject("t2")], this_moment=NOON)
    assert (stored.gone, stored.known) == (1, 2)
    assert statuses(database) == {"t1": "VALID", "t2": "VALID", "t3": "GONE"}


def test_a_reject_ends_where_it_could_be_read_or_comes_no_more(database: Database) -> None:
    write_events(database, [vivenu_event("e1")], [])
    part, whole = ReadMark("e1", NOON, is_full=False), ReadMark("e1", NOON, is_full=True)
    write_tickets(database, [], part, [reject("t1"), reject("t2"), reject("t3")], this_moment=NOON)
    write_tickets(database, [vivenu_ticket("t1")], part, this_moment=NOON)
    assert [row["item_id"] for row in read_rejects(database, "e1")] == ["t2", "t3"]
    stored = write_tickets(database, [vivenu_ticket("t1")], whole, [reject("t3")], this_moment=NOON)
    assert [row["item_id"] for row in read_rejects(database)] == ["t3"]
    mark = read_mark(database, "e1") or {}
    assert (stored.known, mark["unreadable"]) == (2, 1)


def test_events_that_could_not_be_read_stay_listed(database: Database) -> None:
    write_events(database, [vivenu_event("e1"), vivenu_event("e2")], [])
    write_events(database, [vivenu_event("e1")], [], [reject("e2")])
    with database.connection() as connection:
        query = "select bool_and(is_listed) as are_listed from vivenu_events"
        assert connection.execute(query).fetchone() == {"are_listed": True}
