"""The checks of primary sales: green after a run, red or yellow on each kind of bad data, and then they name it."""

from __future__ import annotations

import dagster as dg

from ticket_pipeline.definitions import build_defs
from ticket_pipeline_tests.defs.offenders import named
from ticket_pipeline_tests.defs.primary_sales.vivenu_location import VivenuLocation
from ticket_pipeline_tests.primary_sales.organiser import NOW


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Check → what it found in a run."""
    return {found.check_name: found for found in result.get_asset_check_evaluations()}


def recheck(vivenu: VivenuLocation) -> dict[str, dg.AssetCheckEvaluation]:
    """What the checks of primary sales find now."""
    defs = build_defs(vivenu.place.settings(**vivenu.changes), now=lambda: NOW)
    keys = {key for key in defs.resolve_asset_graph().asset_check_keys if key.asset_key.path[-1].startswith("vivenu_")}
    job = defs.resolve_implicit_global_asset_job_def().get_subset(asset_selection=set(), asset_check_selection=keys)
    return evaluations(job.execute_in_process(instance=vivenu.instance, raise_on_error=False))


def test_a_run_ends_with_checks_that_are_green_but_for_what_was_sold_over(vivenu: VivenuLocation) -> None:
    result = vivenu.run()
    assert result.success
    found = evaluations(result)
    assert len(found) == 6
    # The organiser sells a little more than the capacity, as real ones do.
    assert {name for name, one in found.items() if not one.passed} == {"nothing_is_oversold"}
    assert found["nothing_is_oversold"].severity == dg.AssetCheckSeverity.WARN


DAMAGE_TO_ONE_EVENT = (
    "update vivenu_reads set announced = 7 where subject = %(key)s returning 1",
    "update vivenu_tickets set real_price = -1 where ticket_id = %(ticket)s returning 1",
    # One ticket too many is oversold.
    """
    update vivenu_events as e set capacity = (
      select count(*) - 1 from vivenu_tickets as t
      where t.external_id = e.external_id and t.status in ('VALID', 'DETAILSREQUIRED')
    ) where e.external_id = %(key)s returning 1
    """,
    "update vivenu_gender set gender = 'unknown' where external_id = %(key)s returning 1",
    "update vivenu_tickets set age_years = null, age_shape = 'dd' where external_id = %(key)s returning 1",
)
WHAT_IS_TRUE = """
select
  count(*) filter (where status <> 'GONE') as known,
  count(*) filter (where status in ('VALID', 'DETAILSREQUIRED')) as sold,
  sum(real_price) filter (where status in ('VALID', 'DETAILSREQUIRED')) as revenue,
  count(*) filter (where status in ('VALID', 'DETAILSREQUIRED') and age_shape is not null) as ages,
  (select sum(tickets) from vivenu_sales_daily where external_id = %(key)s) as daily,
  (select sum(revenue) from vivenu_sales_daily where external_id = %(key)s) as daily_revenue,
  (select sum(tickets) from vivenu_gender where external_id = %(key)s and answer <> '(no answer)') as genders
from vivenu_tickets
where external_id = %(key)s
"""


def test_bad_data_is_found_and_shown_beside_what_should_be(vivenu: VivenuLocation) -> None:
    vivenu.place.sync()
    vivenu.place.rebuild()
    (event,) = vivenu.place.rows(
        "select e.external_id, e.name, max(t.currency) as currency, min(t.ticket_id) as ticket from vivenu_tickets t"
        " join vivenu_events e using (external_id) where t.status = 'VALID' and t.real_price > 0"
        " group by 1, 2 order by count(*) desc limit 1"
    )
    key, ticket, currency = event["external_id"], event["ticket"], event["currency"]
    for damage in DAMAGE_TO_ONE_EVENT:
        vivenu.place.rows(damage, key=key, ticket=ticket)
    (true,) = vivenu.place.rows(WHAT_IS_TRUE, key=key)
    found = recheck(vivenu)
    assert not any(one.passed for one in found.values())
    assert {name for name, one in found.items() if one.severity == dg.AssetCheckSeverity.WARN} == {
        "nothing_is_oversold",
        "answers_about_gender_are_known",
        "answers_about_age_are_ages",
    }
    event_cells = {"event": event["name"], "key": key}

    def of_event(check: str, **where: str) -> dict[str, str]:
        (row,) = [row for row in named(found[check]) if (event_cells | where).items() <= row.items()]
        return row

    assert of_event("ticket_counts_match_vivenu") == event_cells | {
        "tickets": str(true["known"]),
        "vivenu counts": "7",
    }
    assert of_event("no_price_is_negative") == event_cells | {
        "tickets": "1",
        "paid": f"-1.00 {currency}",
        "for example": ticket,
    }
    oversold = of_event("nothing_is_oversold", **{"ticket type": "all types"})
    assert (oversold["sold"], oversold["capacity"]) == (str(true["sold"]), str(true["sold"] - 1))
    assert of_event("daily_sales_add_up_to_the_tickets") == event_cells | {
        "sold by ticket": str(true["sold"]),
        "sold by day": str(true["daily"]),
        "revenue by ticket": f"{true['revenue']:,.2f} {currency}",
        "revenue by day": f"{true['daily_revenue']:,.2f} {currency}",
    }
    for check, answers in (
        ("answers_about_gender_are_known", true["genders"]),
        ("answers_about_age_are_ages", true["ages"]),
    ):
        assert of_event(check) == event_cells | {"answers": str(answers), "unknown": str(answers)}


def test_an_event_read_after_its_sales_were_rebuilt_waits_for_that(vivenu: VivenuLocation) -> None:
    vivenu.place.sync()
    vivenu.place.rebuild()
    world = vivenu.place.organiser.world
    world.change_some(60, max(ticket.updated_at for ticket in world.tickets.values()))
    vivenu.place.sync_tickets(full=True)
    assert recheck(vivenu)["daily_sales_add_up_to_the_tickets"].passed


def test_few_answers_are_not_judged(vivenu: VivenuLocation) -> None:
    vivenu.place.sync()
    vivenu.place.rebuild()
    vivenu.place.rows("update vivenu_gender set gender = 'unknown', tickets = 1 returning 1")
    assert recheck(vivenu)["answers_about_gender_are_known"].passed
