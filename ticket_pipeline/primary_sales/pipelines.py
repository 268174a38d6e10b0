"""Pipelines as users write them: `pipelines/*.yaml`, read and checked.

What belongs here: the shape of a file and what can be wrong with it. What does not: running one (`defs.pipelines`).

    name: nightly                  # becomes the job vivenu_nightly
    description: What it is for.
    cron: "15 3 * * *"             # UTC; without it, it is started by hand
    execution: sequential          # or parallel, with max_parallel_steps
    on_failure: stop               # or continue
    full_refresh: false            # true: read everything, not only what changed
    steps:
      - name: tickets
        selection: [vivenu_events, vivenu_tickets]    # tables; vivenu_* is all that begin so
        enabled: true
        timeout_minutes: 60
        retries: 2
        retry_delay_seconds: 10
        condition: always          # or new_tickets: only where this run read tickets that are new or changed
        depends_on: []             # steps to wait for that the data do not name
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ticket_pipeline.documents import read_document
from ticket_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ticket_pipeline.documents import Problem

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

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_PACKAGE = Path(__file__).resolve().parent.parent
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_NAME = re.compile("jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Step(BaseModel):
    """One step: some tables, and how they are made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    selection: Annotated[list[str], BeforeValidator(_as_list)] = Field(min_length=1)
    enabled: bool = True
    timeout_minutes: float | None = Field(default=None, gt=0, le=1440)
    retries: int = Field(default=0, ge=0, le=5)
    retry_delay_seconds: float = Field(default=10, ge=0, le=600)
    condition: Literal["always", "new_tickets"] = "always"
    depends_on: Annotated[list[str], BeforeValidator(_as_list)] = Field(default_factory=list)

    @field_validator("selection")
    @classmethod
    def _name_tables(cls, patterns: list[str]) -> list[str]:
        unknown = [one for one in patterns if not any(fnmatchcase(table, one) for table in DATA_DEPENDENCIES)]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is no table; there are {', '.join(DATA_DEPENDENCIES)}")
        return patterns

    @property
    def tables(self) -> list[str]:
        """The tables selected, in an order that satisfies their dependencies."""
        return [table for table in DATA_DEPENDENCIES if any(fnmatchcase(table, one) for one in self.selection)]


class PipelineFile(BaseModel):
    """One pipeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME)
    description: str = Field(min_length=1)
    cron: str | None = None
    execution: Literal["sequential", "parallel"] = "sequential"
    max_parallel_steps: int = Field(default=2, ge=1, le=16)
    on_failure: Literal["stop", "continue"] = "stop"
    full_refresh: bool = False
    steps: list[Step] = Field(min_length=1)

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, cron: str | None) -> str | None:
        if cron is not None and not _is_cron(cron):
            raise ValueError(f"{cron!r} is no cron line: minute hour day month weekday, such as 15 3 * * *")
        return cron

    @property
    def job_name(self) -> str:
        """The Dagster job it becomes."""
        return f"vivenu_{self.name}"

    def waits_for(self, step: Step) -> list[str]:
        """The steps that must end before this one starts, in the order of the file."""
        names = [one.name for one in self.steps]
        wanted = set(step.depends_on)
        if self.execution == "sequential":
            wanted |= set(names[: names.index(step.name)][-1:])
        else:
            needed = {table for made in step.tables for table in DATA_DEPENDENCIES[made]}
            wanted |= {one.name for one in self.steps if one is not step and not needed.isdisjoint(one.tables)}
        return [name for name in names if name in wanted]


@dataclass(frozen=True, slots=True)
class RefusedPipeline:
    """A file that could not be used.

    Attributes:
        file: its name.
        reason: what is wrong, by line and field.
    """

    file: str
    reason: str


def read_pipelines(folder: Path | None) -> tuple[list[PipelineFile], list[RefusedPipeline]]:
    """The pipelines of a folder in order of their files, and the files that were refused.

    Args:
        folder: where the YAML files are; None: those that are shipped.
    """
    pipelines: dict[str, PipelineFile] = {}
    refused = []
    place = folder or shipped_pipelines()
    if not place.is_dir():
        return [], [
            RefusedPipeline(place.name, f"Looked for pipelines in PIPELINES_DIR={place}; there is no such folder.")
        ]
    for path in sorted(place.glob("*.yaml")):
        try:
            read = read_document(path, PipelineFile, find_problems)
        except ConfigurationError as error:
            refused.append(RefusedPipeline(path.name, str(error)))
            continue
        if read.name in pipelines:
            said = f"Read {path.name}; another file names its pipeline {read.name} too. Give it another name."
            refused.append(RefusedPipeline(path.name, said))
        else:
            pipelines[read.name] = read
    return list(pipelines.values()), refused


def shipped_pipelines() -> Path:
    """The folder of the shipped pipelines: beside the package in a checkout, inside it when installed from a wheel."""
    beside = _PACKAGE.parent / "pipelines"
    return beside if beside.is_dir() else _PACKAGE / "pipelines"


def find_problems(pipeline: PipelineFile) -> list[Problem]:
    """What is wrong between the steps of a pipeline."""
    problems: list[Problem] = []
    names = [step.name for step in pipeline.steps]
    makers = {table: step.name for step in pipeline.steps for table in step.tables}
    for number, step in enumerate(pipeline.steps):
        if names.index(step.name) != number:
            problems.append((("steps", number, "name"), f"another step is named {step.name} too"))
        if twice := [table for table in step.tables if makers[table] != step.name]:
            problems.append((("steps", number, "selection"), f"{twice[0]} is made by the step {makers[twice[0]]} too"))
        problems += _check_order(pipeline, names, number, makers)
    return problems


def _check_order(pipeline: PipelineFile, names: Sequence[str], number: int, makers: Mapping[str, str]) -> list[Problem]:
    """Steps stand after what they wait for: so no circle can be, and a file reads in the order it runs."""
    step, later = pipeline.steps[number], set(names[number:])
    problems: list[Problem] = []
    for position, name in enumerate(step.depends_on):
        if name not in names:
            problems.append((("steps", number, "depends_on", position), f"there is no step {name}"))
        elif name in later:
            problems.append((("steps", number, "depends_on", position), f"{name} stands later; move it up"))
    needed = {makers.get(table) for made in step.tables for table in DATA_DEPENDENCIES[made]} - {None, step.name}
    place = ("steps", number, "selection")
    found = sorted(str(one) for one in needed & later)
    return [*problems, *((place, f"needs what the step {name} makes, which stands later") for name in found)]


def _is_cron(text: str) -> bool:
    fields = text.lower().split()
    return len(fields) == len(_CRON_RANGES) and all(
        _is_cron_part(part, least, most)
        for field, (least, most) in zip(fields, _CRON_RANGES, strict=True)
        for part in field.split(",")
    )


def _is_cron_part(part: str, least: int, most: int) -> bool:
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return False
    ends = span.split("-")
    if span == "*" or (len(ends) == 1 and _CRON_NAME.fullmatch(ends[0])):
        return True
    return len(ends) <= 2 and all(  # noqa: PLR2004 - a span has two ends
        _CRON_NAME.fullmatch(end) or (re.fullmatch(r"\d{1,2}", end) and least <= int(end) <= most) for end in ends
    )
