"""One measured run in a fresh process: `python -m benchmarks.child poll|export|run …`.

What belongs here: what runs in the child, and starting it. What does not: what its figures mean.

A run's processor time and memory are those of the process it has to itself, as under Dagster's own run launcher; the
instance, its storage and the job are the real ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.ground import PROJECT
from ticket_pipeline.settings.model import ENV_FILE_VARIABLE, Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.ground import Ground


@dataclass(frozen=True, slots=True)
class Usage:
    """What one child process used.

    Attributes:
        wall: seconds of the work itself, from asking for the run to its end.
        work_cpu: CPU seconds of this process in it.
        process_cpu: CPU seconds of the process from its start, imports and all.
        memory_mb: the most it held at once, in MB (2**20).
        runs: Dagster runs known afterwards.
        partitions: partitions of the asset that are materialized afterwards.
        server_cpu: CPU seconds of the database server meanwhile, seen from outside.
        bytes_a_run: by which each run but the first enlarged Dagster's tables; 0 where there was one.
    """

    wall: float
    work_cpu: float
    process_cpu: float
    memory_mb: float
    runs: int = 0
    partitions: int = 0
    server_cpu: float = 0.0
    bytes_a_run: float = 0.0


def run_child(ground: Ground, arguments: list[str], environment: Mapping[str, str]) -> Usage:
    """Run this module in a process of its own, in a Dagster home of its own.

    Raises:
        RuntimeError: it failed; the message ends with what it said.
    """
    before = ground.cpu_seconds()
    with tempfile.TemporaryDirectory(prefix="ticket-pipeline-bench-") as home:
        shutil.copy(PROJECT / "dagster.yaml", home)
        # A developer's own settings must not reach the child, neither by name nor by a .env in the working folder.
        foreign = {name.upper() for name in Settings.model_fields} | {ENV_FILE_VARIABLE}
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        finished = subprocess.run(
            [sys.executable, "-m", "benchmarks.child", str(Path(home) / "usage.json"), *arguments],
            check=False,
            cwd=home,
            env=inherited | {"DAGSTER_HOME": home, "PYTHONPATH": str(PROJECT)} | dict(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if finished.returncode:
            raise RuntimeError(
                f"Ran {' '.join(arguments[:2])} in a process of its own: failed.\n{finished.stderr[-3000:]}"
            )
        found = json.loads((Path(home) / "usage.json").read_text(encoding="utf-8"))
    return Usage(**found | {"server_cpu": ground.cpu_seconds() - before})


def main(answer_file: Path, mode: str, arguments: list[str]) -> None:
    """Do the work, and write its `Usage`."""
    modes: dict[str, Callable[..., Usage]] = {"poll": _poll, "export": _export, "run": _run}
    usage = modes[mode](*arguments)
    answer_file.write_text(json.dumps(asdict(usage)), encoding="utf-8")


def _poll(keys: str) -> Usage:
    """The batch by itself, without Dagster: the same fetching, gate and storing."""
    from ticket_pipeline.defs.resources import utc_now  # noqa: PLC0415 - each mode pays for its own imports only
    from ticket_pipeline.ingest.poll import poll_events  # noqa: PLC0415 - likewise
    from ticket_pipeline.market.vocabulary import Marketplace  # noqa: PLC0415 - likewise
    from ticket_pipeline.queries.events import read_events  # noqa: PLC0415 - likewise
    from ticket_pipeline.storage.connect import open_database  # noqa: PLC0415 - likewise

    settings = load_settings()
    wall, cpu = time.perf_counter(), time.process_time()
    with open_database(settings) as database:
        events = read_events(database, external_ids=json.loads(keys))
        batch = asyncio.run(poll_events(database, settings, Marketplace.STUBHUB, events, now=utc_now))
    if batch.failures or batch.skipped:
        raise RuntimeError(f"{len(batch.failures)} failed, {len(batch.skipped)} not tried: {batch.stopped_by}")
    return _usage(wall, cpu)


def _export(folder: str, kind: str, *event: str) -> Usage:
    """The command `export listings`, of all events or of one."""
    from ticket_pipeline.cli.app import app  # noqa: PLC0415 - each mode pays for its own imports only

    wall, cpu = time.perf_counter(), time.process_time()
    chosen = ["--event", *event] if event else []
    app(["export", "listings", "--to", folder, "--format", kind, *chosen], standalone_mode=False)
    return _usage(wall, cpu)


def _run(job_name: str, config: str, tags: str, asset: str, further: str = "0") -> Usage:
    """One Dagster run of a job of the real code location, on the real instance; then `further` ones for their size."""
    import dagster as dg  # noqa: PLC0415 - each mode pays for its own imports only

    from ticket_pipeline.definitions import build_defs  # noqa: PLC0415 - likewise

    job = build_defs().resolve_job_def(job_name)
    with dg.DagsterInstance.get() as instance:
        wall, cpu = time.perf_counter(), time.process_time()
        job.execute_in_process(instance=instance, run_config=json.loads(config), tags=json.loads(tags))
        usage = _usage(wall, cpu)
        partitions = instance.get_materialized_partitions(dg.AssetKey(asset))
        seen = {"runs": instance.get_runs_count(), "partitions": len(partitions)}
        before = _dagster_bytes() if int(further) else 0
        for _ in range(int(further)):
            job.execute_in_process(instance=instance, run_config=json.loads(config), tags=json.loads(tags))
        added = _dagster_bytes() - before if int(further) else 0
        return Usage(**asdict(usage) | seen | {"bytes_a_run": added / max(1, int(further))})


def _dagster_bytes() -> int:
    """What Dagster's tables take, with indexes."""
    from ticket_pipeline.storage.connect import open_database  # noqa: PLC0415 - each mode pays for its own imports only

    with open_database(load_settings()) as database:
        rows = database.fetch_all("maintenance/measure_tables", dagster_schema="dagster")
    return next(int(row["bytes"]) for row in rows if row["table"] == "dagster")


def _usage(wall: float, cpu: float) -> Usage:
    return Usage(
        wall=time.perf_counter() - wall,
        work_cpu=time.process_time() - cpu,
        process_cpu=time.process_time(),
        memory_mb=_peak_memory_mb(),
    )


def _peak_memory_mb() -> float:
    """Linux tells the peak of this program alone; `getrusage` would count the parent's before the program started."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("Looked for VmHWM in /proc/self/status; it is missing.")


def dagster_arguments(job_name: str, asset: str, *, config: Mapping[str, object], tags: Mapping[str, str]) -> list[str]:
    """The arguments of `run_child` for one run of a job."""
    return ["run", job_name, json.dumps(config), json.dumps(dict(tags)), asset]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
