"""What can stop a run before it has a verdict. Each message says what happened, where, and what to do.

Messages quote files and programs, and are made harmless for a terminal.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any

from simulation.untrusted import printable

_LONGEST = 4_000
"""Characters of each part of a message; one may quote a file or an answer of any length."""
_LONGEST_OF_ALL = 10_000
"""Characters of several mistakes together; nobody reads more at once."""


class SimulationError(Exception):
    """Base of everything the harness raises on purpose; ``exit_code`` is what the command line returns."""

    exit_code = 255

    @property
    def messages(self) -> Sequence[str]:
        """One for each thing that is wrong, with its remedy."""
        return (str(self),)


class UsageError(SimulationError):
    """Input that cannot be run: a scenario, a CSV, a runbook, a rule file. Nothing was started.

    :param others: further mistakes of the same input, each without ``others`` of its own.
    :param left_out: how many more there are.
    """

    exit_code = 254

    def __init__(
        self, *, place: str, problem: str, remedy: str, others: Sequence[UsageError] = (), left_out: int = 0
    ) -> None:
        self.place, self.problem, self.remedy = _shown(place), _shown(problem), _shown(remedy)
        self.others, self.left_out = tuple(others), left_out
        super().__init__("\n".join(self.messages))

    @classmethod
    def of(cls, mistakes: Sequence[UsageError]) -> UsageError:
        """Several mistakes, one or more, as the one error that is raised; the first gives it its place."""
        first, *others = mistakes
        lengths = accumulate((len(str(other)) for other in others), initial=len(str(first)))
        next(lengths)
        told = [other for other, length in zip(others, lengths, strict=True) if length <= _LONGEST_OF_ALL]
        left_out = len(others) - len(told)
        return cls(place=first.place, problem=first.problem, remedy=first.remedy, others=told, left_out=left_out)

    @property
    def each(self) -> Sequence[UsageError]:
        """All mistakes, this first."""
        return (self, *self.others)

    @property
    def messages(self) -> Sequence[str]:
        said = [f"{each.place}: {each.problem}\n  remedy: {each.remedy}" for each in self.each]
        return [*said, f"and {self.left_out} more"] if self.left_out else said

    def __reduce__(self) -> tuple[Any, ...]:
        words = {"place": self.place, "problem": self.problem, "remedy": self.remedy}
        return partial(type(self), **words, others=self.others, left_out=self.left_out), (), self.__dict__


class EnvironmentFault(SimulationError):
    """The machine cannot carry the run: a port, a disk, a missing library."""

    def __init__(self, *, problem: str, remedy: str) -> None:
        self.problem, self.remedy = _shown(problem), _shown(remedy)
        super().__init__(f"{self.problem}\n  remedy: {self.remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), problem=self.problem, remedy=self.remedy), (), self.__dict__


def command(*words: object) -> str:
    """A command of ours as people can paste it, whatever is in its words: for remedies, and for seeing a run again."""
    return shlex.join(("simulate", *map(str, words)))


def _shown(text: str) -> str:
    """Harmless for a terminal, and of a length that somebody reads: the middle of a longer one is left out."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} … ({len(text) - 2 * half:,} characters) … {text[-half:]}"
    return printable(text)
