"""`pipelines list`, `show` and `run`: the pipelines of the YAML files, and one of them run by Dagster now.

What belongs here: showing files, and starting Dagster as a program. What does not: what a step does
(`defs.primary_sales.pipeline_jobs`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, plain
from ticket_pipeline.cli.pipeline_output import RunOutput
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, show, show_json
from ticket_pipeline.errors import ConfigurationError, TicketPipelineError
from ticket_pipeline.primary_sales.pipeline_files import read_pipelines, shipped_pipelines
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.statements import project_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.primary_sales.pipeline_files import PipelineFile, Step
    from ticket_pipeline.settings.model import Settings

_HELP = """List, show and run the pipelines of primary sales.

A pipeline is a YAML file in PIPELINES_DIR (four are shipped): steps, each of some tables, with time limits, retries and
conditions, run one by one or side by side. Dagster runs them: by their cron lines, from its web UI, or from here.

Start with `ticket-pipeline pipelines list`.
"""

pipelines_commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help=_HELP, short_help="The pipelines of primary sales."
)


class PipelineFailedError(TicketPipelineError):
    """A pipeline ended in failure; the message names its steps."""


PipelineName = Annotated[str, typer.Argument(metavar="NAME", help="A pipeline that `pipelines list` shows.")]


@pipelines_commands.command("list")
def list_pipelines(*, as_json: JsonOption = False) -> None:
    """List every pipeline, when it runs by itself, and the files that are refused.

    Exit code 1 where a file is refused: stderr then says why, by file, line and field. The other pipelines still run.

        ticket-pipeline pipelines list
    """
    settings = load_settings()
    pipelines, refused = read_pipelines(settings.pipelines_dir)
    if as_json:
        rows = [one.model_dump() for one in pipelines]
        show_json({"pipelines": rows, "refused": [{"file": one.file, "reason": one.reason} for one in refused]})
    elif pipelines:
        table = new_table("Name", ">Steps", "Runs at (UTC)", "Description")
        for one in pipelines:
            table.add_row(one.name, str(len(one.steps)), one.cron or "by hand", plain(one.description))
        show(table)
    if refused:
        reasons = "".join(f"\n{bad.reason}" for bad in refused)
        raise ConfigurationError(f"Refused {len(refused)} of {len(pipelines) + len(refused)} pipeline files.{reasons}")
    if not pipelines:
        note(_no_file(settings))


@pipelines_commands.command("show")
def show_pipeline(name: PipelineName, *, as_json: JsonOption = False) -> None:
    """Show the steps of a pipeline: what each makes, which others it needs, and its rules.

    ticket-pipeline pipelines show default
    """
    pipeline = _find(name, load_settings())
    if as_json:
        show_json(pipeline.model_dump())
        return
    table = new_table("Step", "Makes", "Needs", "Rules")
    for step in pipeline.steps:
        needs = ", ".join(pipeline.needs(step)) or NOTHING
        table.add_row(step.name, "\n".join(step.tables), needs, "\n".join(_rules(step)) or NOTHING)
    show(plain(pipeline.description), table, *_sentences(pipeline))


@pipelines_commands.command("run")
def run_pipeline(
    name: PipelineName,
    *,
    skip_fetch: Annotated[
        bool, typer.Option("--skip-fetch", help="Send no request: reckon the summaries from what is stored.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show everything that Dagster says.")] = False,
) -> None:
    """Run a pipeline now, by Dagster; it shows up in the web UI like any other run.

    It says how each step ended, and exits with 1 where one failed. With DAGSTER_HOME set, Dagster is run there; else in
    the folder of `ticket-pipeline run`.

        ticket-pipeline pipelines run default
        ticket-pipeline pipelines run default --skip-fetch
    """
    settings = load_settings()
    pipeline = _find(name, settings)
    with open_migrated(settings):
        pass  # an embedded server must run and be up to date before Dagster looks for its own tables
    tags = {"ticket_pipeline/skip_fetch": "true"} if skip_fetch else {}
    output = RunOutput(pipeline)
    with _started(pipeline, settings, tags) as process:
        for line in process.stdout or ():
            told = [plain(one) for one in output.read(line)]
            for one in [line.rstrip()] if debug else told:
                note(one)
    for one in output.unfinished():
        note(one)
    if process.returncode != 0:
        reasons = [f"  {plain(one)}" for one in output.failures.values()] or ["  Dagster could not run it."]
        if not debug and (output.unexpected or not output.failures):
            reasons.append("Run it with --debug to see everything that Dagster says.")
        raise PipelineFailedError("\n".join([f"Ran the pipeline {name}; it failed:", *reasons]))
    show(f"The pipeline {name} is done.")


def _find(name: str, settings: Settings) -> PipelineFile:
    pipelines, refused = read_pipelines(settings.pipelines_dir)
    for pipeline in pipelines:
        if pipeline.name == name:
            return pipeline
    reasons = "".join(f"\n{bad.reason}" for bad in refused)
    if pipelines:
        known = f"There are: {', '.join(one.name for one in pipelines)}."
    else:
        known = "Every file is refused." if refused else _no_file(settings)
    raise ConfigurationError(f"Asked for the pipeline {name}; there is none. {known}{reasons}")


def _no_file(settings: Settings) -> str:
    return (
        f"The folder PIPELINES_DIR={settings.pipelines_dir or shipped_pipelines()} holds no pipeline file (.yaml, "
        ".yml). Put one there, or unset PIPELINES_DIR for those that are shipped."
    )


def _started(pipeline: PipelineFile, settings: Settings, tags: dict[str, str]) -> subprocess.Popen[str]:
    """Dagster running the pipeline's job in the foreground."""
    home = _dagster_home(settings)
    program = str(Path(sys.executable).parent / "dagster")
    location = ["-m", "ticket_pipeline.definitions", "-j", pipeline.job_name]
    return subprocess.Popen(  # noqa: S603 - our own program, no shell
        [program, "job", "execute", *location, "--tags", json.dumps(tags)],
        env={**os.environ, "DAGSTER_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _dagster_home(settings: Settings) -> Path:
    """The user's own DAGSTER_HOME, as it is; else the one of `ticket-pipeline run`.

    Raises:
        ConfigurationError: DAGSTER_HOME is no folder.
    """
    if own := os.environ.get("DAGSTER_HOME"):
        if not Path(own).is_absolute() or not Path(own).is_dir():
            raise ConfigurationError(
                f"Looked for Dagster's home in DAGSTER_HOME={own}; it is no absolute path of a folder. "
                "Make the folder, with a copy of dagster.yaml in it, or unset DAGSTER_HOME."
            )
        return Path(own)
    home = settings.state_dir.resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(project_file("dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return home


def _sentences(pipeline: PipelineFile) -> Iterator[str]:
    is_parallel = pipeline.execution == "parallel"
    yield f"Steps run {f'side by side, up to {pipeline.max_parallel_steps} at once' if is_parallel else 'one by one'}."
    if pipeline.on_failure == "stop":
        yield "A failure stops it: nothing more starts."
    else:
        yield "After a failure the others go on with what is stored; the run fails in the end."
    yield "It reads everything again." if pipeline.full_refresh else "It reads what changed."
    yield f"It runs by itself at {pipeline.cron} (UTC)." if pipeline.cron else "It runs by hand only."


def _rules(step: Step) -> Iterator[str]:
    if not step.enabled:
        yield "disabled"
    if step.timeout_minutes is not None:
        yield f"at most {step.timeout_minutes:g} min"
    if step.retries:
        yield f"{step.retries} {'retry' if step.retries == 1 else 'retries'}"
    if step.condition != "always":
        yield "only for new tickets"
