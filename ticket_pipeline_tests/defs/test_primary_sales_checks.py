"""The checks of primary sales: green after a run, red or yellow on each kind of bad data, and then they name it."""

from __future__ import annotations

import dagster as dg
import pytest

from ticket_pipeline_tests.defs.test_primary_sales import VivenuLocation, vivenu

__all__ = ["vivenu"]  # fixture

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Check → what it found in a run."""
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


def recheck(vivenu: VivenuLocation) -> dict[str, dg.AssetCheckEvaluation]:
    """What the checks of primary sales find now."""
    return evaluations(vivenu.run("check_data"))


def test_a_run_ends_with_checks_that_are_green_but_for_what_was_sold_over(vivenu: VivenuLocation) -> None:
    result = vivenu.run()
    assert result.success
    found = evaluations(result)
    assert len(found) == 6
    # The organiser sells a little more than the capacity, as real ones do.
    assert {name for name, one in found.items() if not one.passed} == {"nothing_is_oversold"}
    assert found["nothing_is_oversold"].severity == WARN
    assert found["answers_about_gender_are_known"].metadata["unread"].value > 0


@pytest.mark.parametrize(
    ("damage", "check", "severity"),
    [
        ("update vivenu_reads set announced = 7", "tickets_are_as_many_as_vivenu_counts", ERROR),
        ("delete from vivenu_tickets where ticket_id like '%%1'", "tickets_are_as_many_as_vivenu_counts", ERROR),
        ("update vivenu_tickets set real_price = -1 where ticket_id like '%%12'", "no_price_is_negative", ERROR),
        ("update vivenu_events set capacity = 3", "nothing_is_oversold", WARN),
        ("update vivenu_sales_daily set tickets = tickets + 1", "daily_sales_add_up_to_the_tickets", ERROR),
        ("update vivenu_sales_daily set revenue = revenue / 2", "daily_sales_add_up_to_the_tickets", ERROR),
        ("update vivenu_gender set gender = 'unknown'", "answers_about_gender_are_known", WARN),
        (
            "update vivenu_tickets set age_years = null, age_shape = 'dd/dd/dddd' where age_years > 30",
            "answers_about_age_are_ages",
            WARN,
        ),
    ],
)
def test_bad_data_is_found_and_named(
    vivenu: VivenuLocation, damage: str, check: str, severity: dg.AssetCheckSeverity
) -> None:
    vivenu.run()
    vivenu.place.rows(f"{damage} returning 1")
    found = recheck(vivenu)[check]
    assert (found.passed, found.severity) == (False, severity)
    assert "65a0" in str(found.metadata["shown"].value)


def test_an_event_read_after_its_sales_were_reckoned_waits_for_that(vivenu: VivenuLocation) -> None:
    vivenu.run()
    world = vivenu.place.organiser.world
    world.change_some(60, max(ticket.updated_at for ticket in world.tickets.values()))
    vivenu.place.sync_tickets(full=True)
    assert recheck(vivenu)["daily_sales_add_up_to_the_tickets"].passed


def test_few_answers_are_not_judged(vivenu: VivenuLocation) -> None:
    vivenu.run()
    vivenu.place.rows("update vivenu_gender set gender = 'unknown', tickets = 1 returning 1")
    assert recheck(vivenu)["answers_about_gender_are_known"].passed
