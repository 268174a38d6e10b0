"""`primary-sales`: charts and tables that fit a terminal, with the organiser's true numbers."""

from __future__ import annotations

from ticket_pipeline_tests.cli.conftest import assert_fits
from ticket_pipeline_tests.cli.test_pipeline_commands import ask, env, place, run
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation
from ticket_pipeline_tests.simulator_support.vivenu_truth import true_summary

__all__ = ["env", "place"]  # fixtures


def test_every_event_is_one_row(place: OrganiserLocation, env: dict[str, str]) -> None:
    place.sync()
    place.rebuild()
    shown = run(env, "primary-sales")
    assert_fits(shown.stdout)
    truth = true_summary(place.organiser.world, NOW)
    assert {row["external_id"]: row["sold"] for row in ask(env, "primary-sales")} == {
        key: row["sold"] for key, row in truth.items()
    }
    assert all(event.name in shown.stdout for event in place.organiser.world.events)


def test_one_event_has_its_charts_by_id_or_name(place: OrganiserLocation, env: dict[str, str]) -> None:
    place.sync()
    place.rebuild()
    event = place.organiser.world.events[0]
    shown = run(env, "primary-sales", event.event_id)
    assert shown.exit_code == 0, shown.output
    assert_fits(shown.stdout)
    sold = true_summary(place.organiser.world, NOW)[event.event_id]["sold"]
    for text in (
        f"{event.name}, {event.event_on}: {sold} sold",
        "25-29",
        "female",
        "RACE WOMEN | Saturday",
        "Partner series",
        "All events: uses",
        "Answers about gender with no known meaning: Xyzzy",
    ):
        assert text in shown.stdout
    assert run(env, "primary-sales", "race 1").stdout == shown.stdout
    document = ask(env, "primary-sales", event.event_id)
    used = sum(len(one.coupons) for one in place.organiser.world.purchases.values() if one.event is event)
    assert sum(row["transactions"] for row in document["coupons"]) == used
    assert (
        sum(row["tickets"] for row in document["days"]) == sold == sum(row["tickets"] for row in document["age_groups"])
    )


def test_an_unclear_event_is_an_error_with_ids(place: OrganiserLocation, env: dict[str, str]) -> None:
    nothing = run(env, "primary-sales", "race")
    assert "No sales summary for race yet. Run `ticket-pipeline pipelines run default`." in nothing.stderr
    place.sync()
    place.rebuild()
    unclear = run(env, "primary-sales", "race")
    assert unclear.exit_code == 1
    assert "5 events match race" in unclear.stderr
    first = place.organiser.world.events[0]
    assert first.event_id in unclear.stderr
    place.rows(
        "update vivenu_summary set name = name || '0' where external_id <> %(id)s returning 1", id=first.event_id
    )
    assert ask(env, "primary-sales", first.name.lower())["summary"]["external_id"] == first.event_id
    assert "No event matches concert." in run(env, "primary-sales", "concert").stderr
