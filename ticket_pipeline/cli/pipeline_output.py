"""What the output of a pipeline's run says to a user: warnings, how each step ended, and why one failed.

What belongs here: the lines that Dagster and our steps write. What does not: starting Dagster, and showing what is told
(`pipelines`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ticket_pipeline.http.redaction import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.primary_sales.pipeline_files import PipelineFile

# The second form is that of a DAGSTER_HOME whose dagster.yaml takes no logs of ours into the run.
_WARNING = re.compile(
    r"(?: - WARNING - \w+ - [0-9a-f-]{36} - (?:\d+ - )?(?:\w+ - )?|^(?=HTTPX_VERIFY_SSL is off))(?P<said>.+)"
)
_SAID = re.compile(r"pipeline step (?P<step>\w+): (?P<said>.+)")
_CAUSE = re.compile(r"pipeline failure (?P<step>\w+): (?P<said>.+)")
_DAGSTER = re.compile(r" - (?P<step>\w+) - (?P<what>STEP_START|STEP_SKIPPED|STEP_FAILURE) - ")
_ERROR = re.compile(r"(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?")
_FAILURE = "dagster._core.definitions.events.Failure"
_WRAPPER = "dagster._core.errors.DagsterExecutionStepExecutionError"
_NO_ENDS = ("goes ahead", "failed, to be tried again")


@dataclass
class RunOutput:
    """The output of one run, line by line as it comes.

    Attributes:
        pipeline: what is run.
        failures: failed step → why, as far as it was read.
        unexpected: those of the failed steps whose error is none of ours.
    """

    pipeline: PipelineFile
    failures: dict[str, str] = field(default_factory=dict)
    unexpected: set[str] = field(default_factory=set)
    _warnings: set[str] = field(default_factory=set)
    _begun: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)  # the failed steps that said themselves why
    _failed: str | None = None  # the step whose error the next lines name

    def read(self, line: str) -> Iterator[str]:
        """Take one line, and give what a user should see of it."""
        if found := _WARNING.search(line):
            if found["said"] not in self._warnings:
                self._warnings.add(found["said"])
                yield f"Warning: {found['said']}"
        elif found := _SAID.search(line):
            if found["said"] not in _NO_ENDS:
                self._ended.add(found["step"])
            yield f"{found['step']}: {found['said']}"
        elif found := _CAUSE.search(line):
            self._told.add(found["step"])
            self.failures[found["step"]] = redact_text(found["said"])
            if "failed unexpectedly: " in found["said"]:
                self.unexpected.add(found["step"])
        elif found := _DAGSTER.search(line):
            self._failed = None
            if any(step.name == found["step"] for step in self.pipeline.steps):  # gates are none
                yield from self._note(found["step"], found["what"])
        elif self._failed is not None:
            self._read_error(self._failed, line.strip())

    def unfinished(self) -> Iterator[str]:
        """After the last line: the steps of which none said how they ended."""
        for step in self.pipeline.steps:
            if step.name not in self._ended:
                yield f"{step.name}: {'began and did not end' if step.name in self._begun else 'not started'}"

    def _note(self, step: str, what: str) -> Iterator[str]:
        if what == "STEP_START":
            self._begun.add(step)
            return
        if what == "STEP_FAILURE" and step not in self._told:
            self._failed = step
            self.failures[step] = f"The step {step} failed."
            self.unexpected.add(step)
        if step not in self._ended:
            self._ended.add(step)
            yield f"{step}: {'failed' if what == 'STEP_FAILURE' else 'skipped, what it needs was skipped'}"

    def _read_error(self, step: str, line: str) -> None:
        """The error stands between the line of its step and its traceback, within another one if it is not ours."""
        if line.startswith("Stack Trace:"):
            self._failed = None
        elif (found := _ERROR.fullmatch(line)) and found["type"] == _FAILURE:
            self._failed = None
            self.unexpected.discard(step)
            self.failures[step] = found["message"] or self.failures[step]
        elif found and found["type"] != _WRAPPER:
            self._failed = None
            self.failures[step] = f"The step {step} failed unexpectedly: {redact_text(line)}"
