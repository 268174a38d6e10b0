"""Pipelines as users write them: `pipelines/*.yaml`, read and checked.

What belongs here: the shape of a file, which of its steps need which, and what can be wrong with it. What does not:
running one (`defs.primary_sales.pipeline_jobs`).

    name: nightly                  # becomes the job vivenu_nightly
    description: What it is for.
    cron: "15 3 * * *"             # UTC; without it, it is started by hand
    execution: sequential          # or parallel, with max_parallel_steps
    on_failure: stop               # or continue: the other steps go on with what is stored; the run fails in the end
    full_refresh: false            # true: read everything, not only what changed
    steps:
      - name: tickets
        selection: [vivenu_events, vivenu_tickets]    # tables; vivenu_* is all that begin so
        enabled: true
        timeout_minutes: 60
        retries: 2
        retry_delay_seconds: 10
        condition: always          # or new_tickets: only where tickets came or changed since the step last ended well
        depends_on: []             # steps to wait for that the data do not name

A step whose condition is not met is skipped, and with it the steps that need it; a disabled one is skipped by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.values import check_cron
from ticket_pipeline.settings.yaml_files import read_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ticket_pipeline.settings.yaml_files import Problem

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

FETCHING = frozenset({"vivenu_events", "vivenu_tickets"})
"""Tables that are nothing but what is read: without requests there is nothing to do for them."""

_PREFIX = "vivenu_"
_NAME = r"^(?=.{1,40}$)[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""No two underscores in a row: between them stand a pipeline and its step in Dagster's names."""
_SUFFIXES = frozenset({".yaml", ".yml"})
_PACKAGE = Path(__file__).resolve().parent.parent


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _check_name(name: str) -> str:
    if re.fullmatch(_NAME, name) is None:
        raise ValueError(
            f"{name!r} is no name: up to 40 small letters and digits, a letter first, one underscore between words"
        )
    return name


Name = Annotated[str, AfterValidator(_check_name)]


class Step(BaseModel):
    """One step: some tables, and how they are made."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
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

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
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
        return None if cron is None else check_cron(cron)

    @field_validator("name")
    @classmethod
    def _is_no_table(cls, name: str) -> str:
        if f"{_PREFIX}{name}" in DATA_DEPENDENCIES:
            raise ValueError(f"{name} is taken by the table {_PREFIX}{name}: choose another name")
        return name

    @property
    def job_name(self) -> str:
        """The Dagster job it becomes."""
        return f"{_PREFIX}{self.name}"

    def needs(self, step: Step) -> list[str]:
        """The steps that one waits for, whatever the order of execution, in the order of the file.

        They make what it is made from, or stand in its `depends_on`. Through a disabled step it waits for what that one
        needs; a step that another of them needs is not named again.
        """
        wanted = {name for name in self._all_needs(step) if self._step(name).enabled}
        implied = {name for other in wanted for name in self._all_needs(self._step(other))}
        return [one.name for one in self.steps if one.name in wanted - implied]

    def _all_needs(self, step: Step) -> set[str]:
        """Every step that must stand before, over however many others."""
        found: set[str] = set()
        ahead = [step]
        while ahead:
            new = self._direct_needs(ahead.pop()) - found
            found |= new
            ahead += [self._step(name) for name in new]
        return found

    def _direct_needs(self, step: Step) -> set[str]:
        made_from = {table for made in step.tables for table in _sources_of(made)}
        makers = {one.name for one in self.steps if not made_from.isdisjoint(one.tables)}
        return (makers | set(step.depends_on)) - {step.name}

    def _step(self, name: str) -> Step:
        return next(one for one in self.steps if one.name == name)


@dataclass(frozen=True, slots=True)
class RefusedPipeline:
    """A file that could not be used.

    Attributes:
        file: its name.
        reason: what is wrong, by line and field.
    """

    file: str
    reason: str


def read_pipelines(
    folder: Path | None, look: Callable[[PipelineFile], Sequence[Problem]] = lambda _: ()
) -> tuple[list[PipelineFile], list[RefusedPipeline]]:
    """The pipelines of a folder in order of their files, and the files that were refused.

    Args:
        folder: where the files are (`.yaml` or `.yml`); None: those that are shipped.
        look: finds what else is wrong with a pipeline whose file is good.
    """
    taken: dict[str, str] = {}
    pipelines, refused = [], []

    def check(pipeline: PipelineFile) -> Sequence[Problem]:
        if pipeline.name in taken:
            return [
                (("name",), f"{pipeline.name} is the name of the pipeline in {taken[pipeline.name]}: choose another")
            ]
        return find_problems(pipeline) or look(pipeline)

    try:
        paths = _files_of(folder or shipped_pipelines())
    except ConfigurationError as error:
        return [], [RefusedPipeline("PIPELINES_DIR", str(error))]
    for path in paths:
        try:
            read = read_document(path, PipelineFile, check)
        except ConfigurationError as error:
            refused.append(RefusedPipeline(path.name, str(error)))
        else:
            taken[read.name] = path.name
            pipelines.append(read)
    return pipelines, refused


def _files_of(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(
            f"Looked for pipelines in PIPELINES_DIR={folder}; {(error.strerror or str(error)).lower()}. "
            "Name a folder that holds YAML files, or unset PIPELINES_DIR for those that are shipped."
        ) from None
    return [path for path in found if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")]


def shipped_pipelines() -> Path:
    """The folder of the shipped pipelines: beside the package in a checkout, inside it when installed from a wheel."""
    beside = _PACKAGE.parent / "pipelines"
    return beside if beside.is_dir() else _PACKAGE / "pipelines"


def find_problems(pipeline: PipelineFile) -> list[Problem]:
    """What is wrong between the steps of a pipeline."""
    problems: list[Problem] = []
    names = [step.name for step in pipeline.steps]
    makers = {table: step.name for step in reversed(pipeline.steps) for table in step.tables}
    for number, step in enumerate(pipeline.steps):
        place = ("steps", number)
        if names.index(step.name) != number:
            problems.append(((*place, "name"), f"another step is named {step.name} too"))
        elif twice := [table for table in step.tables if makers[table] != step.name]:
            problems.append(((*place, "selection"), f"{twice[0]} is made by the step {makers[twice[0]]} too"))
        if step.condition == "new_tickets" and (read := FETCHING.intersection(step.tables)):
            said = f"a step that makes {min(read)} cannot wait for new tickets: it is what brings them"
            problems.append(((*place, "condition"), said))
        problems += _check_order(step, names, number, makers)
    return problems


def _check_order(step: Step, names: Sequence[str], number: int, makers: Mapping[str, str]) -> Iterator[Problem]:
    """Steps stand after what they wait for: so no circle can be, and a file reads in the order it runs."""
    later = set(names[number + 1 :]) - set(names[:number])
    for position, name in enumerate(step.depends_on):
        place = ("steps", number, "depends_on", position)
        if name == step.name:
            yield place, "a step cannot wait for itself"
        elif name not in names:
            yield place, f"there is no step {name}; there are {', '.join(names)}"
        elif name in later:
            yield place, f"{name} stands later; move it up"
    needed = {makers[table] for made in step.tables for table in _sources_of(made) if table in makers}
    for name in sorted(needed & later - {step.name}):
        yield ("steps", number, "selection"), f"needs what the step {name} makes, which stands later"


def _sources_of(table: str) -> set[str]:
    """Every table that one is made from, over however many others: those may be left out of a pipeline."""
    direct = DATA_DEPENDENCIES[table]
    return set(direct).union(*(_sources_of(one) for one in direct))
