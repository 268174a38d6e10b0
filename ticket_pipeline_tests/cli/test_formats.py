"""One value to one short text, and the one text that is read back: a bucket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.cli.formats import (
    ago,
    count,
    local_time,
    money,
    parse_bucket,
    parse_duration,
    percent,
    plain,
    until,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hours"), [("1 day", 24), ("6 hours", 6), ("1h", 1), (" 3 Weeks ", 504), ("day", 24), ("31d", 744)]
)
def test_a_bucket_is_read_in_hours_days_or_weeks(text: str, hours: int) -> None:
    assert parse_bucket(text) == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["30 minutes", "90 minutes", "5m", "0h", "32 days", "1 month", "", "-1 day", "1.5h", "day 1", "1 d x"]
)
def test_anything_else_is_not_a_bucket(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is not (a duration|whole hours)"):
        parse_bucket(text)


@pytest.mark.parametrize("text", ["30m", "soon"])
def test_what_is_advised_instead_of_a_wrong_bucket_is_a_bucket(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="give 6h, 2d or 1w, for example") as refused:
        parse_bucket(text)
    assert "30m, " not in refused.value.message


def test_an_age_may_be_shorter_than_a_bucket() -> None:
    assert [parse_duration(text) // timedelta(minutes=1) for text in ("30m", "45 minutes", "1h")] == [30, 45, 60]


@given(st.decimals(min_value=0, max_value=Decimal("9999999.99"), places=2))
def test_money_fits_a_column_and_shows_every_cent_below_ten_thousand(amount: Decimal) -> None:
    text = money(amount)
    assert len(text) <= 10
    if amount < 10_000:
        assert Decimal(text) == amount
        assert len(text) <= 7


def test_an_unknown_value_is_a_dash_and_never_zero() -> None:
    assert [money(None), count(None), percent(None, Decimal(1)), percent(Decimal(0), Decimal(1)), plain(None)] == [
        "\N{EN DASH}"
    ] * 5
    assert [money(Decimal("0.00")), count(0)] == ["0.00", "0"]


def test_a_change_is_of_the_first_price() -> None:
    assert [percent(Decimal(80), Decimal(last)) for last in (70, 80)] == ["-12.5%", "+0.0%"]


def test_a_moment_is_shown_on_the_venues_clock_with_its_zone() -> None:
    assert local_time(NOON, "America/New_York") == "2026-03-02 07:00 EST"
    assert local_time(NOON + timedelta(days=60), "America/New_York") == "2026-05-01 08:00 EDT"
    assert local_time(NOON, "Asia/Dubai") == "2026-03-02 16:00 UTC+04"
    assert local_time(None, "UTC") == "\N{EN DASH}"


def test_a_wait_is_shown_in_its_largest_unit() -> None:
    minute = timedelta(minutes=1)
    assert [ago(NOON - minutes * minute, NOON) for minutes in (0.5, 5, 1800)] == ["just now", "5 min ago", "1 d ago"]
    assert [until(NOON + minutes * minute, NOON) for minutes in (-1, 0, 185)] == ["now", "now", "in 3 h"]
    assert (ago(None, NOON), until(None, NOON)) == ("never", "\N{EN DASH}")


def test_a_name_cannot_steer_the_terminal() -> None:
    assert plain("Hawks\x1b[2J at\nHeat \N{SNOWMAN}") == "Hawks\ufffd[2J at\ufffdHeat \N{SNOWMAN}"
