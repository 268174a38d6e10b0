"""Primary sales brought to the database: whole, incrementally, with history, and with nobody's name in it."""

from __future__ import annotations

import logging
import re
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.errors import RateLimited
from ticket_pipeline.primary_sales.tickets import FREE_TEXT
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.vivenu_world import ANSWERS, CANARY
from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation, open_organiser_location
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true
from ticket_pipeline_tests.simulator_support.vivenu_truth import birth_dates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def place(migrated_url: str) -> Iterator[OrganiserLocation]:
    """Five events, six hundred tickets, nothing stored."""
    with open_organiser_location(migrated_url) as opened:
        yield opened


def stored(place: OrganiserLocation) -> dict[str, tuple[str, str]]:
    """Ticket id → event and status, as stored."""
    rows = place.rows("select ticket_id, external_id, status from vivenu_tickets")
    return {row["ticket_id"]: (row["external_id"], row["status"]) for row in rows}


def sold(place: OrganiserLocation) -> dict[str, tuple[str, str]]:
    """Ticket id → event and status, in truth."""
    return {key: (one.event.event_id, one.status) for key, one in place.organiser.world.tickets.items()}


def test_everything_the_organiser_has_is_stored_once(place: OrganiserLocation) -> None:
    report = place.sync_events()
    place.sync_tickets()
    assert set(report.keys) == {event.event_id for event in place.organiser.world.events}
    assert report.ticket_types == 25
    assert stored(place) == sold(place)
    place.sync_tickets(full=True)
    assert stored(place) == sold(place)


def test_events_have_their_day_capacity_and_slugs_and_report_what_is_missing(place: OrganiserLocation) -> None:
    report = place.sync_events()
    rows = {row["external_id"]: row for row in place.rows("select * from vivenu_events")}
    for event in place.organiser.world.events:
        row = rows[event.event_id]
        assert (row["event_on"], row["capacity"]) == (event.event_on, sum(kind.capacity for kind in event.types))
        asked = (event.style.gender_slug, event.style.age_slug) if event.style else (None, None)
        assert (row["gender_slug"], row["age_slug"]) == asked
    (unasked,) = report.problems.values()
    assert [problem[:17] for problem in unasked] == ["no field asks for"] * 2


def test_a_second_read_is_served_only_what_changed(place: OrganiserLocation) -> None:
    place.sync()
    world = place.organiser.world
    marks = {one.event_id: max(ticket.updated_at for ticket in world.of_event(one.event_id)) for one in world.events}
    changed = set(world.change_some(7, datetime.now(UTC)))
    since_marks = [one for one in world.tickets.values() if one.updated_at >= marks[one.event.event_id]]
    place.organiser.desk.served.clear()
    reports = place.sync_tickets(vivenu_overlap_minutes=0)
    # Beside what changed: the last tickets of the last read, asked for again by >=, and one row with each count.
    assert place.organiser.desk.served["tickets"] == len(since_marks) + len(reports)
    assert len(since_marks) <= len(changed) + 4 * len(reports)
    assert sum(report.stored.changed for report in reports.values()) == len(changed)
    assert not any(report.is_full for report in reports.values())
    assert stored(place) == sold(place)


def test_the_history_of_a_status_is_kept(place: OrganiserLocation) -> None:
    place.sync()
    world = place.organiser.world
    ticket = next(one for one in world.tickets.values() if one.status == "DETAILSREQUIRED")
    asked_at, moments = ticket.updated_at, [datetime(2026, 11, 1, hour, tzinfo=UTC) for hour in (10, 11)]
    for status, moment in zip(("VALID", "INVALID"), moments, strict=True):
        world.set_status(ticket.ticket_id, status, moment)
        place.sync_tickets()
    history = place.rows(
        "select since_at, status from vivenu_ticket_statuses where ticket_id = %(id)s order by since_at",
        id=ticket.ticket_id,
    )
    assert [(row["status"], row["since_at"]) for row in history] == [
        ("DETAILSREQUIRED", asked_at),
        ("VALID", moments[0]),
        ("INVALID", moments[1]),
    ]


def test_a_ticket_that_vanished_is_noticed_by_the_count_and_marked(place: OrganiserLocation) -> None:
    place.sync()
    lost = place.organiser.world.of_event(place.organiser.world.events[0].event_id)[0]
    del place.organiser.world.tickets[lost.ticket_id]
    reports = place.sync_tickets()
    assert [key for key, report in reports.items() if report.is_full] == [lost.event.event_id]
    assert stored(place)[lost.ticket_id] == (lost.event.event_id, "GONE")
    assert not any(report.is_full for report in place.sync_tickets().values())


def test_an_event_that_is_put_off_has_its_ages_read_again(place: OrganiserLocation) -> None:
    place.sync()
    event = place.organiser.world.events[0]
    event.starts_at += timedelta(days=200)
    place.sync_events()
    reports = place.sync_tickets()
    assert [key for key, report in reports.items() if report.is_full] == [event.event_id]
    ages = place.rows("select ticket_id, age_years from vivenu_tickets where external_id = %(id)s", id=event.event_id)
    world = place.organiser.world
    assert {row["ticket_id"]: row["age_years"] for row in ages} == {
        one.ticket_id: one.age_at_event() for one in world.of_event(event.event_id)
    }


def test_a_slug_named_in_the_users_file_is_read_from_then_on(place: OrganiserLocation, tmp_path: Path) -> None:
    place.sync()
    event = place.organiser.world.events[0]
    file = tmp_path / "mappings.yaml"
    file.write_text(f"slugs:\n  {event.event_id}: {{gender: birth_date}}\n", encoding="utf-8")
    place.sync_events(vivenu_mappings_file=str(file))
    report = place.sync_tickets(event.event_id, vivenu_mappings_file=str(file))[event.event_id]
    assert report.is_full
    # The field is a date, so it may not be read as anybody's gender.
    rows = place.rows("select distinct gender_answer from vivenu_tickets where external_id = %(id)s", id=event.event_id)
    assert [row["gender_answer"] for row in rows] == [None]


def test_a_word_learnt_later_reads_freely_typed_answers_again(place: OrganiserLocation, tmp_path: Path) -> None:
    place.sync_events()
    place.rows("update vivenu_events set gender_options = '{}' returning 1")
    place.sync_tickets()
    place.rebuild()
    (unknown,) = store.read_sales(place.database, "unknown_answers")
    assert unknown["answer"] == FREE_TEXT
    assert "Xyzzy" not in place.everything_stored()
    file = tmp_path / "mappings.yaml"
    file.write_text("genders: {XYZZY.: diverse}\n", encoding="utf-8")
    place.sync_tickets(vivenu_mappings_file=str(file))
    place.rebuild(vivenu_mappings_file=str(file))
    found = place.rows("select sum(tickets) as n from vivenu_gender where gender = 'diverse' and answer = 'xyzzy'")
    assert (found[0]["n"], store.read_sales(place.database, "unknown_answers")) == (unknown["tickets"], [])


def test_a_word_learnt_later_sends_no_request_where_answers_are_options(
    place: OrganiserLocation, tmp_path: Path
) -> None:
    place.sync()
    file = tmp_path / "mappings.yaml"
    file.write_text("genders: {XYZZY.: diverse}\n", encoding="utf-8")
    assert not any(report.is_full for report in place.sync_tickets(vivenu_mappings_file=str(file)).values())
    place.rebuild(vivenu_mappings_file=str(file))
    assert store.read_sales(place.database, "unknown_answers") == []


def test_what_stored_data_cannot_correct_is_read_again(place: OrganiserLocation, tmp_path: Path) -> None:
    place.sync()
    file = tmp_path / "mappings.yaml"
    file.write_text("date_order: day_first\n", encoding="utf-8")
    change = {"vivenu_mappings_file": str(file)}
    assert not any(report.is_full for report in place.sync_tickets().values())
    assert all(report.is_full for report in place.sync_tickets(**change).values())
    assert not any(report.is_full for report in place.sync_tickets(**change).values())


def test_a_price_corrected_without_a_new_moment_of_change_is_taken_by_a_whole_read(place: OrganiserLocation) -> None:
    place.sync()
    ticket = next(iter(place.organiser.world.tickets.values()))
    ticket.paid_cents, ticket.type = 4321, ticket.event.types[1]
    reports = place.sync_tickets(ticket.event.event_id, full=True)
    assert reports[ticket.event.event_id].stored.changed == 1
    (row,) = place.rows("select * from vivenu_tickets where ticket_id = %(id)s", id=ticket.ticket_id)
    assert (str(row["real_price"]), row["ticket_type_id"], row["ticket_name"]) == (
        "43.21",
        ticket.type.type_id,
        "RACE WOMEN | Saturday",
    )


def test_a_newest_ticket_that_cannot_be_read_is_kept_as_a_reject_and_read_past(place: OrganiserLocation) -> None:
    place.sync()
    world = place.organiser.world
    ticket = world.of_event(world.events[0].event_id)[0]
    before = ticket.status
    world.set_status(ticket.ticket_id, "INVALID", datetime.now(UTC) - timedelta(minutes=1))
    place.organiser.desk.garbled.add(ticket.ticket_id)
    for _ in range(3):
        report = place.sync_tickets(vivenu_overlap_minutes=0)[ticket.event.event_id]
        assert (report.is_full, report.error, len(report.rejected)) == (False, None, 1)
        (row,) = store.read_rejects(place.database)
        assert (row["subject"], row["item_id"]) == (ticket.event.event_id, ticket.ticket_id)
        assert "Expected `str`" in row["reason"]
        mark = store.read_mark(place.database, ticket.event.event_id) or {}
        assert (mark["high_water_at"], mark["unreadable"]) == (ticket.updated_at, 1)
    assert stored(place)[ticket.ticket_id] == (ticket.event.event_id, before)
    place.organiser.desk.garbled.clear()
    assert not any(report.is_full for report in place.sync_tickets().values())
    assert store.read_rejects(place.database) == []
    assert stored(place) == sold(place)


def uses(place: OrganiserLocation) -> set[str]:
    """Transactions that used a coupon, as stored."""
    return {row["transaction_id"] for row in place.rows("select distinct transaction_id from vivenu_coupon_uses")}


def test_coupons_and_transactions_that_cannot_be_read_are_counted_and_lose_nothing(place: OrganiserLocation) -> None:
    place.sync()
    world, before = place.organiser.world, uses(place)
    garbled = {min(before), world.coupons[0].coupon_id, str(world.coupons[-1].series_id)}
    place.organiser.desk.garbled |= garbled
    report = place.sync_coupons(full=True)
    assert {text.partition(":")[0] for text in report.rejected} == garbled
    rejects = {row["item_id"]: row["subject"] for row in store.read_rejects(place.database)}
    assert rejects == dict(zip(sorted(garbled), ("transactions", "coupons", "series"), strict=True))
    assert uses(place) == before
    assert all(row["is_listed"] for row in place.rows("select is_listed from vivenu_coupons"))
    place.organiser.desk.garbled.clear()
    assert place.sync_coupons(full=True).rejected == ()
    assert store.read_rejects(place.database) == []


def test_a_whole_read_ends_the_uses_of_transactions_that_vanished(place: OrganiserLocation) -> None:
    place.sync()
    before = uses(place)
    del place.organiser.world.purchases[min(before)]
    place.sync_coupons()
    assert uses(place) == before
    place.sync_coupons(full=True)
    assert uses(place) == before - {min(before)}


def test_a_value_that_no_column_holds_costs_its_own_ticket_only(place: OrganiserLocation) -> None:
    place.sync_events()
    world = place.organiser.world
    ticket = world.of_event(world.events[0].event_id)[0]
    ticket.paid_cents = 10**32
    reports = place.sync_tickets()
    assert [report.error for report in reports.values()] == [None] * len(world.events)
    (reason,) = reports[ticket.event.event_id].rejected
    assert reason.startswith(ticket.ticket_id)
    assert stored(place).keys() == sold(place).keys() - {ticket.ticket_id}


def test_an_event_that_fails_stops_no_other_and_stores_nothing(place: OrganiserLocation) -> None:
    place.sync_events()
    bad, *good = (event.event_id for event in place.organiser.world.events)
    place.organiser.faults.add(Fault(FaultKind.RATE_LIMITED, external_id=bad, times=None, retry_after="0"))
    reports = place.sync_tickets(httpx_retries=0)
    assert isinstance(reports[bad].error, RateLimited)
    assert [reports[key].error for key in good] == [None] * 4
    assert {event for event, _ in stored(place).values()} == set(good)


def test_coupons_bring_the_terms_of_their_series_and_transactions_come_once(place: OrganiserLocation) -> None:
    place.sync()
    rows = {row["coupon_id"]: row for row in place.rows("select * from vivenu_coupons")}
    for coupon in place.organiser.world.coupons:
        row = rows[coupon.coupon_id]
        assert (row["name"], row["discount_value"], row["series_id"]) == (coupon.name, coupon.percent, coupon.series_id)
    again = place.sync_coupons(vivenu_overlap_minutes=0)
    assert again.transactions == 1
    uses = place.rows("select count(*) as n from vivenu_coupon_uses")[0]["n"]
    assert uses == sum(len(one.coupons) for one in place.organiser.world.purchases.values())


def test_runs_at_the_same_time_wait_for_each_other(place: OrganiserLocation) -> None:
    place.sync()
    place.organiser.world.change_some(60, datetime.now(UTC))
    with ThreadPoolExecutor(max_workers=4) as pool:
        works = [pool.submit(work) for work in [place.rebuild, partial(place.sync_tickets, full=True)] * 2]
        results = [work.result() for work in works]
    assert {report.error for reports in results[1::2] for report in reports.values()} == {None}
    place.rebuild()
    assert_every_number_is_true(place, NOW)


def test_no_personal_data_is_in_the_database_or_in_any_log(
    place: OrganiserLocation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        place.sync()
        place.organiser.faults.add(Fault(FaultKind.TRUNCATED, times=None))
        errors = [str(report.error) for report in place.sync_tickets(full=True).values()]
        place.organiser.faults.clear()
        place.rebuild()
    everything = place.everything_stored() + caplog.text + "\n".join(errors)
    assert [error for error in errors if "the tickets of event" not in error] == []
    assert ANSWERS[1][0] in everything  # so what was searched is what was stored
    assert re.findall(rf".{{20}}{CANARY}.{{20}}", everything) == []
    assert [day for day in birth_dates(place.organiser.world) if day in everything] == []


def peak_megabytes() -> float:
    """The most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_ten_thousand_tickets_are_stored_within_12_cpu_seconds_and_100_megabytes(migrated_url: str) -> None:
    with open_organiser_location(migrated_url, events=20, tickets=10_000) as place:
        before, started = peak_megabytes(), time.process_time()
        place.sync_events()
        reports = place.sync_tickets(vivenu_page_size=1000)
        seconds, grown = time.process_time() - started, peak_megabytes() - before
    assert sum(report.stored.added for report in reports.values()) == 10_000
    # Client and simulator together: they share this process, and it may have run other tests before.
    print(f"10,000 tickets in {seconds:.1f} CPU-s, peak {peak_megabytes():.0f} MB")  # noqa: T201 - shown by pytest -s
    assert seconds < 12  # 50,000 take 17 and grow by less than 100 MB
    assert grown < 100
