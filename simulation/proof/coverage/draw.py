"""Chooses which of the possible falsehoods are tried: at random by a seed, the same in every process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from simulation.chance import chance

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """``rows``: for how many rows (or answers, samples…) each kind of falsehood is tried, if there are so many.

    ``sample``: how many of all falsehoods are tried; None: all of them.
    """

    seed: int
    rows: int
    sample: int | None = None

    def of(self, items: Sequence[_Item], *names: str) -> list[_Item]:
        """Up to ``rows`` of the items, in their order. ``names`` identify this choice."""
        numbers = self.chance("which", *names).sample(range(len(items)), min(self.rows, len(items)))
        return [items[number] for number in sorted(numbers)]

    def chance(self, *names: str) -> Random:
        """The random source of the choice identified by ``names``."""
        return chance(self.seed, "coverage", *names)

    def sampled(self, items: Sequence[_Item]) -> list[_Item]:
        """As many of all falsehoods as are tried, in their order."""
        if self.sample is None or self.sample >= len(items):
            return list(items)
        numbers = self.chance("sample").sample(range(len(items)), self.sample)
        return [items[number] for number in sorted(numbers)]
