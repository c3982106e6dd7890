"""What can stop a run before it has a verdict. Each message says what happened, where, and what to do.

Messages quote files and programs, and are made harmless for a terminal.
"""

from __future__ import annotations

from simulation.untrusted import printable


class SimulationError(Exception):
    """Base of everything the harness raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 255


class UsageError(SimulationError):
    """Input that cannot be run: a scenario, a CSV, a runbook, a rule file. Nothing was started."""

    exit_code = 254

    def __init__(self, *, place: str, problem: str, remedy: str) -> None:
        self.place, self.problem, self.remedy = printable(place), printable(problem), printable(remedy)
        super().__init__(f"{self.place}: {self.problem}\n  remedy: {self.remedy}")


class EnvironmentFault(SimulationError):
    """The machine cannot carry the run: a port, a disk, a missing library."""

    def __init__(self, *, problem: str, remedy: str) -> None:
        self.problem, self.remedy = printable(problem), printable(remedy)
        super().__init__(f"{self.problem}\n  remedy: {self.remedy}")
