"""A history prepared for the checks: what several checks look up, found only once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.relations import RefundRow, Relation, TransferRow
from simulation.checks.evidence.wal import WriteAheadLog
from simulation.contract.business import Business, Lacking, Statuses
from simulation.contract.document import NO_CONTRACT, Contract
from simulation.currency import USD
from simulation.events import (
    ContractDeclared,
    EntrantAction,
    Event,
    ExecutionEnded,
    ExecutionStarted,
    JobSummary,
    JobUnseen,
    Row,
    RunbookStep,
    RunEnded,
    RunStarted,
    Transaction,
    WitnessSummary,
)
from simulation.events.governance import Governance
from simulation.history import History
from simulation.scenario.contest import Contest
from simulation.scenario.model import Scenario

_E = TypeVar("_E", bound=Event)
_R = TypeVar("_R", bound=Relation)
_T = TypeVar("_T")

BUSY_SECONDS = 300
"""How late a job may be beyond its interval: calls before it in the same worker may run into timeouts."""


class CannotTell(Exception):
    """Evidence that a check needs is missing. The message names it; the check becomes ``unknown``."""

    undeclared: str | None = None
    """What the target would have to declare, where that is what is missing."""


class Unobserved(CannotTell):
    """A canonical relation was not observed: the target neither shows it nor says that it has no such thing."""

    def __init__(self, relation: str) -> None:
        super().__init__(f"relation {relation} was not observed")
        self.undeclared = f"relation {relation}"


class Undeclared(CannotTell):
    """The target does not declare something that a check must know.

    :param what: it, e.g. ``audit_columns.actor``; ``where``: the place in which a target declares it.
    """

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"the target does not declare {what} ({where})")
        self.undeclared = what


@dataclass(frozen=True, kw_only=True)
class PlannedContest:
    """A contest of the scenario and the id the platform gave it."""

    key: str
    contest_id: str
    plan: Contest

    @property
    def keys(self) -> Keys:
        return Keys(contest=self.key, contest_id=self.contest_id)


@dataclass(frozen=True, kw_only=True)
class Stay:
    """The moment at which a contest came into a status, from the write-ahead log."""

    status: str
    previous: str | None
    at: datetime
    transaction: Transaction


@dataclass(frozen=True, kw_only=True)
class WitnessedExecution:
    """A runbook execution as the simulated operator carried it out."""

    started: ExecutionStarted
    ended: ExecutionEnded | None
    steps: tuple[RunbookStep, ...]

    @property
    def keys(self) -> Keys:
        started = self.started
        return Keys(
            execution_id=started.execution_id,
            runbook=started.runbook,
            alert_id=started.alert_id,
            task_id=started.task_id,
        )


class Case:
    """A history with what can be derived from it. Asking for something that is missing raises :class:`CannotTell`."""

    def __init__(self, history: History, governance: Governance, *, contract: Contract | None = None) -> None:
        """:param contract: used instead of the one that the target declared when it ran."""
        self.history = history
        self.governance = governance
        self._given_contract = contract
        self._rows: dict[type[Relation], tuple[Relation, ...]] = {}
        self._remembered: dict[object, object] = {}

    def remembered(self, find: Callable[[Case], _T]) -> _T:
        """The result of ``find`` for this case, computed once because several checks share it."""
        if find not in self._remembered:
            self._remembered[find] = find(self)
        return self._remembered[find]  # type: ignore[return-value]

    @cached_property
    def contract(self) -> Contract:
        """The target's contract; an empty one where it declared none."""
        if self._given_contract is not None:
            return self._given_contract
        declared = self.events(ContractDeclared)
        return Contract.model_validate(declared[0].document) if declared else NO_CONTRACT

    @property
    def business(self) -> Business:
        """How the target's business works, as its contract says."""
        return self.contract.works

    def lacks(self, what: Lacking) -> bool:
        """Whether the target declares that it does not have something."""
        return what in self.business.absent

    def events(self, kind: type[_E]) -> Sequence[_E]:
        """Events of one class, in order."""
        return self.history.of(kind)

    def rows(self, kind: type[_R]) -> tuple[_R, ...]:
        """A canonical relation at the end of the run; no rows where the target declares that it has no such thing.

        :raises CannotTell: it was not observed, or lacks a column.
        """
        if kind not in self._rows:
            self._rows[kind] = self._read(kind)
        return self._rows[kind]  # type: ignore[return-value]

    def _read(self, kind: type[_R]) -> tuple[_R, ...]:
        rows = self.history.rows(kind.relation)
        if rows is None and kind.relation in self.business.absent:
            return ()
        if rows is None:
            raise Unobserved(kind.relation)
        try:
            return tuple(kind.model_validate(self._canonical(kind, row), context=self.business) for row in rows)
        except ValidationError as error:
            first = error.errors()[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise CannotTell(f"relation {kind.relation} cannot be read: {problem}") from error

    def _canonical(self, kind: type[Relation], row: Row) -> Row:
        """A row with its status in the canonical word for it, where the target's contract says which that is; an order
        is to its payments what a contest is to its own."""
        if "order_id" in row and "contest_id" not in row:
            row = {**row, "contest_id": row["order_id"]}
        status = row.get("status")
        if self.business.statuses == Statuses() or not isinstance(status, str):
            return row
        return {**row, "status": self.business.statuses.canonical(kind.relation, status)}

    @cached_property
    def started(self) -> RunStarted:
        if not self.events(RunStarted):
            raise CannotTell("no RunStarted: the history has no beginning")
        return self.events(RunStarted)[0]

    @cached_property
    def whole(self) -> bool:
        """Whether the run came to its end. In a history that breaks off, what is missing may only be still to come."""
        return bool(self.events(RunEnded))

    @cached_property
    def ended(self) -> RunEnded:
        if not self.whole:
            raise CannotTell("no RunEnded: the history breaks off")
        return self.events(RunEnded)[0]

    @cached_property
    def scenario(self) -> Scenario:
        try:
            return Scenario.model_validate(self.started.scenario_document)
        except ValidationError as error:
            raise CannotTell(f"the scenario document cannot be read: {error.errors()[0]}") from error

    @cached_property
    def wal(self) -> WriteAheadLog:
        transactions = self.events(Transaction)
        if not transactions:
            raise CannotTell("the write-ahead log witness recorded no transaction")
        return WriteAheadLog(transactions)

    @cached_property
    def contests(self) -> tuple[PlannedContest, ...]:
        """Contests of the scenario that were created."""
        ids = {
            action.contest: action.contest_id
            for action in self.events(EntrantAction)
            if action.action == "created_contest" and action.contest_id is not None
        }
        return tuple(
            PlannedContest(key=plan.key, contest_id=ids[plan.key], plan=plan)
            for plan in self.scenario.contests
            if plan.key in ids
        )

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Contest id → scenario key, for messages."""
        return {contest.contest_id: contest.key for contest in self.contests}

    def name(self, contest_id: str | None) -> str:
        return self.names.get(contest_id or "", contest_id or "(no contest)")

    def currency(self, contest: str | None) -> str:
        """The currency of a contest, by its id or key; of none, US dollars."""
        return USD if contest is None else self._currencies_of_contests.get(contest, USD)

    def currency_of(self, row: TransferRow | RefundRow) -> str:
        """The currency of a row's amount: as it says, else its contest's."""
        return row.currency or self.currency(row.contest_id)

    def told_currency(self, contest: str | None) -> str:
        """The same for telling a thing only: US dollars, too, where the scenario cannot be read."""
        try:
            return self.currency(contest)
        except CannotTell:
            return USD

    @cached_property
    def _currencies_of_contests(self) -> Mapping[str, str]:
        return {name: known.plan.currency for known in self.contests for name in (known.contest_id, known.key)}

    @cached_property
    def currencies(self) -> frozenset[str]:
        """Those of the contests, or orders."""
        return frozenset(plan.currency for plan in self.scenario.contests)

    @cached_property
    def stays(self) -> Mapping[str, Sequence[Stay]]:
        """Contest id → its statuses, in order.

        :raises CannotTell: the target does not declare its table of contests.
        """
        self.need_declared("contest_table", "contest_status_column")
        governance, stays = self.governance, dict[str, list[Stay]]()
        for change in self.wal.of(governance.contest_table):
            status = self.contest_status(change.after)
            known = stays.setdefault(change.row_id, [])
            if status and (not known or known[-1].status != status):
                previous = known[-1].status if known else None
                transaction = change.transaction
                known.append(Stay(status=status, previous=previous, at=transaction.at, transaction=transaction))
        return stays

    def contest_status(self, row: Row | None) -> str:
        """The canonical status of a contest in a row of the target's own table; its own word if it declares none."""
        return self.canonical_status((row or {}).get(self.governance.contest_status_column, ""))

    def canonical_status(self, word: JsonValue) -> str:
        """The canonical status of contests for a word of the target's own."""
        return self.business.statuses.canonical("contests", str(word))

    def arrival(self, contest_id: str, status: str) -> Stay | None:
        """When a contest first came into ``status``."""
        return next((stay for stay in self.stays.get(contest_id, ()) if stay.status == status), None)

    @cached_property
    def executions(self) -> tuple[WitnessedExecution, ...]:
        ended = {event.execution_id: event for event in self.events(ExecutionEnded)}
        steps: dict[str, list[RunbookStep]] = {}
        for step in self.events(RunbookStep):
            steps.setdefault(step.execution_id, []).append(step)
        return tuple(
            WitnessedExecution(
                started=event, ended=ended.get(event.execution_id), steps=tuple(steps.get(event.execution_id, ()))
            )
            for event in self.events(ExecutionStarted)
        )

    def job(self, word: str) -> JobSummary:
        """The background job whose name contains ``word``."""
        for summary in self.events(JobSummary):
            if word in summary.job:
                return summary
        for unseen in self.events(JobUnseen):
            if word in unseen.job:
                raise CannotTell(f"{unseen.job}: {unseen.why}")
        missing = Undeclared(f"a job for {word}", "[[job]] in target.toml")
        raise missing if self.events(JobSummary) else CannotTell(f"no job called …{word}… was summed up")

    def within(self, *words: str) -> timedelta:
        """The time within which the named jobs, one after another, must have run."""
        return timedelta(seconds=sum(self._interval_seconds(word) + BUSY_SECONDS for word in words))

    def _interval_seconds(self, word: str) -> int:
        unseen = next((event for event in self.events(JobUnseen) if word in event.job), None)
        return (unseen or self.job(word)).interval_seconds

    def need_declared(self, *names: str) -> None:
        """Require what a check must know of the target's tables.

        :param names: fields of :class:`Governance`, or an entry of a field that is a mapping: ``audit_columns.actor``.
        :raises CannotTell: one of them is empty.
        """
        for name in names:
            field, _, entry = name.partition(".")
            declared = getattr(self.governance, field)
            if not (declared.get(entry) if entry else declared):
                raise Undeclared(name, "[governance] in target.toml")

    def own_column(self, relation: str, column: str) -> str:
        """The name that a column of a canonical relation has in the target's own table.

        :raises CannotTell: the target's query computes the column, so it is not in the write-ahead log.
        """
        own = self.governance.own_column(relation, column)
        if own is None:
            raise CannotTell(f"relation {relation}: {column} is computed, so it cannot be held against the log")
        return own

    def table_of(self, relation: str, ids: Iterable[str]) -> str | None:
        """The table behind a canonical relation, found by the ids that were observed; None if there are none.

        :raises CannotTell: no table of the write-ahead log has a row with one of them.
        """
        known = list(ids)
        table = self.table_showing(relation, known)
        if known and table is None:
            raise CannotTell(f"relation {relation}: no table of the write-ahead log has a row with one of its ids")
        return table

    def table_showing(self, relation: str, ids: Collection[str]) -> str | None:
        """The table behind a canonical relation, if the log has a row of it with one of these ids.

        It is the one that observe.sql names; where that is not known, the one with the most of the ids.
        """
        table = self.business.shown_by.get(relation)
        if table is None:
            return self.wal.table_with_ids(ids)
        return table if set(ids) & {change.row_id for change in self.wal.of(table)} else None

    def need_witness(self, witness: str) -> None:
        """Require that a witness watched: finding no evidence means nothing if it did not.

        :raises CannotTell: the witness left no summary or reported a problem.
        """
        for summary in self.events(WitnessSummary):
            if summary.witness == witness:
                if summary.problem is not None:
                    raise CannotTell(f"witness {witness}: {summary.problem}")
                if summary.records == 0:
                    raise CannotTell(f"witness {witness} recorded nothing")
                return
        raise CannotTell(f"witness {witness} left no summary")
