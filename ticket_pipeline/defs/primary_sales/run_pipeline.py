"""The program behind `ticket-pipeline pipelines run`: it runs one pipeline to its end, in the instance of DAGSTER_HOME.

python -m ticket_pipeline.defs.primary_sales.run_pipeline NAME [--skip-fetch] [--debug]
"""

import argparse
import logging
import sys
import threading
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import dagster as dg

from ticket_pipeline.defs.jobs import asset_key
from ticket_pipeline.defs.primary_sales.pipelines import build_pipelines, config_of
from ticket_pipeline.http.scrubbing import redact_text
from ticket_pipeline.primary_sales.pipeline_files import PipelineFile, read_pipelines
from ticket_pipeline.settings.model import load_settings

_SILENT = {"console": {"config": {"log_level": "CRITICAL"}}}
_TAG = "ticket_pipeline/command"
_POLL_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline that the command line names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="run_pipeline", description="Run a pipeline to its end.")
    parser.add_argument("name")
    parser.add_argument("--skip-fetch", action="store_true")
    parser.add_argument("--debug", action="store_true")
    options = parser.parse_args(arguments)
    settings = load_settings()
    pipelines, _ = read_pipelines(settings.pipelines_dir)
    _, _, rejected = build_pipelines(settings)
    pipeline = next((one for one in pipelines if one.name == options.name), None)
    if pipeline is None or any(one.file == pipeline.name for one in rejected):
        _print("\n".join([f"Error: No pipeline {options.name} is loaded.", *(one.reason for one in rejected)]))
        return 1
    with dg.DagsterInstance.get() as instance:
        return _run(pipeline, instance, fetch=not options.skip_fetch, debug=options.debug)


def _run(pipeline: PipelineFile, instance: dg.DagsterInstance, *, fetch: bool, debug: bool) -> int:
    """Run a pipeline with its own executor, and print how each table starts and ends; returns the exit code."""
    config, prefix = config_of(pipeline, fetch=fetch), load_settings().dagster_key_prefix
    if not config["ops"]:
        _print(f"Error: Every table of the pipeline {pipeline.name} is fetched. Run it without --skip-fetch.")
        return 1
    progress = _Progress(instance, config["ops"])
    with progress.printed():
        result = dg.execute_job(
            dg.build_reconstructable_job("ticket_pipeline.definitions", "resolve_job", (pipeline.job_name,)),
            instance,
            run_config=config if debug else config | {"loggers": _SILENT},
            tags={_TAG: progress.token},
            asset_selection=None if fetch else [asset_key(table, prefix) for table in config["ops"]],
        )
    for table in config["ops"]:
        if table not in progress.ended:
            _print(f"{table}: not made, a table it needs failed")
    if not result.success:
        hint = "" if debug else " Run it with --debug to see Dagster's log."
        _print(f"Error: The pipeline {pipeline.name} failed.{hint}")
        return 1
    print(f"The pipeline {pipeline.name} is done.")  # noqa: T201 - a program's output
    return 0


class _Progress:
    """Prints the events of one run while Dagster records them, in whatever process a table is made.

    Attributes:
        token: the value of the tag by which the run is found.
        ended: the tables that were made, failed or skipped.
    """

    def __init__(self, instance: dg.DagsterInstance, tables: Collection[str]) -> None:
        self.token = uuid.uuid4().hex
        self.ended: set[str] = set()
        self._instance = instance
        self._tables = tables
        self._cursor: str | None = None
        self._warnings: set[str] = set()

    @contextmanager
    def printed(self) -> Iterator[None]:
        """Print in the background while the block runs, and the rest at its end."""
        is_over = threading.Event()
        thread = threading.Thread(target=self._follow, args=(is_over,))
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def _follow(self, is_over: threading.Event) -> None:
        while not is_over.wait(_POLL_SECONDS):
            self._print_new()
        self._print_new()

    def _print_new(self) -> None:
        for run in self._instance.get_runs(dg.RunsFilter(tags={_TAG: self.token}), limit=1):
            found = self._instance.get_records_for_run(run.run_id, cursor=self._cursor, limit=None)
            self._cursor = found.cursor
            for record in found.records:
                self._print_entry(record.event_log_entry)

    def _print_entry(self, entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            if entry.level == logging.WARNING and entry.user_message not in self._warnings:
                self._warnings.add(entry.user_message)
                _print(f"Warning: {entry.user_message}")
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if not check.passed:
                _print(f"Warning: Check {check.check_name}: {check.description}")
        elif event.step_key in self._tables and (text := _text_of(event, is_made=event.step_key in self.ended)):
            _print(f"{event.step_key}: {text}")
            if event.event_type not in {dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_RESTARTED}:
                self.ended.add(str(event.step_key))


def _text_of(event: dg.DagsterEvent, *, is_made: bool) -> str | None:
    """What an event means for its table; None where it changes nothing to show."""
    if event.is_step_materialization and event.partition is None:
        return "done"
    if event.is_step_failure:
        return f"failed. {_reason(event.step_failure_data)}"
    texts = {dg.DagsterEventType.STEP_START: "started", dg.DagsterEventType.STEP_RESTARTED: "started again"}
    if not is_made:
        texts[dg.DagsterEventType.STEP_SUCCESS] = "skipped, no new tickets"
        texts[dg.DagsterEventType.STEP_SKIPPED] = "skipped, a table it needs was skipped"
    return texts.get(event.event_type)


def _reason(data: object) -> str:
    failure = getattr(data, "user_failure_data", None)
    if failure is not None and failure.description:
        return str(failure.description)
    error = getattr(data, "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    return redact_text(error.message.strip() if error is not None else "No reason was recorded.")


def _print(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a program's output


if __name__ == "__main__":
    sys.exit(main())
