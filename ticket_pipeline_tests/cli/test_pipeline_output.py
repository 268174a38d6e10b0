"""What a run's output says to a user: each warning once, each step's end, and the error of a failed one."""

from __future__ import annotations

import pytest

from ticket_pipeline.cli.pipeline_output import RunOutput
from ticket_pipeline.primary_sales.pipeline_files import PipelineFile

HEAD = "2026-06-01 12:00:00 +0000 - dagster"
RUN = "vivenu_mine - 25dccf7d-3102-4b93-89b5-58e0c8744553"
UNVERIFIED = "HTTPX_VERIFY_SSL is off: mend it."


@pytest.fixture
def output() -> RunOutput:
    """The output of a pipeline of two steps."""
    steps = [{"name": "tickets", "selection": "vivenu_tickets"}, {"name": "sales", "selection": "vivenu_sales_daily"}]
    return RunOutput(PipelineFile.model_validate({"name": "mine", "description": "Mine.", "steps": steps}))


def read(output: RunOutput, *lines: str) -> list[str]:
    """What is told of lines."""
    return [told for line in lines for told in output.read(f"{line}\n")]


def failed(*lines: str) -> list[str]:
    """Dagster's lines about the failure of `tickets`."""
    return [f'{HEAD} - ERROR - {RUN} - 12 - tickets - STEP_FAILURE - Execution of step "tickets" failed.', "", *lines]


def test_a_warning_is_told_once_whoever_wrote_it(output: RunOutput) -> None:
    lines = (f"{HEAD} - WARNING - {RUN} - tickets - {UNVERIFIED}", UNVERIFIED)
    assert read(output, *lines, *lines) == [f"Warning: {UNVERIFIED}"]
    assert read(output, f"{HEAD} - WARNING - {RUN} - 12 - sales - late - again") == ["Warning: late - again"]
    assert read(output, f"{HEAD} - INFO - {RUN} - tickets - nothing of note") == []


def test_every_step_is_told_how_it_ended(output: RunOutput) -> None:
    assert (
        read(output, f'{HEAD} - DEBUG - {RUN} - 12 - tickets - STEP_START - Started execution of step "tickets".') == []
    )
    assert list(output.unfinished()) == ["tickets: began and did not end", "sales: not started"]
    again = "pipeline step tickets: failed, to be tried again"
    assert read(output, f"{HEAD} - INFO - {RUN} - tickets - {again}") == ["tickets: failed, to be tried again"]
    assert list(output.unfinished()) == ["tickets: began and did not end", "sales: not started"]
    assert read(output, f"{HEAD} - INFO - {RUN} - tickets - pipeline step tickets: made x") == ["tickets: made x"]
    skipped = f'{HEAD} - DEBUG - {RUN} - 12 - sales - STEP_SKIPPED - Skipped execution of step "sales".'
    assert read(output, skipped) == ["sales: skipped, what it needs was skipped"]
    assert list(output.unfinished()) == []


def test_a_gate_is_no_step_and_a_step_is_told_once(output: RunOutput) -> None:
    asked = f"{HEAD} - INFO - {RUN} - sales__if_enabled - pipeline step sales: skipped, disabled in its file"
    skipped = [f"{HEAD} - DEBUG - {RUN} - 12 - {step} - STEP_SKIPPED - …" for step in ("sales__if_enabled", "sales")]
    assert read(output, asked, *skipped) == ["sales: skipped, disabled in its file"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("KeyError: 'sold'", "The step tickets failed unexpectedly: KeyError: 'sold'"),
        ("KeyError", "The step tickets failed unexpectedly: KeyError"),
        (
            "httpx.ProxyError: https://someone:pass@proxy refused api_key=verysecret",
            "The step tickets failed unexpectedly: httpx.ProxyError: https://proxy refused api_key=***",
        ),
    ],
)
def test_an_unexpected_error_is_named_without_secrets(output: RunOutput, line: str, told: str) -> None:
    wrapped = 'dagster._core.errors.DagsterExecutionStepExecutionError: Error occurred while executing op "tickets"::'
    assert read(output, *failed(wrapped, "", line, "", "Stack Trace:", "NameError: of a frame")) == ["tickets: failed"]
    assert output.failures == {"tickets": told}
    assert output.unexpected == {"tickets"}


def test_an_error_of_ours_is_told_as_it_is_and_one_that_a_retry_overcame_is_not(output: RunOutput) -> None:
    ours = "dagster._core.definitions.events.Failure: The step tickets failed: Asked vivenu; it refused."
    read(output, f"{HEAD} - INFO - {RUN} - 12 - tickets - STEP_UP_FOR_RETRY - …", "", ours)
    assert output.failures == {}
    read(output, *failed(ours, "", "Stack Trace:"))
    assert output.failures == {"tickets": "The step tickets failed: Asked vivenu; it refused."}
    assert output.unexpected == set()


@pytest.mark.parametrize("garbled", ["", "f - tickets - STEP_FAI"])
def test_what_a_step_says_of_its_failure_needs_none_of_dagsters_lines(output: RunOutput, garbled: str) -> None:
    ours = f"{HEAD} - INFO - {RUN} - tickets - pipeline failure tickets: The step tickets failed: it refused."
    assert read(output, ours, garbled, *(failed("Other: x") if garbled else ())) == (
        ["tickets: failed"] if garbled else []
    )
    assert output.failures == {"tickets": "The step tickets failed: it refused."}
    assert output.unexpected == set()
    odd = ours.replace("failed: it refused.", "failed unexpectedly: KeyError: api_key=verysecret")
    read(output, odd)
    assert output.failures == {"tickets": "The step tickets failed unexpectedly: KeyError: api_key=***"}
    assert output.unexpected == {"tickets"}
