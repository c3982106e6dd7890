"""Judges the contract's rules again only for the tables and writes that a falsehood can affect.

The rules are the slowest part of judging, and the findings of one table do not depend on those of another. The rules
of a write read the tables that its declaration names, and the evidence noted while they judge the true history.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from simulation.checks.conformance.engine import Complaint, Conformance, Extent, Past, conformance_of
from simulation.checks.conformance.plans import Kind
from simulation.checks.evidence.case import CannotTell, Case
from simulation.contract.document import Contract, Table, Write
from simulation.events import Transaction
from simulation.events.governance import Governance
from simulation.proof.coverage.dependencies import Notes, Thing, WatchedHistory


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One table of the contract: the findings of its rules in the true history, and what they read.

    ``gap``: the evidence that they lacked, if they could not be judged. ``evidence``: what every rule reads outside
    the log. ``whole``: that, and what decides which write a change is. ``writes``: by name, what else the rules of the
    write read.
    """

    complaints: tuple[Complaint, ...]
    past: tuple[Past, ...]
    gap: CannotTell | None
    tables: frozenset[str]
    evidence: frozenset[Thing]
    whole: frozenset[Thing]
    writes: Mapping[str, Spoken]


class Conforming:
    """The findings of the contract's rules in the true history, table by table."""

    def __init__(self, watched: WatchedHistory, notes: Notes, true: Case) -> None:
        self._judged = Counter[Kind]()
        self._parts = {table: self._part(table, watched, notes, true) for table in true.contract.tables}

    def _part(self, name: str, watched: WatchedHistory, notes: Notes, true: Case) -> _Part:
        contract, governance = true.contract, true.governance
        writes = {write.name: spoken_of(name, write, contract, governance) for write in contract.tables[name].writes}
        known = frozenset({name}).union(*(spoken.tables for spoken in writes.values()))
        found, gap = Conformance(), None
        notes.take()
        try:
            extent = Extent(tables=frozenset({name}), writes=frozenset(), known=known)
            found = conformance_of(watched.case(true), true.events(Transaction), extent)
        except CannotTell as error:
            gap = error
        self._judged.update(found.judged)
        evidence = notes.take()
        return _Part(
            complaints=tuple(found.complaints),
            past=tuple(found.past),
            gap=gap,
            tables=known,
            evidence=evidence,
            whole=evidence | _chosen_by(name, contract.tables[name], governance),
            writes=writes,
        )

    @cached_property
    def things(self) -> frozenset[Thing]:
        """Everything that any of the rules reads."""
        return frozenset[Thing]().union(
            *(part.whole for part in self._parts.values()),
            *(spoken.things for part in self._parts.values() for spoken in part.writes.values()),
        )

    def found(self) -> Conformance:
        """The findings in the true history.

        :raises CannotTell: evidence that a table's rules need is missing.
        """
        return self._joined(Extent(tables=frozenset(), writes=frozenset(), known=frozenset()), ())

    def again(self, case: Case, changed: frozenset[Thing], *, first: int) -> Conformance:
        """The findings in a case in which ``changed`` differs from the true history.

        :param first: the number of the first transaction that differs; up to it, rows are as they were.

        :raises CannotTell: evidence that a table's rules need is missing.
        """
        tables = frozenset(table for table, part in self._parts.items() if part.whole & changed)
        spoken = {
            (table, name): spoken
            for table, part in self._parts.items()
            for name, spoken in part.writes.items()
            if table not in tables and spoken.things & changed
        }
        known = frozenset[str]().union(
            *(self._parts[table].tables for table in tables),
            *({table} | of.tables for (table, _), of in spoken.items()),
        )
        parts = [part for table, part in self._parts.items() if table in tables or any(table == of for of, _ in spoken)]
        since = first if all(part.evidence.isdisjoint(changed) for part in parts) else 0
        past = [each for part in parts for each in part.past if each.xid < since]
        extent = Extent(tables=tables, writes=frozenset(spoken), known=known, since=since, past=past)
        found = conformance_of(case, case.wal.touching(known), extent)
        return self._joined(extent, [each for each in found.complaints if not _is_before(each, since)])

    def _joined(self, again: Extent, new: Iterable[Complaint]) -> Conformance:
        """The true findings of all but what was judged ``again``, and the ``new`` ones of that."""
        complaints: list[Complaint] = []
        for table, part in self._parts.items():
            whole = table in again.tables
            if part.gap is not None and not whole:
                raise part.gap
            complaints += [
                complaint
                for complaint in part.complaints
                if _is_before(complaint, again.since)
                or not (whole or (complaint.kind != "identities" and (table, complaint.write) in again.writes))
            ]
        return Conformance(complaints=[*complaints, *new], judged=self._judged)


def _is_before(complaint: Complaint, since: int) -> bool:
    """Whether it is about a transaction before that number."""
    return complaint.transaction is not None and complaint.transaction.xid < since


def _chosen_by(name: str, table: Table, governance: Governance) -> frozenset[Thing]:
    """What decides which write a change of the table is: the table itself, the action, other tables."""
    things: set[Thing] = {("table", name)}
    for write in table.writes:
        things |= {("rows", other) for other in write.touching}
        if write.actions:
            audit, action = governance.audit_table, governance.audit_columns.get("action", "")
            things |= {("rows", audit), ("column", f"{audit}.{action}")}
    return frozenset(things)


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What a write's declaration mentions: at least everything that its rules read.

    ``tables``: those that it names. ``things``: of these the rows, their keys, and the columns that it names.
    """

    tables: frozenset[str]
    things: frozenset[Thing]


def spoken_of(name: str, write: Write, contract: Contract, governance: Governance) -> Spoken:
    """What a write mentions, with the rules that it shares with other writes of its table."""
    rules = contract.tables[name].rules_of(write)
    texts = [write.model_dump_json(), *rules, *(rule.model_dump_json() for rule in rules.values())]
    paths = {path for text in texts for path in re.findall(r"[\w.]+", text)}
    words = {word for path in paths for word in path.split(".")}
    if "audit" in words:
        words |= {governance.audit_table, *governance.audit_columns.values()}
    whole, things = _taken_whole(write, paths), set[Thing]()
    tables = frozenset(words & contract.tables.keys())
    for other in tables - {name}:
        if other in whole:
            things.add(("table", other))
        things |= {("rows", other)}
        things |= {("column", f"{other}.{word}") for word in (*words, *contract.tables[other].key)}
    return Spoken(tables=tables, things=frozenset(things))


def _taken_whole(write: Write, paths: Collection[str]) -> frozenset[str]:
    """Tables whose rows a path uses as a whole: it ends at the row and names no column."""
    ends = {path.split(".")[-1] for path in paths if path.split(".")[0] in ("with", "before", "all")}
    return frozenset({*ends, *(join.table for name, join in write.joins.items() if name in paths)})
