"""Run benchmarks: `python -m benchmarks [a … k|all|soak] [--server plain|timescaledb|both] [--quick] [--strict]`."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from benchmarks.alerts import measure_alerts
from benchmarks.bytes import measure_bytes
from benchmarks.changes import measure_changes
from benchmarks.dashboard import measure_dashboard
from benchmarks.export import measure_export
from benchmarks.ground import PLAIN, TIMESCALEDB, ServerUnavailableError, describe_machine, open_ground
from benchmarks.history import measure_history
from benchmarks.ingest import measure_ingest
from benchmarks.logged_events import measure_logged_events
from benchmarks.polling import measure_polling
from benchmarks.queries import measure_queries
from benchmarks.rebuild import measure_rebuild
from benchmarks.soak.plan import QUICK, Plan
from benchmarks.soak.run import run_soak

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.ground import Ground
    from benchmarks.report import Report

_SERVERS = (PLAIN, TIMESCALEDB)
SOAK = "soak"
_MOST_KILLS_A_DAY = 12
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
        "i": measure_bytes,
        "j": measure_dashboard,
        "k": measure_alerts,
    }
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a goal is missed and `--strict` was given."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.days < 1 or options.events < 1 or (options.kills or 0) > _MOST_KILLS_A_DAY * options.days:
        parser.error(f"a soak is at least one day of one event, with at most {_MOST_KILLS_A_DAY} kills a day")
    print(describe_machine())
    print(", ".join(f"{name} {version(name)}" for name in _PACKAGES))
    started = time.monotonic()
    if options.which == SOAK and options.server is None:
        options.server = PLAIN  # hours of work, which a second server would only repeat
    servers = [options.server] if options.server in _SERVERS else list(_SERVERS)
    reports: list[Report] = []
    unavailable = 0
    for server in servers:
        try:
            with open_ground(server) as ground:
                reports += _measure_on(ground, options)
        except ServerUnavailableError as error:
            print(f"\nNot measured on {server}: {error}")
            unavailable += 1
    print(f"\n{time.monotonic() - started:.0f} s")
    return conclude(reports, is_strict=options.strict) or (1 if unavailable and options.strict else 0)


def _names(which: str, server: str) -> list[str]:
    """What to measure on a server: (b), (e) and (j) are about requests, Dagster and pages, which one server shows."""
    if which != "all":
        return [which]
    return [name for name in MEASURES if name not in ("b", "e", "j") or server == PLAIN]


def conclude(reports: Sequence[Report], *, is_strict: bool) -> int:
    """Say how many goals are met; the exit code."""
    goals = [goal for report in reports for goal in report.goals]
    missed = [goal for goal in goals if not goal.is_met]
    print(f"{len(goals) - len(missed)} of {len(goals)} goals met")
    return 1 if missed and is_strict else 0


def _measure_on(ground: Ground, options: argparse.Namespace) -> list[Report]:
    reports = []
    for name in _names(options.which, ground.kind):
        report = run_soak(ground, _plan(options)) if name == SOAK else MEASURES[name](ground, quick=options.quick)
        print(report, flush=True)
        reports.append(report)
    return reports


def _plan(options: argparse.Namespace) -> Plan:
    """The soak that was asked for: three kills every two days unless a number is given."""
    if options.quick:
        return QUICK
    kills = round(1.5 * options.days) if options.kills is None else options.kills
    tick = timedelta(minutes=options.tick)
    return Plan(options.days, options.events, options.listings, kills, options.seed, tick)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure beside named baselines.")
    parser.add_argument("which", nargs="?", default="all", choices=[*MEASURES, "all", SOAK])
    parser.add_argument("--server", choices=[*_SERVERS, "both"], help="both unless given; of a soak plain")
    parser.add_argument("--quick", action="store_true", help="little data: does it run? The figures mean nothing")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a goal is missed")
    soak = parser.add_argument_group(SOAK, "simulated weeks with faults and kills; hours of work at its full size")
    soak.add_argument("--days", type=float, default=30)
    soak.add_argument("--events", type=int, default=200)
    soak.add_argument("--listings", type=int, default=60, help="of an event at a marketplace, about")
    soak.add_argument("--kills", type=int, help="unless given, three every two days")
    soak.add_argument("--tick", type=float, default=15, help="simulated minutes between two looks at what is due")
    soak.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
