"""The code location beside an organiser: running its jobs in process, and reading how their tables ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.primary_sales.pipelines import config_of
from ticket_pipeline.primary_sales.pipeline_files import read_pipelines
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation


@dataclass
class VivenuLocation:
    """The code location beside an organiser.

    Attributes:
        place: the organiser, and the database.
        instance: Dagster's.
        folder: for the test's own pipelines; the shipped ones are used until one is written.
        changes: settings that differ.
    """

    place: OrganiserLocation
    instance: dg.DagsterInstance
    folder: Path
    changes: dict[str, object] = field(default_factory=lambda: {"httpx_retries": 0})

    def write(self, steps: str, name: str = "mine") -> None:
        """Write a pipeline of these steps; from then on only the test's own are loaded."""
        text = f"name: {name}\ndescription: Mine.\nsteps: [{steps}]\n"
        (self.folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        self.changes["pipelines_dir"] = str(self.folder)

    def run(self, job: str = "vivenu_default", **options: Any) -> dg.ExecuteInProcessResult:  # noqa: ANN401 - Dagster's options
        """Run a job to its end, or the chosen assets, one table after the other."""
        defs = build_defs(self.place.settings(**self.changes), now=lambda: NOW)
        is_chosen = "asset_selection" in options
        definition = defs.resolve_implicit_global_asset_job_def() if is_chosen else defs.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False, **options)

    def run_pipeline(self, name: str = "mine") -> dg.ExecuteInProcessResult:
        """Run a pipeline as its schedule does."""
        pipelines, _ = read_pipelines(self.place.settings(**self.changes).pipelines_dir)
        (pipeline,) = [one for one in pipelines if one.name == name]
        return self.run(pipeline.job_name, run_config=config_of(pipeline))

    def requests(self) -> list[int]:
        """The status of every response of the organiser since the last call."""
        found = [record.status for record in self.place.organiser.log.records()]
        self.place.organiser.log.clear()
        return found


def made(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """Table → metadata of its last materialization as a whole, in the order in which they were made."""
    return {
        event.asset_key.to_user_string(): {name: value.value for name, value in event.materialization.metadata.items()}
        for event in result.all_events
        if event.is_step_materialization and event.asset_key and not event.partition
    }


def failed(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Failed table → why."""
    return {
        str(event.step_key): str(event.step_failure_data.user_failure_data or event.step_failure_data.error)
        for event in result.all_events
        if event.is_step_failure
    }
