"""Which places there are to kill the platform at, each as a fault that a run can be started with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.proof.crashpoints.learn import Call, Learned, Transaction
from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.statements import (
    PlatformKilledAfterCall,
    PlatformKilledAfterCommit,
    PlatformKilledAfterStatement,
    PlatformKilledBeforeCall,
    PlatformKilledBeforeStatement,
)

Asker = Literal["timer", "Stripe", "operator", "person"]
_OF_OPERATORS = " /api/admin/"
"""In the path of an operator's request, whatever the backend: that is where runbooks send them."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One place: ``row`` names its transaction or call in the table, ``where`` the place within, ``shape`` whatever has
    the same statements, ``asked_by`` who waits for the answer of what is killed."""

    row: str
    where: str
    fault: PlannedFault
    shape: tuple[str, ...]
    asked_by: Asker


def points_of(learned: Learned) -> list[Point]:
    """Every place of every transaction that changes a governed table, and of every call to the outside.

    Of transactions that go through the same statements the first one stands for all, of equal calls of an operation
    the first: the platform goes through the same lines in the others.

    After a statement and before the next one are one place, unless something outside is called between them: the server
    has done the first and rolls it back in both, and what the process alone remembers dies with it. So a transaction
    of n statements has n + 2 places (before each, before COMMIT, after COMMIT), and not 2 n + 1.
    """
    found: list[Point] = []
    seen: set[tuple[str, ...]] = set()
    for transaction in learned.transactions:
        if transaction.shape in seen or not learned.governed.intersection(transaction.tables):
            continue
        seen.add(transaction.shape)
        found += _of_transaction(transaction, learned)
    for call in learned.calls:
        if (call.operation, call.what) not in seen:
            seen.add((call.operation, call.what))
            found += _of_call(call, learned)
    return found


def _asker_of(operation: str, learned: Learned) -> Asker:
    if operation == learned.webhooks:
        return "Stripe"
    if _OF_OPERATORS in operation:
        return "operator"
    return "person" if " " in operation else "timer"


def _of_transaction(transaction: Transaction, learned: Learned) -> Iterator[Point]:
    operation, shape = transaction.operation, transaction.shape
    row, asked_by = f"{operation} → {', '.join(transaction.tables)}", _asker_of(operation, learned)
    like = [one for one in learned.transactions if one.operation == operation and one.number <= transaction.number]
    count = len(transaction.statements)
    for number in range(1, count + 1):
        nth = sum(len(one.statements) >= number for one in like)
        kinds: list[tuple[type[Fault], str]] = [(PlatformKilledBeforeStatement, "before")]
        if number == count or number in transaction.calls_after:
            kinds.append((PlatformKilledAfterStatement, "after"))
        for kind, when in kinds:
            fault = _fault(kind, operation, nth, learned.since, statement=number)
            where = f"{when} statement {number} of {count}"
            yield Point(row=row, where=where, fault=fault, shape=shape, asked_by=asked_by)
    if transaction.committed:
        nth = sum(one.committed for one in like)
        fault = _fault(PlatformKilledAfterCommit, operation, nth, learned.since)
        yield Point(row=row, where="after COMMIT", fault=fault, shape=shape, asked_by=asked_by)


def _of_call(call: Call, learned: Learned) -> Iterator[Point]:
    for kind, when in ((PlatformKilledBeforeCall, "before"), (PlatformKilledAfterCall, "after")):
        fault = _fault(kind, call.operation, call.number, learned.since)
        shape, asked_by = (call.operation, call.what), _asker_of(call.operation, learned)
        yield Point(row=" ⇢ ".join(shape), where=f"{when} the call", fault=fault, shape=shape, asked_by=asked_by)


def _fault(kind: type[Fault], operation: str, nth: int, since: datetime, *, statement: int = 1) -> PlannedFault:
    return PlannedFault(
        fault_id="crash",
        kind=kind.name(),
        expect=SELF_HEALS,
        starts_at=since,
        over_by=since,
        transaction=operation,
        nth=nth,
        statement=statement,
    )
