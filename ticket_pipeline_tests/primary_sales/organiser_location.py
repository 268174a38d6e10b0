"""An organiser and a database of the test's own, and a sync between them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from ticket_pipeline.primary_sales import ingest as primary_sales
from ticket_pipeline.primary_sales.ingest import CouponsReport, EventsReport
from ticket_pipeline.primary_sales.ingest_tickets import TicketsReport, sync_vivenu_tickets
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline_tests.primary_sales.organiser import NOW, Organiser, open_organiser


@dataclass
class OrganiserLocation:
    """A running organiser, and a migrated database."""

    organiser: Organiser
    database_url: str
    database: Database

    def settings(self, **changes: object) -> Settings:
        """Settings that name both."""
        return self.organiser.settings(**({"database_url": self.database_url, "vivenu_page_size": 200} | changes))

    def sync_events(self, **changes: object) -> EventsReport:
        """Read the events."""
        return asyncio.run(primary_sales.sync_vivenu_events(self.database, self.settings(**changes)))

    def sync_tickets(self, *event_ids: str, full: bool = False, **changes: object) -> dict[str, TicketsReport]:
        """Read tickets: event id → report."""
        reports = asyncio.run(
            sync_vivenu_tickets(
                self.database, self.settings(**changes), event_ids or None, now=lambda: datetime.now(UTC), full=full
            )
        )
        return {report.event_id: report for report in reports}

    def sync_coupons(self, *, full: bool = False, **changes: object) -> CouponsReport:
        """Read coupons and transactions."""
        return asyncio.run(primary_sales.sync_vivenu_coupons(self.database, self.settings(**changes), full=full))

    def sync(self) -> None:
        """Read everything."""
        self.sync_events()
        assert {report.error for report in self.sync_tickets().values()} == {None}
        self.sync_coupons()

    def rebuild(self, **changes: object) -> None:
        """Rebuild every summary from stored data."""
        settings = self.settings(**changes)
        store.rebuild(self.database, "sales_daily")
        self.database.execute("primary_sales/update_coupon_sums")
        primary_sales.rebuild_gender(self.database, settings)
        primary_sales.rebuild_age_groups(self.database, settings)
        store.rebuild_summary(self.database, NOW)

    def rows(self, question: str, **parameters: Any) -> list[Row]:  # noqa: ANN401 - bound parameters
        """The rows of a query of a test."""
        with self.database.connection() as connection:
            return connection.execute(sql.SQL(question), parameters).fetchall()  # type: ignore[arg-type]

    def everything_stored(self) -> str:
        """The text of every row of every table of the whole database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' "
                "and table_schema not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            return "\n".join(
                str(row[0])
                for schema, table in tables
                for row in connection.execute(
                    sql.SQL("select t::text from {} as t").format(sql.Identifier(schema, table))
                )
            )


@contextmanager
def open_organiser_location(database_url: str, **world: int) -> Iterator[OrganiserLocation]:
    """An organiser of a few events, nothing of which is stored yet."""
    with open_organiser(**world) as organiser, Database(database_url, "tickets", max_connections=8) as database:
        yield OrganiserLocation(organiser, database_url, database)
