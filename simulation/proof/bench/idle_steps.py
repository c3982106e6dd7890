"""Steps of a backend in a process of its own while nothing happens: lived as in a run, and woken bare."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from simulation.assembly import RunRequest, Simulation, assembled
from simulation.assembly.probes import prove_the_clock
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run_directory import RunDirectory
from simulation.targets.process.job_watch import LogTail
from simulation.targets.process.quiescence import Thread, tasks
from simulation.targets.process.target import ProcessTarget
from simulation.targets.process.wakeups import wake

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
