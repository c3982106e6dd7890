"""Every write of a run compared with the contract: what is wrong, and how much could be judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from simulation.checks.conformance.answers import Answers, key_of
from simulation.checks.conformance.facts import facts_for, requests_by_id
from simulation.checks.conformance.identities import Identities
from simulation.checks.conformance.judges import Judge, judge_of
from simulation.checks.conformance.plans import Kind, Plan, joins_of, kept, kind_of, without_a_rule
from simulation.checks.conformance.scope import MISSING, Scope, path_to, shown
from simulation.checks.conformance.world import World
from simulation.checks.conformance.writes import RowWrite, Tables, read_writes
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.held_open import may_have_begun
from simulation.contract.document import Contract, Table, Write
from simulation.contract.facts import TransactionScope
from simulation.contract.parts import paths_of
from simulation.contract.rules import Free, Identity
from simulation.events import Transaction


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
    past: list[Past] = field(default_factory=list)


def conformance(case: Case) -> Conformance:
    """Judge all writes of a run. Call it through :meth:`Case.remembered`, because several checks share the result."""
    return _Engine(case, case.wal.transactions).judge()


class Past(NamedTuple):
    """What a row that was judged changed for those after it: ``again`` does that to another engine, without the row."""

    xid: int
    table: str
    write: Write
    again: Callable[[_Engine], object]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """The part of a contract that is judged.

    ``tables`` are judged in full; of the tables of ``writes`` (table, name) only these writes, without identities.
    ``known``: all these tables, and those that their rules read. ``since``: the number of the first transaction that is
    judged; of what comes before it ``past`` is all that counts.
    """

    tables: frozenset[str]
    writes: frozenset[tuple[str, str]]
    known: frozenset[str]
    since: int = 0
    past: Sequence[Past] = ()

    @property
    def touched(self) -> frozenset[str]:
        """Tables of which something is judged."""
        return self.tables | {table for table, _ in self.writes}

    def has(self, table: str, write: Write | None) -> bool:
        """Whether a change of the table is judged, being this write."""
        return table in self.tables or (write is not None and (table, write.name) in self.writes)


def conformance_of(case: Case, transactions: Sequence[Transaction], extent: Extent) -> Conformance:
    """:func:`conformance` for a part of the contract, without the cost of the rest.

    :param transactions: those of the case's write-ahead log that are to be judged.
    """
    return _Engine(case, transactions, extent).judge()


def write_scope(
    case: Case, world: World, tables: Tables, transaction: Transaction, writes: Sequence[RowWrite]
) -> dict[str, Any]:
    """What all writes of a transaction have in their scope."""
    first: dict[str, Any] = {}
    before: dict[str, Any] = {}
    every: dict[str, list[Any]] = {}
    for written in writes:
        if written.table not in first:
            first[written.table], before[written.table] = written.row, written.old
        every.setdefault(written.table, []).append(written.row)
    return {
        "now": transaction.at,
        "begun": may_have_begun(case, transaction.at),
        "not_yet": 0,
        "happened": world.happened,
        "transaction": TransactionScope(xid=transaction.xid, at=transaction.at, text=transaction.at.isoformat()),
        "with": first,
        "before": before,
        "all": every,
        "tables": tables,
        "requests": case.remembered(requests_by_id),
        "whole": case.whole,
        "audit": first.get(case.governance.audit_table),
    }


class _Engine:
    def __init__(self, case: Case, transactions: Sequence[Transaction], extent: Extent | None = None) -> None:
        """:param extent: None: the whole contract."""
        self._case = case
        self._transactions = transactions
        self._extent = extent
        self._contract: Contract = case.contract
        self._tables = Tables(keys={name: table.key for name, table in self._contract.tables.items()})
        self._world = World(case)
        self._found = Conformance()
        self._plans: dict[tuple[str, int], Plan] = {}
        self._facts: dict[int, Answers] = {}
        self._identities: dict[tuple[str, str], Identities] = defaultdict(Identities)

    def judge(self) -> Conformance:
        self._need_audit()
        for each in () if self._extent is None else self._extent.past:
            if self._is_judged(each.table, each.write):
                each.again(self)
        read = read_writes(
            self._transactions,
            self._contract,
            self._case.governance,
            self._tables,
            known=None if self._extent is None else self._extent.known,
            judged=None if self._extent is None else self._extent.touched,
            since=0 if self._extent is None else self._extent.since,
        )
        for transaction, writes in read:
            judged = [written for written in writes if self._is_judged(written.table, written.write)]
            shared = write_scope(self._case, self._world, self._tables, transaction, writes) if judged else {}
            for written in judged:
                self._look(written, shared)
        self._count()
        self._unanswered_facts()
        return self._found

    def _is_judged(self, table: str, write: Write | None) -> bool:
        return self._extent is None or self._extent.has(table, write)

    def _need_audit(self) -> None:
        """:raises CannotTell: the contract names audit records, and the target does not declare their table."""
        governance = self._case.governance
        if governance.audit_table and "action" in governance.audit_columns:
            return
        for table in self._contract.tables.values():
            for write in table.writes:
                if write.actions:
                    self._case.need_declared("audit_table", "audit_columns.action")
                rules = table.rules_of(write).values()
                if any(path.split(".")[0] == "audit" for rule in rules for path in paths_of(rule)):
                    self._case.need_declared("audit_table")

    def _look(self, written: RowWrite, shared: dict[str, Any]) -> None:
        table = self._contract.tables.get(written.table)
        if table is None or written.write is None:
            self._undeclared(written, table)
            return
        if written.op == "update" and written.old is None and table.complete and not table.seeded:
            self._complain("rows", written, "", "an update of a row that is there", "nobody inserted it")
            return
        plan = self._plan_of(written, table, written.write)
        scope = {**shared, "row": written.row, "old": written.old}
        self._join(plan, scope)
        if plan.facts is not None:
            if not self._answers(written, plan, scope):
                return
            self._join(plan, scope)
        plan.count += 1
        for column, kind, judge in plan.columns:
            actual = written.row.get(column, MISSING)
            if actual is MISSING:
                complaint = "a column of this name" if written.is_whole else None
            else:
                complaint = judge(actual, scope)
            if complaint is not None:
                self._complain(kind, written, column, complaint, shown(actual))

    def _facts_of(self, write: Write) -> Answers:
        if id(write) not in self._facts:
            assert write.for_each is not None
            self._facts[id(write)] = Answers(write, facts_for(self._case, write.for_each))
        return self._facts[id(write)]

    def _keep(self, xid: int, table: str, write: Write, again: Callable[[_Engine], object]) -> None:
        """Keep it for engines that judge only what comes later; there are none of the whole contract."""
        if self._extent is not None:
            self._found.past.append(Past(xid, table, write, again))

    def _plan_of(self, written: RowWrite, table: Table, write: Write) -> Plan:
        key = (written.table, id(write))
        if key not in self._plans:
            self._plans[key] = Plan(
                table=written.table,
                write=write,
                facts=None if write.for_each is None else self._facts_of(write),
                columns=tuple(self._judges(written, table, write)),
                free=tuple(column for column, rule in table.rules_of(write).items() if isinstance(rule, Free)),
                joins=tuple(joins_of(write)),
                undeclared=() if table.complete else tuple(set(written.row) - set(table.rules_of(write))),
            )
        return self._plans[key]

    def _judges(self, written: RowWrite, table: Table, write: Write) -> Iterator[tuple[str, Kind, Judge]]:
        rules = table.rules_of(write)
        for column in dict.fromkeys((*written.row, *rules)):
            rule = rules.get(column)
            if isinstance(rule, Identity):
                if self._extent is None or written.table in self._extent.tables:
                    yield column, "identities", self._identity(written.table, column, write, rule)
            elif rule is not None and not isinstance(rule, Free):
                yield column, kind_of(rule), judge_of(rule, column)
            elif rule is None and table.complete:
                yield column, "values", kept(column) if write.op == "update" else without_a_rule

    def _identity(self, table: str, column: str, write: Write, rule: Identity) -> Judge:
        alike = [path_to(f"row.{name}") for name in rule.by]

        def judge(actual: Any, scope: Scope) -> str | None:
            xid, begun, at = scope["transaction"].xid, scope["begun"], scope["now"]
            group = (xid, *(str(each(scope)) for each in alike))

            def complaint(engine: _Engine) -> str | None:
                names = engine._identities[table, column]
                return names.complaint(actual, rule, begun=begun, at=at, group=group)

            self._keep(xid, table, write, complaint)
            return complaint(self)

        return judge

    def _join(self, plan: Plan, scope: dict[str, Any]) -> None:
        """Add the joined rows to the scope, where the values to look them up by are already known."""
        for name, join, where in plan.joins:
            values = {column: wanted(scope) for column, wanted in where.items()}
            if not any(value is MISSING for value in values.values()):
                rows = self._tables.where(join.table, values)
                scope[name] = rows if join.all else rows[0] if rows else None

    def _undeclared(self, written: RowWrite, table: Table | None) -> None:
        """Judge a write that is not declared. Deletes are left to the checks append_only and lost_rows_restored."""
        for column in written.row:
            self._found.cells[written.table, column, "undeclared"] += 1
        if table is not None and table.complete and written.op in ("insert", "update"):
            self._complain("rows", written, "", "a write that the contract declares", f"{written.op} {written.row}")

    def _answers(self, written: RowWrite, plan: Plan, scope: dict[str, Any]) -> bool:
        """Find the fact outside the platform that explains the row, and mark it as used. Without one: a complaint."""
        assert plan.facts is not None
        values = plan.facts.own_values(written, scope)
        write, key = plan.write, key_of(values)
        fact = plan.facts.take(key)
        self._keep(written.transaction.xid, written.table, write, lambda engine: engine._facts_of(write).take(key))
        self._found.judged["rows"] += 1
        if fact is None:
            sought = ", ".join(f"{place} {shown(value)}" for place, value in zip(plan.write.match, values, strict=True))
            self._complain("rows", written, "", f"a {plan.facts.name} that it answers", f"none, for {sought}")
            return False
        scope[plan.facts.name] = fact
        return True

    def _count(self) -> None:
        """Add up how many column values were judged, were free or had no rule."""
        for plan in self._plans.values():
            for column, kind, _ in plan.columns:
                self._found.judged[kind] += plan.count
                self._found.cells[plan.table, column, "judged"] += plan.count
            for column in plan.free:
                self._found.cells[plan.table, column, "free"] += plan.count
            for column in plan.undeclared:
                self._found.cells[plan.table, column, "undeclared"] += plan.count

    def _unanswered_facts(self) -> None:
        """Complain of required facts without a row, also where a declared write never happened at all."""
        if not self._case.whole:
            return
        for name, table in self._contract.tables.items():
            for write in table.writes:
                if write.for_each is None or not write.every or not self._is_judged(name, write):
                    continue
                facts = self._facts_of(write)
                for fact in facts.left():
                    self._found.judged["rows"] += 1
                    self._found.complaints.append(
                        Complaint(
                            kind="rows",
                            table=name,
                            column="",
                            row="",
                            write=write.name,
                            expected=f"a row for the {facts.name} of {fact.at:%Y-%m-%d %H:%M:%S}",
                            actual=f"none, for {facts.sought(fact)}",
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
