"""``make bench``: the default run, timed, beside the floor of the same run.

The floor is the platform's own SQL, recorded in the run and replayed bare through psycopg on the same server, with the
clock moved at the same places. What the run takes above it is Python: platform, twin, world and witnesses. Then the
same scenario against the platform as a process of its own: see :mod:`simulation.proof.bench`.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import psycopg
from rich.console import Console
from rich.table import Table

from simulation.assembly import RunRequest, Simulation, assembled
from simulation.assembly.probes import prove_the_clock
from simulation.assembly.request import prepare
from simulation.clock import write_clock_file
from simulation.environment.choice import choose
from simulation.environment.protocol import Database
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run import begin, live, revoke_founder_access, run
from simulation.run_directory import RunDirectory
from simulation.targets.process.job_watch import LogTail
from simulation.targets.process.quiescence import Thread, tasks
from simulation.targets.process.target import ProcessTarget
from simulation.targets.process.wakeups import wake

_TARGETS = {
    "whole run (s)": 15.0,
    "day 0 to the last (s)": 8.0,
    "peak memory (MB)": 400.0,
    "days / floor": 4.0,
    "containers up (s)": 10.0,
    "days in containers / embedded": 1.5,
    "as a process (s)": 60.0,
    "idle step beyond the backend (ms)": 3.0,
}


Step = Literal["execute", "commit", "rollback"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One SQL statement, commit or rollback on one of the platform's connections, at simulated time ``at``."""

    connection: int
    autocommit: bool
    step: Step
    at: datetime
    sql: Any = None
    parameters: Any = None


class Stopwatch(Silent):
    """A progress listener that measures the wall time of each phase."""

    def __init__(self) -> None:
        self._marks: list[tuple[str, float]] = [("start", time.perf_counter())]

    def phase(self, text: str) -> None:
        self._marks.append((text, time.perf_counter()))

    def seconds(self, prefix: str) -> float:
        """Wall seconds of the first phase whose name begins with ``prefix``.

        :raises LookupError: there is none.
        """
        for (name, began), (_, ended) in zip(self._marks, self._marks[1:], strict=False):
            if name.startswith(prefix):
                return ended - began
        raise LookupError(prefix)


def main() -> None:
    """Print the figures with their targets; exit 0 even if they are missed (machines are shared and noisy)."""
    arguments = _arguments()
    with_containers = choose().name == "containers"
    with tempfile.TemporaryDirectory(prefix="bench-") as out:
        request = prepare(scenario=arguments.scenario, seed=arguments.seed, environment="embedded", out=Path(out))
        whole, days, contained, ratios, verdicts = [], [], [], [], []
        for _ in range(arguments.repeat):
            watch = Stopwatch()
            began = time.perf_counter()
            verdicts.append(run(request, watch).verdict.outcome)
            whole.append(time.perf_counter() - began)
            days.append(watch.seconds("living"))
            if with_containers:
                # Alternating with the embedded runs, so that a busy machine slows both alike.
                contained.append(_in_containers(request))
        own_process = prepare(
            scenario=arguments.scenario, seed=arguments.seed, environment="embedded", out=Path(out), target=STAGING
        )
        processes, idle = [], []
        for _ in range(arguments.repeat):
            began = time.perf_counter()
            verdicts.append(run(own_process, Silent()).verdict.outcome)
            processes.append(time.perf_counter() - began)
            idle.append(idle_steps(own_process))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for _ in range(arguments.repeat):
            lived, floor, statements = _floor(request)
            ratios.append((lived, floor, statements))
    _print(whole, days, contained, peak_mb, ratios, verdicts, _as_process(whole, processes, idle))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", nargs="?", default="founder_absence_14d")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    return parser.parse_args()


def _floor(request: RunRequest) -> tuple[float, float, int]:
    """Wall seconds of the simulated days, wall seconds of their SQL alone on the same server, number of statements."""
    directory = RunDirectory.create(out=request.out, scenario="floor", seed=request.seed)
    statements: list[Statement] = []
    with _recorded(statements), assembled(request, directory, Silent()) as sim:
        bare = sim.server.clone("floor")
        prove_the_clock(sim)
        begin(sim)
        revoke_founder_access(sim)
        began = time.perf_counter()
        live(sim, Silent())
        lived = time.perf_counter() - began
        recorded = len(statements)
        return lived, _replay(statements[:recorded], bare), recorded


@contextmanager
def _recorded(statements: list[Statement]) -> Iterator[None]:
    """Within this block, append every statement, commit and rollback of the platform's database role to the list."""

    def note(connection: psycopg.Connection[Any], step: Step, sql: Any = None, parameters: Any = None) -> None:
        if connection.info.user == "platform":
            statements.append(
                Statement(
                    connection=id(connection),
                    autocommit=connection.autocommit,
                    step=step,
                    at=datetime.now(UTC),
                    sql=sql,
                    parameters=parameters,
                )
            )

    def execute(cursor: psycopg.Cursor[Any], query: Any, params: Any = None, **options: Any) -> Any:
        note(cursor.connection, "execute", query, params)
        return real_execute(cursor, query, params, **options)

    def commit(connection: psycopg.Connection[Any]) -> None:
        note(connection, "commit")
        real_commit(connection)

    def rollback(connection: psycopg.Connection[Any]) -> None:
        note(connection, "rollback")
        real_rollback(connection)

    real_execute, real_commit, real_rollback = (
        psycopg.Cursor.execute, psycopg.Connection.commit, psycopg.Connection.rollback,
    )  # fmt: skip
    with (
        mock.patch.object(psycopg.Cursor, "execute", execute),
        mock.patch.object(psycopg.Connection, "commit", commit),
        mock.patch.object(psycopg.Connection, "rollback", rollback),
    ):
        yield


def _replay(statements: list[Statement], database: Database) -> float:
    """Run the same statements through psycopg alone; returns wall seconds."""
    conninfo = database.conninfo("platform", application="floor")
    connections = {key: psycopg.connect(conninfo) for key in dict.fromkeys(one.connection for one in statements)}
    began = time.perf_counter()
    at: datetime | None = None
    for one in statements:
        if one.at != at:
            at = one.at
            write_clock_file(database.clock_file, at)
        connection = connections[one.connection]
        if connection.autocommit != one.autocommit:
            connection.autocommit = one.autocommit
        if one.step == "execute":
            connection.execute(one.sql, one.parameters or None)
        elif one.step == "commit":
            connection.commit()
        else:
            connection.rollback()
    took = time.perf_counter() - began
    for connection in connections.values():
        connection.close()
    return took


def _in_containers(request: RunRequest) -> tuple[float, float]:
    """The same run in containers: wall seconds until they are ready, and wall seconds of the simulated days."""
    watch = Stopwatch()
    run(replace(request, environment="containers"), watch)
    return watch.seconds("starting PostgreSQL"), watch.seconds("living")


def _as_process(whole: list[float], processes: list[float], idle: list[IdleSteps]) -> dict[str, list[float]]:
    """The table's rows about a target that runs as a process of its own."""
    return {
        "as a process (s)": processes,
        "as a process / in process": [outside / inside for outside, inside in zip(processes, whole, strict=True)],
        "idle step as a process (ms)": [steps.lived_ms for steps in idle],
        "the same backend, woken bare (ms)": [steps.bare_ms for steps in idle],
        "idle step beyond the backend (ms)": [steps.lived_ms - steps.bare_ms for steps in idle],
        "idle step / bare": [steps.lived_ms / steps.bare_ms for steps in idle],
    }


def _print(
    whole: list[float],
    days: list[float],
    contained: list[tuple[float, float]],
    peak_mb: float,
    floors: list[tuple[float, float, int]],
    verdicts: list[str],
    own_process: dict[str, list[float]],
) -> None:
    table = Table(
        title=f"{len(whole)} runs, {platform.machine()}, {os.cpu_count()} cores: median (min to max)", box=None
    )
    for heading in ("figure", "median", "min", "max", "target"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    ratios = [lived / floor for lived, floor, _ in floors]
    rows = {
        "whole run (s)": whole,
        "day 0 to the last (s)": days,
        "floor: same SQL, bare (s)": [floor for _, floor, _ in floors],
        "days / floor": ratios,
        "peak memory (MB)": [peak_mb],
    }
    if contained:
        rows["containers up (s)"] = [up for up, _ in contained]
        rows["days in containers / embedded"] = [
            inside / outside for (_, inside), outside in zip(contained, days, strict=True)
        ]
    for name, values in (rows | own_process).items():
        ordered = sorted(values)
        target = f"≤ {_TARGETS[name]:g}" if name in _TARGETS else "baseline"
        table.add_row(name, f"{ordered[len(ordered) // 2]:.2f}", f"{ordered[0]:.2f}", f"{ordered[-1]:.2f}", target)
    Console().print(table)
    Console().print(f"{floors[0][2]:,} statements; verdicts: {', '.join(verdicts)}", highlight=False)


if __name__ == "__main__":
    main()


STAGING = ROOT / "fixtures" / "targets" / "staging"
_IDLE_STEPS = 100
_BEGIN = timedelta(hours=3)
"""Offset into the first day: after the daily job ran, and early enough to measure both before it runs again."""
_DEADLINE_WALL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class IdleSteps:
    """Wall milliseconds for each step: in the simulation, and of the backend alone (``bare_ms``)."""

    lived_ms: float
    bare_ms: float


def idle_steps(request: RunRequest) -> IdleSteps:
    """Time the steps of a backend without contests, in the simulation and alone, in one assembled run.

    :param request: its target must be a process.
    """
    directory = RunDirectory.create(out=request.out, scenario="idle", seed=request.seed)
    with assembled(request, directory, Silent()) as sim:
        prove_the_clock(sim)
        sim.kernel.clock.move_to(sim.scenario.start + _BEGIN)
        sim.jobs.start()
        assert isinstance(sim.target, ProcessTarget)
        step = timedelta(seconds=sim.target.file.step_seconds)
        sim.kernel.run_until(sim.kernel.now + step)  # jobs that became due during setup
        began = time.perf_counter()
        sim.kernel.run_until(sim.kernel.now + _IDLE_STEPS * step)
        lived = time.perf_counter() - began
        bare = _bare(sim, sim.target, step)
        return IdleSteps(lived_ms=1000 * lived / _IDLE_STEPS, bare_ms=1000 * bare / _IDLE_STEPS)


def _bare(sim: Simulation, target: ProcessTarget, step: timedelta) -> float:
    pids = target.programs.with_timers(target.stepper.own())
    threads = [Thread.open(pid, tid) for pid in pids for tid in tasks(pid)]
    lines = sum(job.interval_seconds == target.file.step_seconds for job in target.file.job)
    finished = _finished(target.programs.log, threads, lines=lines)
    began = time.perf_counter()
    for _ in range(_IDLE_STEPS):
        sim.kernel.clock.move_to(sim.kernel.now + step)
        wake(pids)
        finished()
    took = time.perf_counter() - began
    for thread in threads:
        thread.close()
    return took


def _finished(log: Path, threads: Sequence[Thread], *, lines: int) -> Callable[[], None]:
    """A function that waits until ``lines`` more lines are in the log and every thread sleeps again."""
    tail = LogTail(log)
    list(tail.lines())

    def wait() -> None:
        seen, deadline = 0, time.perf_counter() + _DEADLINE_WALL_SECONDS
        while seen < lines or not all(thread.asleep() for thread in threads):
            seen += len(list(tail.lines()))
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{seen} of {lines} jobs ran after a wake: {log}")
            time.sleep(0.0001)

    return wait
