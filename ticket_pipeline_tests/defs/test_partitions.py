"""The partition sets, and the message about a key that is not in one, also at the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import dagster as dg
import pytest
from dagster._core.asset_graph_view.asset_graph_view import AssetGraphView

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, UnknownPartitionKeyError, days_since, hours_since
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.storage.migrations import apply_migrations
from ticket_pipeline_tests.ingest.loopback import open_loopback

STUBHUB_SET = "stubhub_events"
KEYS = ["157284301", "157284310", "200000000"]


def test_every_marketplace_has_a_set_of_its_own_name() -> None:
    assert {marketplace: one.name for marketplace, one in EVENT_PARTITIONS.items()} == {
        marketplace: f"{marketplace}_events" for marketplace in Marketplace
    }


def test_a_known_key_is_a_partition_and_an_unknown_one_is_rejected_with_a_remedy() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(STUBHUB_SET, KEYS)
        with dg.partition_loading_context(dynamic_partitions_store=instance) as context:
            partitions = EVENT_PARTITIONS[Marketplace.STUBHUB]
            partitions.validate_partition_key(KEYS[0], context)
            with pytest.raises(UnknownPartitionKeyError) as rejected:
                partitions.validate_partition_key("157284302", context)
    assert rejected.value.message.startswith("No event of stubhub has the key '157284302'.")
    assert "3 are known (nearest 157284301, 157284310)" in rejected.value.message


def test_a_backfill_of_all_days_depends_on_no_hour_that_does_not_exist_yet(defs: dg.Definitions) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        view = AssetGraphView.for_test(defs, instance)
        all_days = view.get_full_subset(key=dg.AssetKey("daily_prices"))
        hours, missing = view.compute_parent_subset_and_required_but_nonexistent_subset(
            dg.AssetKey("hourly_prices"), all_days
        )
    assert not hours.is_empty
    assert missing.is_empty


@pytest.mark.parametrize(
    ("marketplace", "asset"), [(Marketplace.VIVENU, "vivenu_events"), (Marketplace.TICKETMASTER, "events")]
)
def test_an_unknown_key_names_the_asset_that_brings_keys(marketplace: Marketplace, asset: str) -> None:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.partition_loading_context(dynamic_partitions_store=instance) as context,
        pytest.raises(UnknownPartitionKeyError, match=f"--select {asset} -m") as rejected,
    ):
        EVENT_PARTITIONS[marketplace].validate_partition_key("nope", context)
    assert ("watchlist" in rejected.value.message) == (marketplace is not Marketplace.VIVENU)


@pytest.mark.parametrize(
    ("windows", "key", "expected"),
    [
        (hours_since(date(2026, 6, 1)), "2026-05-31-23:00", "There are 37, from 2026-06-01"),
        (hours_since(date(2026, 6, 1)), "2026-06-02-05:10", "written %Y-%m-%d-%H:%M"),
        (hours_since(date(2026, 6, 1)), "tomorrow", "A key is the start of an hour in UTC"),
        (days_since(date(2026, 6, 1)), "2026-06-03", "There are 2, from 2026-06-01 to 2026-06-02"),
        (days_since(date(2026, 6, 1)), "tomorrow", "written %Y-%m-%d"),
        (days_since(date(2026, 7, 1)), "2026-06-02", "The first day is to come"),
    ],
)
def test_an_hour_or_day_that_does_not_exist_is_rejected_with_a_remedy(
    windows: dg.TimeWindowPartitionsDefinition, key: str, expected: str
) -> None:
    now = datetime(2026, 6, 2, 12, 30, tzinfo=UTC)
    with (
        dg.partition_loading_context(effective_dt=now) as context,
        pytest.raises(UnknownPartitionKeyError) as rejected,
    ):
        windows.validate_partition_key(key, context)
    assert expected in rejected.value.message


def test_hours_and_days_are_known_up_to_the_one_under_way() -> None:
    now = datetime(2026, 6, 2, 12, 30, tzinfo=UTC)
    with dg.partition_loading_context(effective_dt=now) as context:
        hours_since(date(2026, 6, 1)).validate_partition_key("2026-06-02-12:00", context)
        days_since(date(2026, 6, 1)).validate_partition_key("2026-06-02", context)


def materialize(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `dagster asset materialize` for events of StubHub."""
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", "ticket_pipeline.definitions"]
    command += ["--select", "stubhub_listings", *options]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=150, check=False
    )


@pytest.mark.usefixtures("home")
def test_dagster_materialize_of_an_unknown_key_ends_with_one_clear_line() -> None:
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(STUBHUB_SET, KEYS)
    ended = materialize("--partition", "157284302")
    assert ended.returncode == 1
    (error,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    for part in (
        "No event of stubhub has the key '157284302'.",
        "3 are known (nearest 157284301, 157284310)",
        "dagster asset materialize --select events",
    ):
        assert part in error
    assert "Traceback" not in ended.stdout + ended.stderr


@pytest.mark.usefixtures("home")
def test_dagster_materialize_polls_a_range_of_events(database_url: str) -> None:
    apply_migrations(database_url)
    with open_loopback(database_url) as loopback:
        loopback.watch()
        keys = loopback.keys
        with dg.DagsterInstance.get() as instance:
            instance.add_dynamic_partitions(STUBHUB_SET, keys)
        pace = {"MIN_REQUEST_DELAY": "0", "MAX_REQUEST_DELAY": "0"}
        ended = materialize("--partition-range", f"{keys[2]}...{keys[3]}", STUBHUB_API_BASE_URL=loopback.url, **pace)
        assert ended.returncode == 0, ended.stderr
        assert sorted(str(record.external_id) for record in loopback.log.records()) == keys[2:]
