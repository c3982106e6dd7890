"""Which of many possible falsehoods are told: drawn by a seed, the same in every process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from simulation.chance import chance

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """``rows``: how many rows (or answers, samples…) each falsehood is told of, where there are as many."""

    seed: int
    rows: int

    def of(self, items: Sequence[_Item], *names: str) -> list[_Item]:
        """Some of the items, in their order."""
        numbers = self.chance("which", *names).sample(range(len(items)), min(self.rows, len(items)))
        return [items[number] for number in sorted(numbers)]

    def chance(self, *names: str) -> Random:
        """The source of one choice."""
        return chance(self.seed, "coverage", *names)
