"""What the lives of a campaign reached, and what none of them did: kinds of faults and pairs of them, states,
declarations of the contract, columns.

What was never reached is a finding of the campaign: of it the campaign says nothing, however many lives passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import combinations

from pydantic import BaseModel, ConfigDict, ValidationError

from simulation.checks.evidence.case import CannotTell, Case
from simulation.contract.document import Contract
from simulation.events import FaultInjected
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.campaign.exercised import declared_by, exercised
from simulation.proof.campaign.states import STATES, states_of

AREAS: Mapping[str, str] = {
    "kinds": "kinds of faults that struck",
    "pairs": "pairs of kinds that struck in one life",
    "states": "states that must be reached",
    "rules": "declarations of the contract that something was held against",
    "columns": "columns of the contract's tables that had a value",
}


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """All that there is to reach. ``kinds``: those that the campaign could draw. ``contract``: the target's."""

    kinds: tuple[str, ...]
    contract: Contract

    @property
    def areas(self) -> Mapping[str, frozenset[str]]:
        """Area → what is in it."""
        declared = declared_by(self.contract)
        return {
            "kinds": frozenset(self.kinds),
            "pairs": pairs_of(self.kinds),
            "states": frozenset(STATES),
            "rules": declared.rules,
            "columns": declared.columns,
        }


class ReachRow(BaseModel):
    """What one life reached, as a file has it: in order, and without what follows from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: tuple[str, ...]
    states: tuple[str, ...]
    rules: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What was reached, in words that are equal in every run; a pair is ``a + b``."""

    kinds: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()

    @classmethod
    def of(cls, history: History) -> Reach:
        """Of one life."""
        kinds = sorted({strike.fault_kind for strike in history.of(FaultInjected)})
        reach = cls(kinds=frozenset(kinds), pairs=pairs_of(kinds), states=states_of(history))
        started = history.started
        try:
            found = exercised(Case(history, started.governance if started is not None else NO_GOVERNANCE))
        except (CannotTell, ValidationError):  # what the checks say of it, too
            return reach
        return replace(reach, rules=found.rules, columns=found.columns)

    @classmethod
    def from_row(cls, row: ReachRow) -> Reach:
        """As :meth:`as_row` wrote it, of one life: its pairs are those of its kinds."""
        return cls(
            kinds=frozenset(row.kinds),
            pairs=pairs_of(row.kinds),
            states=frozenset(row.states),
            rules=frozenset(row.rules),
            columns=frozenset(row.columns),
        )

    def as_row(self) -> ReachRow:
        """Of one life, for a file."""
        return ReachRow(
            kinds=tuple(sorted(self.kinds)),
            states=tuple(sorted(self.states)),
            rules=tuple(sorted(self.rules)),
            columns=tuple(sorted(self.columns)),
        )

    def __or__(self, other: Reach) -> Reach:
        """Both together; in any order and grouping the same."""
        others = other.by_area()
        return Reach(**{area: names | others[area] for area, names in self.by_area().items()})

    def by_area(self) -> dict[str, frozenset[str]]:
        """Area → what was reached."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def never(self, reachable: Reachable) -> dict[str, tuple[str, ...]]:
        """Area → what was never reached, in order."""
        reached = self.by_area()
        return {area: tuple(sorted(whole - reached[area])) for area, whole in reachable.areas.items()}

    def share(self, reachable: Reachable) -> dict[str, tuple[int, int]]:
        """Area → how many were reached, of how many."""
        reached = self.by_area()
        return {area: (len(whole & reached[area]), len(whole)) for area, whole in reachable.areas.items()}


def pairs_of(kinds: Iterable[str]) -> frozenset[str]:
    """Unordered pairs of different kinds."""
    return frozenset(f"{one} + {other}" for one, other in combinations(sorted(set(kinds)), 2))
