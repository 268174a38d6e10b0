"""Which months are in the archive, and what that forbids: nothing is rebuilt from listings that are not here.

What belongs here: the table `archive_files`, and the guard of everything that rebuilds. What does not: the files (room
`archive`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from ticket_pipeline.errors import StorageError

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Transaction


ARCHIVED = ("listings", "rejected_listings", "listing_changes")
"""The tables whose old months go to the archive."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, UTC."""

    first_on: date

    @classmethod
    def of(cls, moment: date) -> Self:
        """The month of a day or of a moment (aware UTC)."""
        return cls(date(moment.year, moment.month, 1))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month of a text such as 2026-01; a ValueError where it is none."""
        return cls(date.fromisoformat(f"{text}-01"))

    @property
    def start(self) -> datetime:
        """Its first moment, aware UTC."""
        return datetime(self.first_on.year, self.first_on.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.plus(1).start

    def plus(self, months: int) -> Month:
        """So many months later, or earlier where it is negative."""
        years, month = divmod(self.first_on.month - 1 + months, 12)
        return Month(date(self.first_on.year + years, month + 1, 1))

    def __str__(self) -> str:
        return f"{self.first_on:%Y-%m}"

    @property
    def name(self) -> str:
        """For people: January 2026."""
        return f"{self.first_on:%B %Y}"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file of the archive: one table of one marketplace in one month.

    Attributes:
        file: its path below ARCHIVE_URL.
        checksum: the sum of a hash of each row.
        state: written, dropping, dropped or restored; see the table's comment.
    """

    month_on: date
    marketplace: str
    table_name: str
    file: str
    rows: int
    checksum: int
    bytes: int
    state: str
    written_at: datetime
    dropped_at: datetime | None
    restored_at: datetime | None

    @property
    def is_the_place(self) -> bool:
        """Whether the file counts, and not the table."""
        return self.state in ("dropping", "dropped")


def read_archive_files(database: Database, month: Month | None = None) -> list[ArchiveFile]:
    """The files of the archive, in order; of one month, or all."""
    rows = database.fetch_all("archive/select_files", month_on=month and month.first_on)
    return [ArchiveFile(**row | {"checksum": int(row["checksum"])}) for row in rows]


def find_archived_months(database: Database | Transaction, start: datetime, end: datetime) -> list[Month]:
    """The months of a span [start, end) whose listings are in the archive."""
    rows = database.fetch_all("archive/select_archived_months", starts_from=start, starts_until=end)
    return [Month(row["month_on"]) for row in rows]


def hold_listings(transaction: Transaction, start: datetime, end: datetime) -> None:
    """Make sure that the listings of a span are here, and stay until the transaction ends.

    Raises:
        StorageError: some are in the archive; to rebuild without them would empty what was made from them.
    """
    hold_months(transaction, start, end)
    refuse_archived(transaction, start, end)


def hold_months(transaction: Transaction, start: datetime, end: datetime) -> None:
    """Keep the months of a span, and of the 90 days before it, where they are until the transaction ends."""
    transaction.fetch_all("archive/hold_months", starts_from=start, starts_until=end)


def refuse_archived(database: Database | Transaction, start: datetime, end: datetime) -> None:
    """As `hold_listings`, of this moment only: for a whole span, before its first day is rebuilt."""
    if months := find_archived_months(database, start, end):
        raise StorageError(f"Cannot rebuild from listings that are not here: {describe_archived(months)}")


def count_archived_hours(database: Database) -> int:
    """How many hours wait for a rebuild whose listings are archived."""
    row = database.fetch_one("archive/count_waiting_hours")
    return row["hours"] if row else 0


def describe_archived(months: Sequence[Month]) -> str:
    """Which months are archived and how to get the first of them back, in sentences."""
    names = f"{months[0].name} is" if len(months) == 1 else f"{months[0].name} to {months[-1].name} are"
    return f"{names} archived; first run `ticket-pipeline archive restore {months[0]}`."


def last_due_month(this_moment: datetime, months: int) -> Month:
    """The newest month that ended so many months ago."""
    return Month.of(this_moment.astimezone(UTC)).plus(-months - 1)


def find_due_months(database: Database, this_moment: datetime, after_months: int) -> list[Month]:
    """The months with captures that are old enough and not in the archive, oldest first; restored ones stay."""
    if after_months == 0:
        return []
    last = last_due_month(this_moment, after_months)
    done = {Month(each.month_on) for each in read_archive_files(database) if each.state in ("dropped", "restored")}
    rows = database.fetch_all("archive/select_captured_months", captured_until=last.end)
    return [month for row in rows if (month := Month(row["month_on"])) not in done]


def days_of(month: Month) -> list[tuple[datetime, datetime]]:
    """The UTC days of a month, each from its first moment to that of the next."""
    count = (month.end - month.start).days
    return [(month.start + timedelta(number), month.start + timedelta(number + 1)) for number in range(count)]
