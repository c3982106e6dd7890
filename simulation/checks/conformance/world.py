"""What rules speak of beside the rows that they judge: the instant, and facts outside the platform."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from simulation.checks.conformance.facts import DERIVED, requests_by_id
from simulation.checks.conformance.moments import Moments
from simulation.checks.evidence.case import CannotTell, Case
from simulation.contract.facts import Fact


class World:
    """Facts outside the platform, each found once."""

    def __init__(self, case: Case) -> None:
        self.keys = {name: table.key for name, table in case.contract.tables.items()}
        self._case = case
        self._facts: dict[str, Sequence[Fact]] = {}

    def scope(self, moments: Moments, now: datetime, *, not_yet: int = 0) -> dict[str, Any]:
        """:param not_yet: how many facts of this very instant, of each name, have not happened yet."""
        return {
            "now": now,
            "not_yet": not_yet,
            "tables": moments.tables,
            "requests": self._case.remembered(requests_by_id),
            "whole": self._case.whole,
            "happened": self.happened,
        }

    def happened(self, name: str) -> Sequence[Fact]:
        """All derived facts of this name, in the order in which they happened."""
        if name not in DERIVED:
            raise CannotTell(f"the contract speaks of a fact {name}, which this version does not know")
        if name not in self._facts:
            self._facts[name] = sorted(self._case.remembered(DERIVED[name]), key=lambda fact: fact.at)
        return self._facts[name]

    def orders(self, now: datetime) -> Iterator[int]:
        """Every number of facts of this very instant that may not have happened yet, none first.

        A history does not tell in which order they and a statement of the same instant came. Which facts are meant is
        known when the statement has been looked at once.
        """
        yield 0
        yield from range(1, self._at_once(now) + 1)

    def _at_once(self, now: datetime) -> int:
        """How many facts of one name that was asked for happened at this very instant, at most."""
        return max(
            (
                bisect_right(facts, now, key=_when) - bisect_left(facts, now, key=_when)
                for facts in self._facts.values()
            ),
            default=0,
        )


def _when(fact: Fact) -> datetime:
    return fact.at
