"""Pipelines as users write them: `pipelines/*.yaml`, read and validated. `defs` turns them into Dagster jobs.

    name: nightly                  # becomes the job vivenu_nightly
    description: What it is for.
    cron: "15 3 * * *"             # UTC; omit it to start the pipeline by hand only
    execution: sequential          # or parallel: independent tables at the same time
    max_parallel_steps: 2          # tables at the same time
    full_refresh: false            # true: read everything, not only what changed
    steps:
      - name: tickets
        selection: [vivenu_events, vivenu_tickets]    # tables; vivenu_* selects every table
        enabled: true
        timeout_minutes: 60        # per table
        retries: 2                 # per table, after failures that another try may fix
        retry_delay_seconds: 10
        condition: always          # or new_tickets: only if tickets are new or changed since the table was last made

A step gives its tables their rules. The order is that of the data: every table waits for the tables it is made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.values import check_cron
from ticket_pipeline.settings.yaml_files import Problem, read_document
from ticket_pipeline.storage.statements import project_path

DATA_DEPENDENCIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "vivenu_events": (),
        "vivenu_tickets": ("vivenu_events",),
        "vivenu_coupons": ("vivenu_tickets",),
        "vivenu_sales_daily": ("vivenu_tickets",),
        "vivenu_gender": ("vivenu_tickets",),
        "vivenu_age_groups": ("vivenu_tickets",),
        "vivenu_summary": ("vivenu_sales_daily", "vivenu_coupons", "vivenu_gender", "vivenu_age_groups"),
    }
)
"""Table → the tables it is made from, in an order that satisfies all of them."""

FETCHED = frozenset({"vivenu_events", "vivenu_tickets"})
"""Tables that only requests can fill."""

_PREFIX = "vivenu_"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class Step(BaseModel):
    """Some tables, and the rules by which they are made."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
    selection: Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = (
        Field(min_length=1)
    )
    enabled: bool = True
    timeout_minutes: float | None = Field(default=None, gt=0, le=1440)
    retries: int = Field(default=0, ge=0, le=5)
    retry_delay_seconds: float = Field(default=10, ge=0, le=600)
    condition: Literal["always", "new_tickets"] = "always"

    @field_validator("selection")
    @classmethod
    def _check_selection(cls, patterns: list[str]) -> list[str]:
        unknown = [one for one in patterns if not any(fnmatchcase(table, one) for table in DATA_DEPENDENCIES)]
        if unknown:
            raise ValueError(f"no table matches {', '.join(unknown)}; the tables are {', '.join(DATA_DEPENDENCIES)}")
        return patterns

    @property
    def tables(self) -> list[str]:
        """The selected tables, each after those it is made from."""
        return [table for table in DATA_DEPENDENCIES if any(fnmatchcase(table, one) for one in self.selection)]


class PipelineFile(BaseModel):
    """One pipeline."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
    description: str = Field(min_length=1)
    cron: Annotated[str, AfterValidator(check_cron)] | None = None
    execution: Literal["sequential", "parallel"] = "sequential"
    max_parallel_steps: int = Field(default=2, ge=1, le=16)
    full_refresh: bool = False
    steps: list[Step] = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if f"{_PREFIX}{name}" in DATA_DEPENDENCIES:
            raise ValueError(f"the table {_PREFIX}{name} has this name; choose another")
        return name

    @property
    def job_name(self) -> str:
        """The Dagster job it becomes."""
        return f"{_PREFIX}{self.name}"

    @property
    def rules(self) -> dict[str, Step]:
        """Table of an enabled step → the step, each table after those it is made from."""
        found = {table: step for step in self.steps if step.enabled for table in step.tables}
        return {table: found[table] for table in DATA_DEPENDENCIES if table in found}


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A pipeline file that cannot be used, and why, by line and field."""

    file: str
    reason: str


def read_pipelines(folder: Path | None) -> tuple[list[PipelineFile], list[RejectedFile]]:
    """The pipelines of a folder in the order of their files, and the rejected files; None: the shipped ones."""
    files: dict[str, str] = {}
    pipelines, rejected = [], []

    def find_problems(pipeline: PipelineFile) -> Sequence[Problem]:
        if pipeline.name in files:
            return [(("name",), f"the pipeline in {files[pipeline.name]} has this name; choose another")]
        return _problems_of_steps(pipeline)

    try:
        paths = sorted((folder or shipped_pipelines()).iterdir())
    except OSError as error:
        reason = f"Could not read the folder PIPELINES_DIR={folder}: {error.strerror}. Name a folder of YAML files."
        return [], [RejectedFile("PIPELINES_DIR", reason)]
    for path in paths:
        if path.suffix.lower() not in {".yaml", ".yml"} or path.name.startswith("."):
            continue
        try:
            read = read_document(path, PipelineFile, find_problems)
        except ConfigurationError as error:
            rejected.append(RejectedFile(path.name, str(error)))
        else:
            files[read.name] = path.name
            pipelines.append(read)
    return pipelines, rejected


def shipped_pipelines() -> Path:
    """The folder of the shipped pipelines."""
    return project_path("pipelines")


def _problems_of_steps(pipeline: PipelineFile) -> list[Problem]:
    """What pydantic cannot see: steps that contradict each other, and conditions that never hold."""
    problems: list[Problem] = []
    step_names: set[str] = set()
    step_of: dict[str, str] = {}
    for number, step in enumerate(pipeline.steps):
        place = ("steps", number)
        if step.name in step_names:
            problems.append(((*place, "name"), f"another step is named {step.name}; choose another name"))
        step_names.add(step.name)
        for table in step.tables:
            if (other := step_of.setdefault(table, step.name)) != step.name:
                problems.append(((*place, "selection"), f"{table} is in the step {other} already"))
            elif step.condition == "new_tickets" and table in FETCHED:
                text = f"new_tickets cannot apply to {table}: fetching it is what brings new tickets"
                problems.append(((*place, "condition"), text))
    return problems if pipeline.rules else [*problems, (("steps",), "every step is disabled")]
