"""The rows of all tables as they were at one instant after another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from simulation.checks.conformance.writes import Tables
from simulation.events import Transaction


class Moments:
    """Goes through the write-ahead log once, from instant to instant.

    A history does not tell in which order a statement and the transactions of the same instant came. So a statement is
    right if it is right before or after any of them.

    :param known: the tables that are looked at; None: all.
    """

    def __init__(
        self, transactions: Sequence[Transaction], keys: Mapping[str, tuple[str, ...]], known: Collection[str] | None
    ) -> None:
        self.tables = Tables(keys=keys)
        self._known = known
        self._left = [each for each in transactions if known is None or any(c.table in known for c in each.changes)]
        self._next = 0

    def come_to(self, instant: datetime) -> frozenset[str]:
        """Apply everything before the instant; which tables that changed."""
        touched: set[str] = set()
        while self._next < len(self._left) and self._left[self._next].at < instant:
            touched |= self._apply()
        return frozenset(touched)

    def states(self, until: datetime) -> Iterator[frozenset[str]]:
        """The state now, then that after each transaction until (and at) the instant; which tables it changed."""
        yield frozenset()
        while self._next < len(self._left) and self._left[self._next].at <= until:
            yield frozenset(self._apply())

    def _apply(self) -> set[str]:
        touched = set()
        for change in self._left[self._next].changes:
            if self._known is None or change.table in self._known:
                self.tables.apply(change)
                touched.add(change.table)
        self._next += 1
        return touched
