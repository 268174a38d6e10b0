"""Runs of pipelines beside an organiser, by their own executors, and what Dagster recorded of them.

What belongs here: writing pipeline files, running them, reading events. What does not: what a test claims about them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from ticket_pipeline.definitions import build_defs
from ticket_pipeline_tests.primary_sales.organiser import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline_tests.primary_sales.organiser_location import OrganiserLocation

EVENTS = "  - {name: events, selection: vivenu_events}\n"
TICKETS = "  - {name: tickets, selection: vivenu_tickets}\n"
SALES = "  - {name: sales, selection: vivenu_sales_daily}\n"


@dataclass
class PipelineRuns:
    """The code location beside an organiser.

    Attributes:
        place: the organiser, and the database.
        instance: Dagster's.
        folder: where the test's own pipelines stand once one was written; the shipped ones until then.
        changes: settings that differ.
    """

    place: OrganiserLocation
    instance: dg.DagsterInstance
    folder: Path
    changes: dict[str, object] = field(default_factory=lambda: {"httpx_retries": 0})

    def write(self, text: str, name: str = "mine") -> None:
        """Write a pipeline; from then on only those of the test are there."""
        (self.folder / f"{name}.yaml").write_text(f"name: {name}\ndescription: Mine.\n{text}", encoding="utf-8")
        self.changes["pipelines_dir"] = str(self.folder)

    def run(self, name: str = "mine", **options: Any) -> Ended:  # noqa: ANN401 - Dagster's options
        """Run a pipeline to its end as the daemon does; `execute_in_process` puts another executor in its place."""
        job = self.defs.resolve_job_def(f"vivenu_{name}")
        run = self.instance.create_run_for_job(job, **options)
        return Ended(execute_run(InMemoryJob(job), run, self.instance).all_events)

    @property
    def defs(self) -> dg.Definitions:
        """Fresh definitions."""
        return build_defs(self.place.settings(**self.changes), now=lambda: NOW)

    def requests(self) -> list[int]:
        """The status of every answer of the organiser since it was last asked for them."""
        found = [record.status for record in self.place.organiser.log.records()]
        self.place.organiser.log.clear()
        return found


@dataclass(frozen=True)
class Ended:
    """What Dagster recorded of a run."""

    events: list[dg.DagsterEvent]

    @property
    def success(self) -> bool:
        """Whether the run as a whole is green."""
        return any(event.event_type == dg.DagsterEventType.RUN_SUCCESS for event in self.events)

    @property
    def done(self) -> list[str]:
        """Steps that succeeded, in order; gates are none."""
        return [name for name in self._of(dg.DagsterEventType.STEP_SUCCESS) if "__if_" not in name]

    @property
    def skipped(self) -> list[str]:
        """Steps that Dagster skipped."""
        return self._of(dg.DagsterEventType.STEP_SKIPPED)

    @property
    def begun(self) -> list[str]:
        """Steps and gates that began, in order, once for each try."""
        kinds = {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}
        return [str(event.step_key) for event in self.events if event.event_type in kinds]

    @property
    def failed(self) -> dict[str, str]:
        """Failed step → why."""
        found = {}
        for event in self.events:
            if event.is_step_failure:
                data = event.step_failure_data
                found[str(event.step_key)] = str(data.user_failure_data or data.error)
        return found

    @property
    def answers(self) -> dict[str, str]:
        """Step or gate → what it says of itself."""
        return {
            str(event.step_key): str(value.value)
            for event in self.events
            if event.is_successful_output
            for name, value in event.step_output_data.metadata.items()
            if name in {"outcome", "answer"}
        }

    def _of(self, kind: dg.DagsterEventType) -> list[str]:
        return [str(event.step_key) for event in self.events if event.event_type == kind]
