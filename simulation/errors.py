"""What can stop a run before it has a verdict. Each message says what happened, where, and what to do.

Messages quote files and programs, and are made harmless for a terminal.
"""

from __future__ import annotations

import shlex

from simulation.untrusted import printable

_LONGEST = 4_000
"""Characters of each part of a message; one may quote a file or an answer of any length."""


class SimulationError(Exception):
    """Base of everything the harness raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 255


class UsageError(SimulationError):
    """Input that cannot be run: a scenario, a CSV, a runbook, a rule file. Nothing was started."""

    exit_code = 254

    def __init__(self, *, place: str, problem: str, remedy: str) -> None:
        self.place, self.problem, self.remedy = _shown(place), _shown(problem), _shown(remedy)
        super().__init__(f"{self.place}: {self.problem}\n  remedy: {self.remedy}")


class EnvironmentFault(SimulationError):
    """The machine cannot carry the run: a port, a disk, a missing library."""

    def __init__(self, *, problem: str, remedy: str) -> None:
        self.problem, self.remedy = _shown(problem), _shown(remedy)
        super().__init__(f"{self.problem}\n  remedy: {self.remedy}")


def command(*words: object) -> str:
    """A command of ours as people can paste it, whatever is in its words: for remedies, and for seeing a run again."""
    return shlex.join(("simulate", *map(str, words)))


def _shown(text: str) -> str:
    """Harmless for a terminal, and of a length that somebody reads: the middle of a longer one is left out."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} … ({len(text) - 2 * half:,} characters) … {text[-half:]}"
    return printable(text)
