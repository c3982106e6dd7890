"""What can stop a run before it has a verdict. Each message says what happened, where, and what to do."""

from __future__ import annotations


class SimulationError(Exception):
    """Base of everything the harness raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 255


class UsageError(SimulationError):
    """Input that cannot be run: a scenario, a CSV, a runbook, a rule file. Nothing was started."""

    exit_code = 254

    def __init__(self, *, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem}\n  remedy: {remedy}")
        self.place, self.problem, self.remedy = place, problem, remedy


class EnvironmentFault(SimulationError):
    """The machine cannot carry the run: a port, a disk, a missing library."""

    def __init__(self, *, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n  remedy: {remedy}")
        self.problem, self.remedy = problem, remedy
