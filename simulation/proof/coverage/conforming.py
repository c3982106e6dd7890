"""Judges the contract's rules again only for the tables that a falsehood can affect.

The rules are the slowest part of judging, and the findings of one table do not depend on those of another. A table's
rules read the tables that its declaration names, and the evidence noted while they judge the true history.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from simulation.checks.conformance.engine import Complaint, Conformance, Kind, conformance_of
from simulation.checks.evidence.case import CannotTell, Case
from simulation.contract.document import Contract, Table
from simulation.events import Transaction
from simulation.events.governance import Governance
from simulation.proof.coverage.dependencies import Notes, Thing, WatchedHistory


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One table of the contract: the findings of its rules in the true history, and what they read.

    ``gap``: the evidence that they lacked, if they could not be judged.
    """

    complaints: tuple[Complaint, ...]
    gap: CannotTell | None
    tables: frozenset[str]
    things: frozenset[Thing]


class Conforming:
    """The findings of the contract's rules in the true history, table by table."""

    def __init__(self, watched: WatchedHistory, notes: Notes, true: Case) -> None:
        self._parts: dict[str, _Part] = {}
        self._judged = Counter[Kind]()
        for table in true.contract.tables:
            declared = Declared.by(table, true.contract, true.governance)
            notes.take()
            found, gap = Conformance(), None
            try:
                case, transactions = watched.case(true.governance), true.events(Transaction)
                found = conformance_of(case, transactions, tables={table}, known=declared.tables)
            except CannotTell as error:
                gap = error
            self._parts[table] = _Part(
                complaints=tuple(found.complaints),
                gap=gap,
                tables=declared.tables,
                things=notes.take() | declared.things,
            )
            self._judged.update(found.judged)

    @property
    def things(self) -> frozenset[Thing]:
        """Everything that any of the rules reads."""
        return frozenset[Thing]().union(*(part.things for part in self._parts.values()))

    def found(self) -> Conformance:
        """The findings in the true history.

        :raises CannotTell: evidence that a table's rules need is missing.
        """
        return self._joined(self._parts.values(), ())

    def again(self, case: Case, changed: frozenset[Thing]) -> Conformance:
        """The findings in a case in which ``changed`` differs from the true history.

        :raises CannotTell: evidence that a table's rules need is missing.
        """
        concerned = {table: part for table, part in self._parts.items() if part.things & changed}
        kept = [part for table, part in self._parts.items() if table not in concerned]
        known = frozenset[str]().union(*(part.tables for part in concerned.values()))
        found = conformance_of(case, case.wal.transactions, tables=concerned, known=known)
        return self._joined(kept, found.complaints)

    def _joined(self, parts: Iterable[_Part], more: Iterable[Complaint]) -> Conformance:
        complaints: list[Complaint] = []
        for part in parts:
            if part.gap is not None:
                raise part.gap
            complaints += part.complaints
        return Conformance(complaints=[*complaints, *more], judged=self._judged)


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a table's declaration mentions: at least everything that its rules read."""

    tables: frozenset[str]
    """The table itself, and those that its declaration names."""
    things: frozenset[Thing]
    """The table itself; of the other tables the rows, their keys, and the columns that its declaration names."""

    @classmethod
    def by(cls, name: str, contract: Contract, governance: Governance) -> Declared:
        table = contract.tables[name]
        paths = set(re.findall(r"[\w.]+", table.model_dump_json()))
        words = {word for path in paths for word in path.split(".")}
        audited = "audit" in words or any(write.actions for write in table.writes)
        spoken = words | ({governance.audit_table, *governance.audit_columns.values()} if audited else set())
        whole = _taken_whole(table, paths)
        things = {("table", name)}
        for other in spoken & contract.tables.keys():
            if other in whole:
                things.add(("table", other))
            keys = contract.tables[other].key
            things |= {("rows", other)} | {("column", f"{other}.{word}") for word in (*spoken, *keys)}
        return cls(tables=frozenset({name, *(spoken & contract.tables.keys())}), things=frozenset(things))


def _taken_whole(table: Table, paths: Collection[str]) -> frozenset[str]:
    """Tables whose rows a path in the declaration uses as a whole: it ends at the row and names no column."""
    names = {join: joined.table for write in table.writes for join, joined in write.joins.items()}
    ends = {path.split(".")[-1] for path in paths if path.split(".")[0] in ("with", "before", "all")}
    return frozenset({*ends, *(names[path] for path in paths if path in names)})
