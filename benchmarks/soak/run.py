"""Run a soak: start the worker, kill it at random, start it again, and judge what it left.

Nothing of the pipeline runs in this process: marketplaces and channels are served here, and the judges read the
database when the worker has ended.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

import psutil

from benchmarks.report import Goal, Report
from benchmarks.soak import worker
from benchmarks.soak.alerts import judge_alerts
from benchmarks.soak.captures import judge_captures
from benchmarks.soak.outside import open_outside
from benchmarks.soak.plan import AT_ONCE, NOON, RULES, ZONE, FileClock, Plan
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.ingest.loopback import watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from multiprocessing.process import BaseProcess

    from benchmarks.ground import Ground
    from benchmarks.soak.outside import Outside

_FORKED = get_context("forkserver")
_CALM_FROM = 2 / 3
"""The last third is without kills: one process lives on, and its memory can be judged."""
_LONGEST_DELAY = 1.5  # seconds after the begin of a tick, at most, to the kill
_SHARE_DURING_REQUESTS, _LONGEST_ANSWER = 0.5, 0.1
"""Of the kills, those that come within so many seconds after a request arrived."""
_LONGEST_WAIT = 10  # seconds, for a request
_MOST_CRASHES = 3


@dataclass
class Life:
    """What was seen of the processes.

    Attributes:
        killed_at: the simulated moments of the kills.
        sizes: at simulated noons: moment, and rows or bytes by name.
    """

    killed_at: list[datetime] = field(default_factory=list)
    crashes: int = 0
    seconds: float = 0.0
    server_cpu: float = 0.0
    sizes: list[tuple[datetime, dict[str, float]]] = field(default_factory=list)


@dataclass
class Soaked:
    """A plan that was played, and what it left."""

    title: str
    plan: Plan
    folder: Path
    database: Database
    outside: Outside
    life: Life

    def judge(self) -> Report:
        """Compare what is stored and was sent with the truth."""
        report = Report(self.title)
        judge_captures(report, self.database, self.plan, self.outside, self.life.killed_at)
        judge_alerts(report, self.database, self.plan, self.outside, self.life.killed_at)
        _judge_limits(report, self.plan, self.outside)
        _judge_processes(report, self.life, self.folder)
        return report


def run_soak(ground: Ground, plan: Plan) -> Report:
    """Play a plan on one server, and report."""
    with play(ground, plan) as soaked:
        return soaked.judge()


@contextmanager
def play(ground: Ground, plan: Plan) -> Iterator[Soaked]:
    """Play a plan on a new database, which is there until the block ends."""
    with tempfile.TemporaryDirectory(prefix="ticket-pipeline-soak-") as scratch, ground.database() as url:
        folder = Path(scratch)
        clock = FileClock(folder / "clock")
        with open_outside(plan, clock) as outside, Database(url, "tickets") as database:
            _set_up(database, plan)
            life = _live(ground, plan, folder, url, outside, database)
            title = f"Soak: {plan.days:g} simulated days, {plan.events} events at two marketplaces, seed {plan.seed}"
            yield Soaked(f"{title}; {ground.name}", plan, folder, database, outside, life)


def _set_up(database: Database, plan: Plan) -> None:
    rows = [
        watched(
            number,
            event.external_id,
            event.event_at,
            timezone=ZONE,
            external_ids={str(name): key for name, key in event.ids.items()},
        )
        for number, event in enumerate(plan.world.simulated_events, 2)
    ]
    sync_watchlist(database, rows, [], source="soak", this_moment=NOON, max_untrack_fraction=1)
    replace_alert_rules(database, RULES)


def _live(ground: Ground, plan: Plan, folder: Path, url: str, outside: Outside, database: Database) -> Life:
    """Let the worker live through the plan, with kills in the first two thirds."""
    _FORKED.set_forkserver_preload([worker.__name__])
    chance, life = Random(plan.seed), Life()  # noqa: S311 - chance, not secrecy
    started, server_cpu = time.monotonic(), ground.cpu_seconds()

    def start() -> BaseProcess:
        arguments = (replace(plan), folder, url, outside.simulator, outside.alert_urls)
        process = _FORKED.Process(target=worker.work, args=arguments)
        process.start()
        return process

    ticks = range(1, int(_CALM_FROM * (plan.ends_at - NOON) / plan.tick))
    kills = sorted(NOON + tick * plan.tick for tick in chance.sample(ticks, plan.kills))
    process = start()
    while process.is_alive() or life.crashes <= _MOST_CRASHES:
        moment = outside.clock()
        _sample(ground, database, life, moment)
        if not process.is_alive():
            process.join()
            if process.exitcode == 0:
                break
            life.crashes += 1
            process = start()
        elif kills and moment >= kills[0]:
            kills.pop(0)
            if chance.random() < _SHARE_DURING_REQUESTS:
                _wait_for_request(outside)
                time.sleep(chance.uniform(0, _LONGEST_ANSWER))
            else:
                time.sleep(chance.uniform(0, _LONGEST_DELAY))
            process.kill()
            process.join()
            life.killed_at.append(outside.clock())
            process = start()
        time.sleep(0.02)
    life.seconds, life.server_cpu = time.monotonic() - started, ground.cpu_seconds() - server_cpu
    return life


def _wait_for_request(outside: Outside) -> None:
    """Wait until the next request arrives; not for long, where nothing is due."""

    def arrived() -> int:
        return sum(len(log.records()) for log in outside.logs.values())

    before, started = arrived(), time.monotonic()
    while arrived() == before and time.monotonic() - started < _LONGEST_WAIT:
        time.sleep(0.005)


_SIZES = """
    select
      (select count(*) from raw_payloads) as bodies,
      (select count(*) from fetch_attempts) as attempts,
      pg_total_relation_size('raw_payloads') + pg_total_relation_size('fetch_attempts') as bytes
"""


def _sample(ground: Ground, database: Database, life: Life, moment: datetime) -> None:
    """Note sizes once a simulated day."""
    if moment.hour != NOON.hour or (life.sizes and life.sizes[-1][0] >= moment.replace(minute=0)):
        return
    with database.connection("measure the soak") as connection:
        (row,) = connection.execute(_SIZES).fetchall()
    life.sizes.append((moment, {**row, "server": _private_memory(ground)}))


def _private_memory(ground: Ground) -> float:
    """Bytes that the server's processes hold each by itself, without those of clients that come and go."""
    total = 0.0
    for process in ground.processes():
        try:
            if "idle" not in (title := " ".join(process.cmdline())) and "tickets" not in title:
                total += process.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total


def _judge_limits(report: Report, plan: Plan, outside: Outside) -> None:
    for name, log in outside.logs.items():
        busiest, most = log.busiest_window(60), log.most_at_once()
        report.goals.append(Goal(f"{name}: requests in the busiest minute", busiest, plan.requests_a_minute))
        report.goals.append(Goal(f"{name}: requests at once", most, AT_ONCE))


def _judge_processes(report: Report, life: Life, folder: Path) -> None:
    report.add("kills", f"{len(life.killed_at)}", "by SIGKILL, each followed by a new process")
    errors = (folder / worker.LOG).read_text(encoding="utf-8")
    report.goals.append(Goal("processes that ended by themselves", life.crashes, 0))
    report.goals.append(Goal("tracebacks and errors in the log", errors.count("Traceback") + errors.count("ERROR"), 0))
    if errors.strip():
        report.add("log of the worker", errors[-1500:])
    lines = [line.split() for line in (folder / worker.MEMORY).read_text(encoding="utf-8").splitlines()]
    cpu = sum({pid: float(used) for pid, _, _, used in lines}.values())
    report.add("wall", f"{life.seconds:,.0f} s", f"CPU: workers {cpu:,.0f} s, server {life.server_cpu:,.0f} s")
    last = [float(resident) / 2**20 for pid, _, resident, _ in lines if pid == lines[-1][0]]
    early, late = _second_and_last_quarter(last)
    report.add(
        "memory of the last worker", f"{early:.0f} → {late:.0f} MB", f"second and last quarter of {len(last)} ticks"
    )
    report.goals.append(Goal("memory of the worker, last by second quarter", late / early, 1.1))
    sizes = [each for _, each in life.sizes]
    if len(sizes) >= 8:  # noqa: PLR2004 - fewer days than that tell nothing
        for name, what in (("bodies", "raw bodies"), ("attempts", "attempts"), ("bytes", "their bytes")):
            early, late = _second_and_last_quarter([each[name] for each in sizes])
            report.add(f"{what}, kept for two days", f"{early:,.0f} → {late:,.0f}", "second and last quarter")
            report.goals.append(Goal(f"{what}, last by second quarter", late / early, 1.25))
        early, late = _second_and_last_quarter([each["server"] / 2**20 for each in sizes])
        report.add("memory of the server's own processes", f"{early:.0f} → {late:.0f} MB")
        report.goals.append(Goal("memory of the server, last by second quarter", late / early, 1.25))


def _second_and_last_quarter(values: list[float]) -> tuple[float, float]:
    quarter = max(1, len(values) // 4)
    return median(values[quarter : 2 * quarter] or values), median(values[-quarter:])
