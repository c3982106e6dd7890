"""The facts of one declared write, and for which of them a row has been found so far."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Any

from simulation.checks.conformance.scope import MISSING, Scope, path_to, shown
from simulation.checks.conformance.writes import RowWrite
from simulation.contract.document import Write
from simulation.contract.facts import Fact


class Answers:
    """The facts of one declared write, looked up by the values that a row has in the columns of ``match``."""

    def __init__(self, write: Write, facts: Sequence[Fact]) -> None:
        assert write.for_each is not None
        self.name = write.for_each.name
        self._repeated = write.repeated
        self._match = {place: path_to(path) for place, path in write.match.items()}
        self._places = [Place(place, joined=place.split(".")[0] in write.joins) for place in write.match]
        self._by_values: dict[Key | None, deque[Fact]] = defaultdict(deque)
        self._answered: set[Key] = set()
        for fact in sorted(facts, key=lambda fact: not fact.required):
            self._by_values[key_of(self._values_of(fact))].append(fact)

    def _values_of(self, fact: Fact) -> tuple[Any, ...]:
        return tuple(find({self.name: fact}) for find in self._match.values())

    def own_values(self, written: RowWrite, scope: Scope) -> tuple[Any, ...]:
        """The row's values for ``match``: from its own columns, or from rows that it is joined with."""
        return tuple(place.value(written, scope) for place in self._places)

    def take(self, key: Key | None) -> Fact | None:
        """The next fact with these values that has no row yet, or None; with ``repeated`` always the first.

        Those that must have a row come first.
        """
        left = self._by_values.get(key)
        if key is None or not left:
            return None
        self._answered.add(key)
        return left[0] if self._repeated else left.popleft()

    def left(self) -> Iterator[Fact]:
        """Required facts for which no row was found."""
        for key, facts in self._by_values.items():
            if not self._repeated or key not in self._answered:
                yield from (fact for fact in facts if fact.required)

    def sought(self, fact: Fact) -> str:
        """Text for a finding: the values that the fact's row would have."""
        values = zip(self._match, self._values_of(fact), strict=True)
        return ", ".join(f"{place} {shown(value)}" for place, value in values)


class Place:
    """Where a row has its value for ``match``: a column, or a path in its scope. Names of joins precede columns."""

    def __init__(self, path: str, *, joined: bool) -> None:
        self._column = "" if joined else path.split(".")[0]
        self._of_row, self._of_scope = path_to(f"row.{path}"), path_to(path)

    def value(self, written: RowWrite, scope: Scope) -> Any:
        return (self._of_row if self._column in written.row else self._of_scope)(scope)


Key = tuple[str, ...]


def key_of(values: tuple[Any, ...]) -> Key | None:
    """The lookup key by which a row is matched with its fact; None where one of the values is missing."""
    return None if any(value is MISSING for value in values) else tuple(map(str, values))
