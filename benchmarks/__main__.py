"""Run benchmarks: `python -m benchmarks [a|b|c|d|all] [--server plain|timescaledb|both] [--quick] [--strict]`."""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.ground import PLAIN, TIMESCALEDB, describe_machine, open_ground
from benchmarks.history import measure_history
from benchmarks.ingest import measure_ingest
from benchmarks.polling import measure_polling
from benchmarks.rebuild import measure_rebuild

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.report import Report

_PACKAGES = ("dagster", "psycopg", "pandas", "pandera", "httpx", "orjson")
MEASURES: Mapping[str, Callable[..., Report]] = MappingProxyType(
    {"a": measure_ingest, "b": measure_polling, "c": measure_rebuild, "d": measure_history}
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a goal is missed and `--strict` was given."""
    options = _parser().parse_args(arguments)
    print(describe_machine())
    print(", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    started = time.monotonic()
    reports = [
        report
        for server in ([PLAIN, TIMESCALEDB] if options.server == "both" else [options.server])
        for report in _measure_on(server, MEASURES if options.which == "all" else options.which, quick=options.quick)
    ]
    missed = sum(not goal.is_met for report in reports for goal in report.goals)
    goals = sum(len(report.goals) for report in reports)
    print(f"\n{goals - missed} of {goals} goals met, {time.monotonic() - started:.0f} s")
    return 1 if missed and options.strict else 0


def _measure_on(server: str, names: Sequence[str] | Mapping[str, object], *, quick: bool) -> list[Report]:
    reports = []
    with open_ground(server) as ground:
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
