"""`pipelines list`, `show` and `run`: the pipelines of the YAML files, and one of them run by Dagster now."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, plain
from ticket_pipeline.cli.session import open_migrated, write_dagster_home
from ticket_pipeline.cli.tables import JsonOption, new_table, note, show, show_json
from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.pipeline_files import (
    DATA_DEPENDENCIES,
    PipelineFile,
    Step,
    read_pipelines,
    shipped_pipelines,
)
from ticket_pipeline.settings.model import EMBEDDED_VARIABLE, Settings, load_settings

_HELP = """List, show and run the pipelines of primary sales.

A pipeline is a YAML file in PIPELINES_DIR (four are shipped). It names tables, with time limits, retries and
conditions, and becomes a Dagster job that runs by its cron expression, from the web UI, or from here.

Start with `ticket-pipeline pipelines list`.
"""

commands = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help=_HELP,
    short_help="The pipelines of primary sales.",
)

PipelineName = Annotated[str, typer.Argument(metavar="NAME", help="A pipeline that `pipelines list` shows.")]


@commands.command("list")
def list_pipelines(*, as_json: JsonOption = False) -> None:
    """List every pipeline and its schedule, and the files that are rejected.

    Exits with 1 if a file is rejected, and names the file, the line and the field. The other pipelines still run.

        ticket-pipeline pipelines list
    """
    settings = load_settings()
    pipelines, rejected = read_pipelines(settings.pipelines_dir)
    if as_json:
        rows = [one.model_dump() for one in pipelines]
        show_json({"pipelines": rows, "rejected": [{"file": one.file, "reason": one.reason} for one in rejected]})
    elif pipelines:
        table = new_table("Name", ">Tables", "Cron (UTC)", "Description")
        for one in pipelines:
            table.add_row(one.name, str(len(one.rules)), one.cron or "by hand", plain(one.description))
        show(table)
    if rejected:
        reasons = "".join(f"\n{bad.reason}" for bad in rejected)
        raise ConfigurationError(
            f"{len(rejected)} of {len(pipelines) + len(rejected)} pipeline files are rejected.{reasons}"
        )
    if not pipelines:
        note(_no_file(settings))


@commands.command("show")
def show_pipeline(name: PipelineName, *, as_json: JsonOption = False) -> None:
    """Show the tables of a pipeline, which others each one waits for, and its rules.

    ticket-pipeline pipelines show default
    """
    pipeline = _find(name, load_settings())
    if as_json:
        show_json(pipeline.model_dump())
        return
    table = new_table("Table", "Step", "Waits for", "Rules")
    for made, step in pipeline.rules.items():
        waits = [one for one in DATA_DEPENDENCIES[made] if one in pipeline.rules]
        table.add_row(made, step.name, "\n".join(waits) or NOTHING, "\n".join(_rules(step)) or NOTHING)
    is_parallel = pipeline.execution == "parallel"
    tables = f"up to {pipeline.max_parallel_steps} at the same time" if is_parallel else "one after the other"
    when = f"Runs at {pipeline.cron} (UTC)" if pipeline.cron else "Runs by hand only"
    what = "reads everything again" if pipeline.full_refresh else "reads what changed"
    disabled = [f"Disabled: {one.name}." for one in pipeline.steps if not one.enabled]
    show(plain(pipeline.description), table, f"{when}, {what}, makes the tables {tables}.", *disabled)


@commands.command("run")
def run_pipeline(
    name: PipelineName,
    *,
    skip_fetch: Annotated[
        bool, typer.Option("--skip-fetch", help="Send no request; rebuild the summaries from stored data.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show Dagster's own log.")] = False,
) -> None:
    """Run a pipeline now, by Dagster; the web UI shows it like any other run.

    Prints how each table starts and ends, and exits with 1 if one failed. Uses the Dagster instance of DAGSTER_HOME if
    that is set, otherwise the one of `ticket-pipeline run`.

        ticket-pipeline pipelines run default
        ticket-pipeline pipelines run default --skip-fetch
    """
    settings = load_settings()
    pipeline = _find(name, settings)
    with open_migrated(settings):
        pass  # Dagster keeps its own tables in the same server, so that must run first
    note(f"Running the pipeline {name} as the Dagster job {pipeline.job_name} …")
    options = [option for option, is_on in {"--skip-fetch": skip_fetch, "--debug": debug}.items() if is_on]
    program = [sys.executable, "-m", "ticket_pipeline.defs.primary_sales.run_pipeline", name, *options]
    env = {**os.environ, "DAGSTER_HOME": str(_dagster_home(settings)), EMBEDDED_VARIABLE: "1"}
    # In place of this process: Ctrl-C and the exit code are Dagster's, and there is no child to look after.
    os.execve(sys.executable, program, env)  # noqa: S606 - our own program


def _find(name: str, settings: Settings) -> PipelineFile:
    pipelines, rejected = read_pipelines(settings.pipelines_dir)
    for pipeline in pipelines:
        if pipeline.name == name:
            return pipeline
    if pipelines:
        known = f"The pipelines are {', '.join(one.name for one in pipelines)}."
    else:
        known = "Every file is rejected." if rejected else _no_file(settings)
    reasons = "".join(f"\n{bad.reason}" for bad in rejected)
    raise ConfigurationError(f"No pipeline is named {name}. {known}{reasons}")


def _no_file(settings: Settings) -> str:
    folder = settings.pipelines_dir or shipped_pipelines()
    return f"No pipeline file (.yaml, .yml) in PIPELINES_DIR={folder}. Add one, or unset it to use the shipped ones."


def _dagster_home(settings: Settings) -> Path:
    """The user's own DAGSTER_HOME, as it is; else the one of `ticket-pipeline run`."""
    if own := os.environ.get("DAGSTER_HOME"):
        if not Path(own).is_absolute() or not Path(own).is_dir():
            raise ConfigurationError(
                f"DAGSTER_HOME={own} is not the absolute path of a folder. Create it with a dagster.yaml in it, or "
                "unset DAGSTER_HOME."
            )
        return Path(own)
    return write_dagster_home(settings)


def _rules(step: Step) -> list[str]:
    rules = {
        f"at most {step.timeout_minutes or 0:g} min": step.timeout_minutes is not None,
        f"{step.retries} {'retry' if step.retries == 1 else 'retries'}": step.retries > 0,
        "only if there are new tickets": step.condition == "new_tickets",
    }
    return [rule for rule, applies in rules.items() if applies]
