"""The assets of primary sales: every number equals the organiser's truth, partitions turn green, errors name events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.vivenu_world import CANARY
from ticket_pipeline_tests.defs.location import RANGE_END, RANGE_START, failure_of, materializations
from ticket_pipeline_tests.defs.primary_sales.vivenu_location import made
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline_tests.defs.primary_sales.vivenu_location import VivenuLocation


def test_after_tickets_changed_every_number_is_true_again(vivenu: VivenuLocation) -> None:
    assert vivenu.run().success
    assert_every_number_is_true(vivenu.place, NOW)
    world = vivenu.place.organiser.world
    world.change_some(40, datetime.now(UTC))
    del world.tickets[next(iter(world.tickets))]
    assert vivenu.run().success
    assert_every_number_is_true(vivenu.place, NOW)


def test_every_event_becomes_a_partition_and_turns_green_with_its_numbers(vivenu: VivenuLocation) -> None:
    result = vivenu.run()
    assert CANARY not in "\n".join(str(entry) for entry in vivenu.instance.all_logs(result.run_id))
    keys = {event.event_id for event in vivenu.place.organiser.world.events}
    assert set(vivenu.instance.get_dynamic_partitions("vivenu_events")) == keys
    by_partition = {key: metadata for key, metadata in materializations(result, vivenu.instance).items() if key}
    assert by_partition.keys() == keys
    for key, metadata in by_partition.items():
        tickets = len(vivenu.place.organiser.world.of_event(key))
        assert (metadata["received"], metadata["added"], metadata["read"]) == (tickets, tickets, "everything")


def test_one_partition_reads_one_event_and_shows_its_own_numbers(vivenu: VivenuLocation) -> None:
    vivenu.run(asset_selection=[dg.AssetKey("vivenu_events")])
    key = vivenu.place.organiser.world.events[1].event_id
    vivenu.place.organiser.log.clear()
    result = vivenu.run(asset_selection=[dg.AssetKey("vivenu_tickets")], partition_key=key)
    assert len(result.get_asset_check_evaluations()) == 3
    (metadata,) = materializations(result, vivenu.instance).values()
    assert metadata["dagster/row_count"] == len(vivenu.place.organiser.world.of_event(key))
    assert {record.external_id for record in vivenu.place.organiser.log.records()} == {key}


def test_an_event_that_fails_is_named_and_the_others_are_stored(vivenu: VivenuLocation) -> None:
    bad = vivenu.place.organiser.world.events[0].event_id
    vivenu.place.organiser.faults.add(Fault(FaultKind.FORBIDDEN, external_id=bad, times=None))
    result = vivenu.run()
    error = result.failure_data_for_node("vivenu_tickets")
    assert error is not None
    description = error.user_failure_data.description if error.user_failure_data else ""
    assert (description or "").startswith("Could not read the tickets of 1 of 5 events; the others are stored.\n" + bad)
    assert len(vivenu.instance.get_materialized_partitions(dg.AssetKey("vivenu_tickets"))) == 4


def test_changed_groups_and_words_apply_without_a_request(vivenu: VivenuLocation, tmp_path: Path) -> None:
    before = made(vivenu.run())["vivenu_gender"]
    assert before["unknown_answers"].records[0].data["answer"] == "Xyzzy"
    file = tmp_path / "mappings.yaml"
    file.write_text("genders: {Xyzzy: diverse}\nage_groups: 30-39, 40+\n", encoding="utf-8")
    vivenu.changes = {"vivenu_mappings_file": str(file)}
    vivenu.place.organiser.log.clear()
    selection = [dg.AssetKey(name) for name in ("vivenu_gender", "vivenu_age_groups")]
    after = made(vivenu.run(asset_selection=selection))
    assert (after["vivenu_gender"]["unknown_tickets"], vivenu.place.organiser.log.records()) == (0, [])
    groups = {row["age_group"] for row in vivenu.place.rows("select distinct age_group from vivenu_age_groups")}
    assert groups == {"under 30", "30-39", "40+", "unknown"}


def test_every_table_shows_its_rows_and_the_figures_of_each_event(vivenu: VivenuLocation) -> None:
    result = vivenu.run()
    seen = made(result)
    for table, metadata in seen.items():
        assert metadata["dagster/row_count"] == len(vivenu.place.rows(f"table {table}"))
    events = vivenu.place.organiser.world.events
    sold = {row["name"]: row["sold"] for row in vivenu.place.rows("select name, sold from vivenu_summary")}
    daily = {one.data["event"]: one.data for one in seen["vivenu_sales_daily"]["sales"].records}
    assert {name: data["tickets"] for name, data in daily.items()} == {
        name: str(tickets) for name, tickets in sold.items() if tickets
    }
    assert any("█" in data["by day"] for data in daily.values())
    ages = {one.data.pop("event"): one.data for one in seen["vivenu_age_groups"]["ages"].records}
    assert {name: sum(map(int, groups.values())) for name, groups in ages.items()} == {
        name: tickets for name, tickets in sold.items() if tickets
    }
    assert {one.data["event"] for one in seen["vivenu_gender"]["genders"].records} == ages.keys()
    assert len(seen["vivenu_summary"]["summary"].records) == len(events)
    assert seen["vivenu_summary"]["summary"].records[0].data["revenue"].endswith(" EUR")
    assert seen["vivenu_coupons"]["most_used"].records[0].data["code"].startswith("S")
    assert "no field asks for gender" in seen["vivenu_events"]["problems"]


def test_an_unknown_key_and_a_range_that_ends_before_it_starts_fail_before_a_request(vivenu: VivenuLocation) -> None:
    vivenu.run(asset_selection=[dg.AssetKey("vivenu_events")])
    first, *_, last = vivenu.instance.get_dynamic_partitions("vivenu_events")
    vivenu.instance.add_dynamic_partitions("vivenu_events", ["65a0"])
    vivenu.place.organiser.log.clear()
    tickets = [dg.AssetKey("vivenu_tickets")]
    assert "65a0" in failure_of(vivenu.run(asset_selection=tickets, partition_key="65a0"))
    reverse = vivenu.run(asset_selection=tickets, tags={RANGE_START: last, RANGE_END: first})
    assert f"Write {first}...{last}." in failure_of(reverse)
    assert vivenu.place.organiser.log.records() == []
