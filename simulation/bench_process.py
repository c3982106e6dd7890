"""What a backend of its own costs, for ``make bench``: the default run as a process, and a step without work.

The baseline of an idle step is the same backend in the same run woken bare: the clock is written, its programs with
timers are interrupted, and the step is over when their jobs have run and they wait again. Nobody looks at the database,
the network or the other programs meanwhile, and nothing is read or written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from simulation.progress import Silent
from simulation.project import ROOT
from simulation.proofs import prove_the_clock
from simulation.run_directory import RunDirectory
from simulation.stage import RunRequest, Stage, stage
from simulation.target.process.job_watch import LogTail
from simulation.target.process.target import ProcessTarget
from simulation.target.process.threads import Thread, tasks
from simulation.target.process.waking import wake

STAGING = ROOT / "fixtures" / "targets" / "staging"
_IDLE_STEPS = 100
_BEGIN = timedelta(hours=3)
"""Into the first day: after the job that runs once a day, and early enough for both walks before its next time."""
_DEADLINE_WALL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class IdleSteps:
    """Wall milliseconds a step."""

    lived_ms: float
    bare_ms: float


def idle_steps(request: RunRequest) -> IdleSteps:
    """Steps of a backend that has no contest yet, lived and bare, on one stage.

    :param request: for a target that is a process.
    """
    directory = RunDirectory.create(out=request.out, scenario="idle", seed=request.seed)
    with stage(request, directory, Silent()) as on:
        prove_the_clock(on)
        on.kernel.clock.move_to(on.scenario.start + _BEGIN)
        on.jobs.start()
        assert isinstance(on.target, ProcessTarget)
        step = timedelta(seconds=on.target.file.step_seconds)
        on.kernel.run_until(on.kernel.now + step)  # what fell due while the stage was set
        began = time.perf_counter()
        on.kernel.run_until(on.kernel.now + _IDLE_STEPS * step)
        lived = time.perf_counter() - began
        bare = _bare(on, on.target, step)
        return IdleSteps(lived_ms=1000 * lived / _IDLE_STEPS, bare_ms=1000 * bare / _IDLE_STEPS)


def _bare(on: Stage, target: ProcessTarget, step: timedelta) -> float:
    pids = target.programs.with_timers(target.life.own())
    threads = [Thread.open(pid, tid) for pid in pids for tid in tasks(pid)]
    lines = sum(job.interval_seconds == target.file.step_seconds for job in target.file.job)
    finished = _finished(target.programs.log, threads, lines=lines)
    began = time.perf_counter()
    for _ in range(_IDLE_STEPS):
        on.kernel.clock.move_to(on.kernel.now + step)
        wake(pids)
        finished()
    took = time.perf_counter() - began
    for thread in threads:
        thread.close()
    return took


def _finished(log: Path, threads: Sequence[Thread], *, lines: int) -> Callable[[], None]:
    """Wait until ``lines`` more lines are in the log and every thread sleeps again."""
    tail = LogTail(log)
    tail.lines()

    def wait() -> None:
        seen, deadline = 0, time.perf_counter() + _DEADLINE_WALL_SECONDS
        while seen < lines or not all(thread.asleep() for thread in threads):
            seen += len(tail.lines())
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{seen} of {lines} jobs ran after a wake: {log}")
            time.sleep(0.0001)

    return wait
