"""What the lives of a campaign reached, and what none of them did: kinds of faults and pairs of them, states, declared
writes of the contract, columns.

What was never reached is a finding of the campaign: of it the campaign says nothing, however many lives passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from simulation.checks.conformance.writes import Tables, read_writes
from simulation.checks.evidence.case import CannotTell, Case
from simulation.contract.document import Contract
from simulation.events import FaultInjected
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.campaign.states import STATES, states_of

AREAS: Mapping[str, str] = {
    "kinds": "kinds of faults that struck",
    "pairs": "pairs of kinds that struck in one life",
    "states": "states that must be reached",
    "writes": "writes that the contract declares",
    "columns": "columns of the contract's tables that had a value",
}


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What was reached, in words that are equal in every run: ``a + b`` is a pair, ``table: write``, ``table.column``.

    ``declared_*``: what the target's contract has, so that it is known what is missing.
    """

    kinds: frozenset[str] = frozenset()
    pairs: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    declared_writes: frozenset[str] = frozenset()
    declared_columns: frozenset[str] = frozenset()

    @classmethod
    def of(cls, history: History) -> Reach:
        """Of one life."""
        kinds = sorted({strike.fault_kind for strike in history.of(FaultInjected)})
        reach = cls(kinds=frozenset(kinds), pairs=pairs_of(kinds), states=states_of(history))
        started = history.started
        try:
            return _with_contract(reach, Case(history, started.governance if started is not None else NO_GOVERNANCE))
        except (CannotTell, ValidationError):  # what the checks say of it, too
            return reach

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Reach:
        """As :meth:`as_row` wrote it."""
        return cls(**{field.name: frozenset(row[field.name]) for field in fields(cls)})

    def as_row(self) -> dict[str, list[str]]:
        """For a file: lists in order."""
        return {field.name: sorted(getattr(self, field.name)) for field in fields(self)}

    def __or__(self, other: Reach) -> Reach:
        """Both together; in any order and grouping the same."""
        return Reach(**{field.name: getattr(self, field.name) | getattr(other, field.name) for field in fields(self)})

    def never(self, *, kinds: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Area → what was never reached, in order.

        :param kinds: those that the campaign could draw.
        """
        known = sorted(kinds)
        wanted: Mapping[str, Iterable[str]] = {
            "kinds": known,
            "pairs": pairs_of(known),
            "states": STATES,
            "writes": self.declared_writes,
            "columns": self.declared_columns,
        }
        return {area: tuple(sorted(set(wanted[area]) - getattr(self, area))) for area in AREAS}

    def share(self, *, kinds: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Area → how many were reached, of how many."""
        never = self.never(kinds=(known := sorted(kinds)))
        whole = {
            "kinds": len(known),
            "pairs": len(known) * (len(known) - 1) // 2,
            "states": len(STATES),
            "writes": len(self.declared_writes),
            "columns": len(self.declared_columns),
        }
        return {area: (whole[area] - len(never[area]), whole[area]) for area in AREAS}


def pairs_of(kinds: Iterable[str]) -> frozenset[str]:
    """Unordered pairs of different kinds."""
    return frozenset(f"{one} + {other}" for one, other in combinations(sorted(set(kinds)), 2))


def _with_contract(reach: Reach, case: Case) -> Reach:
    contract = case.contract
    tables = Tables(keys={name: table.key for name, table in contract.tables.items()})
    written: set[str] = set()
    columns: set[str] = set()
    for _, writes in read_writes(case.wal.transactions, contract, case.governance, tables):
        for one in writes:
            if one.table in contract.tables:
                columns |= {f"{one.table}.{column}" for column, value in one.row.items() if value is not None}
            if one.write is not None:
                written.add(f"{one.table}: {one.write.name}")
    return replace(
        reach,
        writes=frozenset(written),
        columns=frozenset(columns),
        declared_writes=frozenset(_writes(contract)),
        declared_columns=frozenset(_columns(contract)),
    )


def _writes(contract: Contract) -> Iterator[str]:
    for name, table in contract.tables.items():
        yield from (f"{name}: {write.name}" for write in table.writes)


def _columns(contract: Contract) -> Iterator[str]:
    for name, table in contract.tables.items():
        ruled = {*table.inserted, *table.updated, *(column for write in table.writes for column in write.columns)}
        yield from (f"{name}.{column}" for column in ruled)
