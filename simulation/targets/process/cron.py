"""Jobs that cron starts: the simulation is their cron, and their runs need no sign to be known.

Like a timer of systemd, it does not start a run while the one before it is still under way.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulation.targets.process.programs import Programs
from simulation.targets.process.quiescence import keep_to_our_processors
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.target_file import JobTable


@dataclass(frozen=True, kw_only=True)
class CronRun:
    """How one run of a command ended."""

    started: bool
    error: str | None = None
    """Why it did not do what it is for; None: it ended with status 0."""


class Cron:
    """Starts the command of a job and lets the backend come to rest again, while simulated time passes for what waits
    for a timer."""

    def __init__(self, programs: Programs, stepper: Stepper) -> None:
        self._programs = programs
        self._stepper = stepper
        self._under_way: set[str] = set()

    def run(self, job: JobTable) -> CronRun:
        """Carry it out now. A run that is not over after ten simulated minutes goes on by itself.

        :raises EnvironmentFault: there is no such program.
        """
        name, sandbox = f"cron-{job.name}", self._programs.sandbox
        if name in self._under_way:
            self._stepper.fire_due_timers()  # one of them may be what it waits for
        before = sandbox.ended(name) if name in self._under_way else 0
        if before is None:
            return CronRun(started=False, error="its run before this one is still under way")
        self._under_way.discard(name)
        self._programs.start_job(job, name)
        keep_to_our_processors(self._stepper.own())
        if not self._stepper.wait_for(lambda: sandbox.ended(name) is not None):
            self._under_way.add(name)
        else:
            self._stepper.rest()
        return CronRun(started=True, error=self._wrong(before, sandbox.ended(name)))

    def _wrong(self, before: int, now: int | None) -> str | None:
        """What went wrong in the run that ended late, and in this one."""
        if now:
            return f"its command ended with status {now}; last words: {self._programs.last_words()}"
        return f"the run before this one ended with status {before}" if before else None
