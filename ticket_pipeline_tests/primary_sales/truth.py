"""Compares stored summaries with what is true of the simulated organiser."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation
from ticket_pipeline_tests.simulator_support.vivenu_truth import (
    true_age_groups,
    true_coupons,
    true_gender_answers,
    true_sales_daily,
    true_summary,
)

_DAY = ("external_id", "ticket_type_id", "day_on", "channel")
_DAILY = ("tickets", "revenue", "regular_value", "invalidated", "invalidated_value")


def assert_every_number_is_true(place: OrganiserLocation, now: datetime) -> None:
    """Every number of every summary equals the truth."""
    _assert_daily(place)
    world = place.organiser.world
    groups = place.rows("select external_id, age_group, gender, tickets from vivenu_age_groups")
    assert {(row["external_id"], row["age_group"], row["gender"]): row["tickets"] for row in groups} == (
        true_age_groups(world)
    )
    answers = place.rows("select external_id, answer, tickets from vivenu_gender")
    assert {
        (row["external_id"], None if row["answer"] == "(no answer)" else row["answer"]): row["tickets"]
        for row in answers
    } == true_gender_answers(world)
    coupons = {row["coupon_id"]: row for row in store.read_sales(place.database, "coupons")}
    for coupon_id, truth in true_coupons(world).items():
        row = coupons[coupon_id]
        assert (row["used"], row["tickets"], row["shared_transactions"]) == (
            truth["used"],
            truth["tickets"],
            truth["shared_transactions"],
        )
        assert (cents(row["revenue"]), cents(row["discount"])) == (truth["revenue"], truth["discount"])
    _assert_summary(place, now)


def cents(amount: Decimal | None) -> int:
    return int((amount or Decimal()) * 100)


def _assert_daily(place: OrganiserLocation) -> None:
    rows = place.rows("select * from vivenu_sales_daily order by external_id, ticket_type_id, day_on")
    stored = {
        tuple(row[name] for name in _DAY): {
            name: row[name] if isinstance(row[name], int) else cents(row[name]) for name in _DAILY
        }
        for row in rows
    }
    assert stored == true_sales_daily(place.organiser.world)
    capacities = {kind.type_id: kind.capacity for event in place.organiser.world.events for kind in event.types}
    for row in rows:
        own = [other for other in rows if other["ticket_type_id"] == row["ticket_type_id"]]
        assert row["sold_to_date"] == sum(other["tickets"] for other in own if other["day_on"] <= row["day_on"])
        assert row["capacity"] == capacities[row["ticket_type_id"]]


def _assert_summary(place: OrganiserLocation, now: datetime) -> None:
    rows = {row["external_id"]: row for row in store.read_sales(place.database, "summary")}
    truths = true_summary(place.organiser.world, now)
    assert rows.keys() == truths.keys()
    ages, genders = true_age_groups(place.organiser.world), {}
    for (event_id, _, gender), tickets in ages.items():
        genders[event_id, gender] = genders.get((event_id, gender), 0) + tickets
    for event_id, truth in truths.items():
        row = rows[event_id]
        assert (row["sold"], row["capacity"], row["invalidated"], row["coupon_tickets"]) == (
            truth["sold"],
            truth["capacity"],
            truth["invalidated"],
            truth["coupon_tickets"],
        )
        assert cents(row["revenue"]) == truth["revenue"]
        assert cents(row["revenue_with_coupon"]) == truth["coupon_revenue"]
        assert cents(row["revenue_without_coupon"]) == truth["revenue"] - truth["coupon_revenue"]
        assert float(row["coupon_share"]) == pytest.approx(truth["coupon_tickets"] / truth["sold"], abs=1e-4)
        assert row["gender_mix"] == {gender: n for (event, gender), n in genders.items() if event == event_id}
        assert sum(row["age_mix"].values()) == truth["sold"]
        pace = None if row["pace"] is None else float(row["pace"])
        assert pace == (None if truth["pace"] is None else pytest.approx(truth["pace"], abs=1e-3))
