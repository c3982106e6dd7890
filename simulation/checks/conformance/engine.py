"""Every write of a run held against the contract: what it found, and how much it could judge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from simulation.checks.conformance.facts import Fact, facts_for, requests_by_id
from simulation.checks.conformance.identities import Identities
from simulation.checks.conformance.scope import MISSING, argument, look_up, shown
from simulation.checks.conformance.values import wrong
from simulation.checks.conformance.writes import RowWrite, Tables, TransactionScope, read_writes
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract, Table, Write
from simulation.contract.rules import Free, Identity, Instant, Rule, State, Words
from simulation.events import Transaction

Kind = Literal["rows", "values", "instants", "identities", "states", "words"]


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """A row or a column that is not as the contract says."""

    kind: Kind
    table: str
    column: str
    row: str
    write: str
    expected: str
    actual: str
    transaction: Transaction | None


@dataclass
class Conformance:
    """What the contract's rules found in a run. ``cells`` counts column values by (table, column, how judged)."""

    complaints: list[Complaint] = field(default_factory=list)
    judged: Counter[Kind] = field(default_factory=Counter)
    cells: Counter[tuple[str, str, Literal["judged", "free", "undeclared"]]] = field(default_factory=Counter)


def conformance(case: Case) -> Conformance:
    """Judge all writes of a run. To be asked through :meth:`Case.remembered`, since several checks share it."""
    return _Engine(case).judge()


class _Engine:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._contract: Contract = case.contract
        self._tables = Tables(keys={name: table.key for name, table in self._contract.tables.items()})
        self._found = Conformance()
        self._facts: dict[int, _Facts] = {}
        self._identities: dict[tuple[str, str], Identities] = defaultdict(Identities)

    def judge(self) -> Conformance:
        transactions = self._case.wal.transactions
        for transaction, writes in read_writes(transactions, self._contract, self._case.governance, self._tables):
            shared = _shared_scope(transaction, writes, self._case)
            for written in writes:
                self._look(written, shared)
        self._unanswered_facts()
        return self._found

    def _look(self, written: RowWrite, shared: Mapping[str, Any]) -> None:
        table = self._contract.tables.get(written.table)
        if table is None or written.write is None:
            self._undeclared(written, table)
            return
        write = written.write
        scope = {**shared, "row": written.row, "old": written.old}
        self._join(write, scope)
        if write.for_each is not None:
            if not self._answers(written, write, scope):
                return
            self._join(write, scope)
        rules = table.rules_of(write)
        for column, value in written.row.items():
            rule = rules.get(column)
            if rule is not None:
                self._judge(written, column, value, rule, scope)
            elif table.complete:
                self._kept(written, column, value)
            else:
                self._found.cells[written.table, column, "undeclared"] += 1

    def _join(self, write: Write, scope: dict[str, Any]) -> None:
        """Bring in the rows of other tables whose values are known by now."""
        for name, join in write.joins.items():
            values = {column: argument(wanted, scope) for column, wanted in join.where.items()}
            if MISSING not in values.values():
                rows = self._tables.where(join.table, values)
                scope[name] = rows if join.all else rows[0] if rows else None

    def _undeclared(self, written: RowWrite, table: Table | None) -> None:
        for column in written.row:
            self._found.cells[written.table, column, "undeclared"] += 1
        if table is not None and table.complete:
            self._complain("rows", written, "", "a write that the contract declares", f"{written.op} {written.row}")

    def _answers(self, written: RowWrite, write: Write, scope: dict[str, Any]) -> bool:
        """Find the fact outside that the row answers, and strike it off."""
        facts = self._facts_of(written.table, write)
        assert write.for_each is not None
        fact = facts.take([_own_value(place, written, scope) for place in write.match])
        self._found.judged["rows"] += 1
        if fact is None:
            sought = ", ".join(f"{place} {shown(_own_value(place, written, scope))}" for place in write.match)
            self._complain("rows", written, "", f"a {write.for_each.name} that it answers", f"none, for {sought}")
            return False
        scope[write.for_each.name] = fact
        return True

    def _facts_of(self, table: str, write: Write) -> _Facts:
        if id(write) not in self._facts:
            assert write.for_each is not None
            self._facts[id(write)] = _Facts(table=table, write=write, facts=facts_for(self._case, write.for_each))
        return self._facts[id(write)]

    def _judge(self, written: RowWrite, column: str, value: Any, rule: Rule, scope: Mapping[str, Any]) -> None:
        if isinstance(rule, Free):
            self._found.cells[written.table, column, "free"] += 1
            return
        kind = _kind_of(rule)
        self._found.cells[written.table, column, "judged"] += 1
        self._found.judged[kind] += 1
        if isinstance(rule, Identity):
            names = self._identities[written.table, column]
            alike = (str(look_up(f"row.{name}", scope)) for name in rule.by)
            expected = names.complaint(value, rule, group=(written.transaction.xid, *alike))
        else:
            expected = wrong(value, rule, scope, self._tables, column=column)
        if expected is not None:
            self._complain(kind, written, column, expected, shown(value))

    def _kept(self, written: RowWrite, column: str, value: Any) -> None:
        """A column that a complete table's update does not name."""
        self._found.cells[written.table, column, "judged"] += 1
        self._found.judged["values"] += 1
        before = (written.old or {}).get(column)
        if written.op == "insert":
            self._complain("values", written, column, "a rule for this column", shown(value))
        elif value != before:
            self._complain("values", written, column, f"unchanged: {shown(before)}", shown(value))

    def _unanswered_facts(self) -> None:
        """Facts that should have left a row and did not; also of writes that never happened."""
        if not self._case.whole:
            return
        for name, table in self._contract.tables.items():
            for write in table.writes:
                if write.for_each is None or not write.every:
                    continue
                for fact in self._facts_of(name, write).left():
                    self._found.judged["rows"] += 1
                    self._found.complaints.append(
                        Complaint(
                            kind="rows",
                            table=name,
                            column="",
                            row="",
                            write=write.name,
                            expected=f"a row for the {write.for_each.name} of {fact.at:%Y-%m-%d %H:%M:%S}",
                            actual=f"none, for {', '.join(_sought(write, fact))}",
                            transaction=None,
                        )
                    )

    def _complain(self, kind: Kind, written: RowWrite, column: str, expected: str, actual: str) -> None:
        self._found.complaints.append(
            Complaint(
                kind=kind,
                table=written.table,
                column=column,
                row=", ".join(map(str, written.key)),
                write=written.write.name if written.write is not None else "",
                expected=expected,
                actual=actual,
                transaction=written.transaction,
            )
        )


class _Facts:
    """The facts of one write, found by the values that a row has in the columns of ``match``."""

    def __init__(self, *, table: str, write: Write, facts: Sequence[Fact]) -> None:
        assert write.for_each is not None
        name = write.for_each.name
        self._table = table
        self._by_values: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
        for fact in facts:
            values = [look_up(path, {name: fact}) for path in write.match.values()]
            self._by_values[_comparable(values)].append(fact)

    def take(self, values: Sequence[Any]) -> Fact | None:
        """The next fact with these values that no row has answered yet."""
        left = self._by_values.get(_comparable(values))
        return left.pop(0) if left else None

    def left(self) -> Iterator[Fact]:
        """Facts that had to be answered and were not."""
        return (fact for facts in self._by_values.values() for fact in facts if fact.required)


def _own_value(place: str, written: RowWrite, scope: Mapping[str, Any]) -> Any:
    """The row's side of a match: a column of it, or a path to a row that it is joined with."""
    return look_up(f"row.{place}" if place.split(".")[0] in written.row else place, scope)


def _comparable(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(map(str, values))


def _sought(write: Write, fact: Fact) -> Iterator[str]:
    assert write.for_each is not None
    for column, path in write.match.items():
        yield f"{column} {shown(look_up(path, {write.for_each.name: fact}))}"


def _shared_scope(transaction: Transaction, writes: Sequence[RowWrite], case: Case) -> dict[str, Any]:
    first: dict[str, Any] = {}
    before: dict[str, Any] = {}
    every: dict[str, list[Any]] = {}
    for written in writes:
        if written.table not in first:
            first[written.table], before[written.table] = written.row, written.old
        every.setdefault(written.table, []).append(written.row)
    return {
        "transaction": TransactionScope(xid=transaction.xid, at=transaction.at),
        "with": first,
        "before": before,
        "all": every,
        "requests": case.remembered(requests_by_id),
        "audit": first.get(case.governance.audit_table),
    }


def _kind_of(rule: Rule) -> Kind:
    match rule:
        case Instant():
            return "instants"
        case Identity():
            return "identities"
        case State():
            return "states"
        case Words():
            return "words"
        case _:
            return "values"
