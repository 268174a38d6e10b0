"""Run benchmarks: `python -m benchmarks [a … h|all] [--server plain|timescaledb|both] [--quick] [--strict]`."""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.changes import measure_changes
from benchmarks.export import measure_export
from benchmarks.ground import PLAIN, TIMESCALEDB, ServerUnavailableError, describe_machine, open_ground
from benchmarks.history import measure_history
from benchmarks.ingest import measure_ingest
from benchmarks.logged_events import measure_logged_events
from benchmarks.polling import measure_polling
from benchmarks.queries import measure_queries
from benchmarks.rebuild import measure_rebuild

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.ground import Ground
    from benchmarks.report import Report

_PACKAGES = ("dagster", "psycopg", "pandas", "pandera", "httpx", "orjson")
MEASURES: Mapping[str, Callable[..., Report]] = MappingProxyType(
    {
        "a": measure_ingest,
        "b": measure_polling,
        "c": measure_rebuild,
        "d": measure_history,
        "e": measure_logged_events,
        "f": measure_queries,
        "g": measure_changes,
        "h": measure_export,
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a goal is missed and `--strict` was given."""
    options = _parser().parse_args(arguments)
    print(describe_machine())
    print(", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    started = time.monotonic()
    servers = [PLAIN, TIMESCALEDB] if options.server == "both" else [options.server]
    reports: list[Report] = []
    unavailable = 0
    for server in servers:
        try:
            with open_ground(server) as ground:
                reports += _measure_on(ground, _names(options.which, server), quick=options.quick)
        except ServerUnavailableError as error:
            print(f"\nNot measured on {server}: {error}")
            unavailable += 1
    print(f"\n{time.monotonic() - started:.0f} s")
    return conclude(reports, is_strict=options.strict) or (1 if unavailable and options.strict else 0)


def _names(which: str, server: str) -> list[str]:
    """What to measure on a server: (b) and (e) are about requests and Dagster; the second would only repeat them."""
    if which != "all":
        return [which]
    return [name for name in MEASURES if name not in ("b", "e") or server == PLAIN]


def conclude(reports: Sequence[Report], *, is_strict: bool) -> int:
    """Say how many goals are met; the exit code."""
    goals = [goal for report in reports for goal in report.goals]
    missed = [goal for goal in goals if not goal.is_met]
    print(f"{len(goals) - len(missed)} of {len(goals)} goals met")
    return 1 if missed and is_strict else 0


def _measure_on(ground: Ground, names: Sequence[str], *, quick: bool) -> list[Report]:
    reports = []
    for name in names:
        report = MEASURES[name](ground, quick=quick)
        print(report, flush=True)
        reports.append(report)
    return reports


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure beside named baselines.")
    parser.add_argument("which", nargs="?", default="all", choices=[*MEASURES, "all"])
    parser.add_argument("--server", default="both", choices=[PLAIN, TIMESCALEDB, "both"])
    parser.add_argument("--quick", action="store_true", help="little data: does it run? The figures mean nothing")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a goal is missed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
