"""Strikes faults at statements: asked at every point that a statement of the platform passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from wsgiref.types import WSGIApplication

from simulation.events import Interleaved
from simulation.faults.injector import PlannedInjector
from simulation.faults.plan import FaultPlan
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import kind_of
from simulation.scenario.faults.statement_fault import Deed, StatementFault

Place = Literal["statement", "commit", "connection", "call"]


@dataclass(frozen=True, kw_only=True)
class Passing:
    """A statement, a COMMIT, the taking of a connection or a call to the outside, before anybody has heard of it."""

    at: Place
    operation: str
    """The job (``settlement``) or request (``POST /api/contests/{id}/join``) whose it is."""
    transaction: int
    """Number of the operation's transaction in this run, from 1."""
    statement: int
    """Number within the transaction, from 1; of a COMMIT: how many there were."""
    sql: str
    """Without its parameters' values; of a call its method and path, ids as ``{id}``."""
    writes: bool


@dataclass(frozen=True, kw_only=True)
class StatementEffect:
    """What a fault does at a point; see :data:`simulation.scenario.faults.statement_fault.Deed`."""

    deed: Deed
    after: bool
    sqlstate: str
    fault: PlannedFault


class StatementWatch(Protocol):
    """Who is asked at every point."""

    two_at_once: bool
    """Whether a second instance of the platform will run beside the first."""
    front: WSGIApplication | None
    """The platform as the world reaches it, for a request that comes once more."""

    def on_statement(self, passing: Passing) -> StatementEffect | None: ...

    def on_interleaved(self, interleaved: Interleaved) -> None: ...


class StatementFaults:
    """Those of a run's plan, each of which strikes one transaction.

    A fault counts, from its time on, the transactions of its job or request that come to the place where it strikes.

    :param listener: told every passing; it learns a run's statements.
    """

    def __init__(
        self,
        *,
        plan: FaultPlan,
        injector: PlannedInjector,
        now: Callable[[], datetime],
        listener: Callable[[Passing], None] | None = None,
    ) -> None:
        self._injector = injector
        self._now = now
        self._listener = listener
        self._waiting: list[tuple[type[StatementFault], PlannedFault]] = [
            (kind, fault) for fault in plan.faults if issubclass(kind := kind_of(fault), StatementFault)
        ]
        self._counted: Counter[str] = Counter()
        self._seen: dict[str, tuple[str, int]] = {}
        self.front: WSGIApplication | None = None
        self.two_at_once = any(kind.deed == "race" for kind, _ in self._waiting)

    @property
    def armed(self) -> bool:
        """Whether anybody has to be asked at all in this run."""
        return bool(self._waiting) or self._listener is not None

    def on_statement(self, passing: Passing) -> StatementEffect | None:
        """What strikes here; it is on record then, and strikes no more."""
        if self._listener is not None:
            self._listener(passing)
        for one in self._waiting:
            kind, fault = one
            if self._is_met(kind, fault, passing):
                self._waiting.remove(one)
                self._record(kind, fault, passing)
                return StatementEffect(deed=kind.deed, after=kind.after, sqlstate=kind.sqlstate, fault=fault)
        return None

    def on_interleaved(self, interleaved: Interleaved) -> None:
        """Two ran at once: their order goes into the history."""
        self._injector.record(interleaved, cause=f"fault:{interleaved.fault_id}")

    def _is_met(self, kind: type[StatementFault], fault: PlannedFault, passing: Passing) -> bool:
        if (
            passing.operation != fault.transaction
            or self._now() < fault.starts_at
            or not _is_place(kind, fault, passing)
        ):
            return False
        transaction = (passing.operation, passing.transaction)
        if (
            passing.at != "call" and self._seen.get(fault.fault_id) == transaction
        ):  # a second write of a transaction that was counted
            return False
        self._seen[fault.fault_id] = transaction
        self._counted[fault.fault_id] += 1
        return self._counted[fault.fault_id] == fault.nth

    def _record(self, kind: type[StatementFault], fault: PlannedFault, passing: Passing) -> None:
        if passing.at == "call":
            where = "a call"
        else:
            where = passing.at if passing.at != "statement" else f"statement {passing.statement}"
            where += f" of transaction {passing.transaction}"
        when = "after" if kind.after else "at"
        sql = f": {' '.join(passing.sql.split())[:100]}" if passing.sql else ""
        detail = f"{kind.deed} {when} {where} of {passing.operation}{sql}"
        keys = {"transaction": passing.operation}
        self._injector.strike(fault, keys, detail=detail, touches=False)


def _is_place(kind: type[StatementFault], fault: PlannedFault, passing: Passing) -> bool:
    if kind.place == "write":
        return passing.at == "statement" and passing.writes and passing.statement >= fault.statement
    if kind.place == "statement":
        return passing.at == "statement" and passing.statement == fault.statement
    return passing.at == kind.place
