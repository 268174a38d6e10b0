"""The partition sets: what an unknown event key answers, also at the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline.defs.partitions import EVENT_PARTITIONS, UnknownEventKeyError
from ticket_pipeline.market.vocabulary import Marketplace

CONFIG = Path(__file__).resolve().parent.parent.parent / "dagster.yaml"
STUBHUB_SET = "stubhub_events"
KEYS = ["157284301", "157284310", "200000000"]


def test_every_marketplace_has_a_set_of_its_own_name() -> None:
    assert {marketplace: one.name for marketplace, one in EVENT_PARTITIONS.items()} == {
        marketplace: f"{marketplace}_events" for marketplace in Marketplace
    }


def test_a_known_key_is_a_partition_and_an_unknown_one_is_refused_with_the_way_out() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(STUBHUB_SET, KEYS)
        with dg.partition_loading_context(dynamic_partitions_store=instance) as context:
            partitions = EVENT_PARTITIONS[Marketplace.STUBHUB]
            partitions.validate_partition_key(KEYS[0], context)
            with pytest.raises(UnknownEventKeyError) as refused:
                partitions.validate_partition_key("157284302", context)
    assert refused.value.message.startswith("Looked for '157284302' among the event keys of stubhub_events; not found.")
    assert "3 are known (nearest 157284301, 157284310)" in refused.value.message


@pytest.mark.slow
def test_dagster_materialize_of_an_unknown_key_ends_with_one_clear_line(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(CONFIG, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(STUBHUB_SET, KEYS)
    chosen = ["--select", "stubhub_listings", "--partition", "157284302", "-m", "ticket_pipeline.definitions"]
    ended = subprocess.run(
        [sys.executable, "-m", "dagster", "asset", "materialize", *chosen],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 1
    (error,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    assert error.startswith("Error: Looked for '157284302' among the event keys of stubhub_events; not found.")
    assert "3 are known (nearest 157284301, 157284310)" in error
    assert "dagster asset materialize --select events" in error
    assert "Traceback" not in ended.stdout + ended.stderr
