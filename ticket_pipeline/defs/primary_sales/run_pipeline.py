"""The program behind `ticket-pipeline pipelines run`: it runs one pipeline to its end, in the instance of DAGSTER_HOME.

python -m ticket_pipeline.defs.primary_sales.run_pipeline NAME [--skip-fetch] [--debug]
"""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence

import dagster as dg

from ticket_pipeline.defs.jobs import asset_key
from ticket_pipeline.defs.primary_sales.pipelines import build_pipelines, config_of
from ticket_pipeline.http.scrubbing import redact_text
from ticket_pipeline.primary_sales.pipeline_files import PipelineFile, read_pipelines
from ticket_pipeline.settings.model import load_settings

_SILENT = {"console": {"config": {"log_level": "CRITICAL"}}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="run_pipeline", description="Run a pipeline to its end.")
    parser.add_argument("name")
    parser.add_argument("--skip-fetch", action="store_true")
    parser.add_argument("--debug", action="store_true")
    asked = parser.parse_args(arguments)
    settings = load_settings()
    pipelines, _ = read_pipelines(settings.pipelines_dir)
    _, _, rejected = build_pipelines(settings)
    pipeline = next((one for one in pipelines if one.name == asked.name), None)
    if pipeline is None or any(one.file == pipeline.name for one in rejected):
        _print("\n".join([f"Error: No pipeline {asked.name} is loaded.", *(one.reason for one in rejected)]))
        return 1
    with dg.DagsterInstance.get() as instance:
        return run(pipeline, instance, fetch=not asked.skip_fetch, debug=asked.debug)


def run(pipeline: PipelineFile, instance: dg.DagsterInstance, *, fetch: bool, debug: bool = False) -> int:
    """Run a pipeline with its own executor, and print how each table ended; returns the exit code."""
    config, prefix = config_of(pipeline, fetch=fetch), load_settings().dagster_key_prefix
    if not config["ops"]:
        _print(f"Error: Every table of the pipeline {pipeline.name} is fetched. Run it without --skip-fetch.")
        return 1
    result = dg.execute_job(
        dg.build_reconstructable_job("ticket_pipeline.definitions", "resolve_job", (pipeline.job_name,)),
        instance,
        run_config=config if debug else config | {"loggers": _SILENT},
        asset_selection=None if fetch else [asset_key(table, prefix) for table in config["ops"]],
    )
    for line in (*_warnings(instance, result.run_id), *_ends(result.all_events, config["ops"])):
        _print(line)
    if not result.success:
        hint = "" if debug else " Run it with --debug to see Dagster's log."
        _print(f"Error: The pipeline {pipeline.name} failed.{hint}")
        return 1
    print(f"The pipeline {pipeline.name} is done.")  # noqa: T201 - a program's output
    return 0


def _warnings(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    """What our own code warned of in the run, each warning once."""
    found = [
        entry.user_message
        for entry in instance.all_logs(run_id)
        if not entry.is_dagster_event and entry.level == logging.WARNING
    ]
    yield from (f"Warning: {text}" for text in dict.fromkeys(found))


def _ends(events: Sequence[dg.DagsterEvent], tables: Sequence[str]) -> Iterator[str]:
    """How each table ended, and each check that did not pass."""
    ends: dict[str, str] = {}
    for event in events:
        table = str(event.step_key)
        if event.is_step_materialization:
            ends[table] = "done"
        elif event.is_step_failure:
            ends[table] = f"failed. {_reason(event.step_failure_data)}"
        elif event.event_type == dg.DagsterEventType.STEP_SUCCESS:
            ends.setdefault(table, "skipped, no new tickets")
        elif event.event_type == dg.DagsterEventType.STEP_SKIPPED:
            ends.setdefault(table, "skipped, a table it needs was skipped")
    for table in tables:
        yield f"{table}: {ends.get(table, 'not made, a table it needs failed')}"
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            if not found.passed:
                yield f"Warning: Check {found.check_name}: {found.description}"


def _reason(data: object) -> str:
    failure = getattr(data, "user_failure_data", None)
    if failure is not None and failure.description:
        return str(failure.description)
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return redact_text(error.message.strip() if error is not None else "No reason was recorded.")


def _print(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - a program's output


if __name__ == "__main__":
    sys.exit(main())
