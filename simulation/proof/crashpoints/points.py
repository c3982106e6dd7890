"""Which places there are to kill the platform at, each as a fault that a run can be started with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, kw_only=True)
class Point:
    """One place: ``row`` names its transaction or call in the table, ``where`` the place within, ``shape`` whatever has
    the same statements."""

    row: str
    where: str
    fault: PlannedFault
    shape: tuple[str, ...]


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
        found += _of_transaction(transaction, learned.transactions, learned.since)
    for call in learned.calls:
        if (call.operation, call.what) not in seen:
            seen.add((call.operation, call.what))
            found += _of_call(call, learned.since)
    return found


def _of_transaction(transaction: Transaction, others: Sequence[Transaction], since: datetime) -> Iterator[Point]:
    row = f"{transaction.operation} → {', '.join(transaction.tables)}"
    like = [one for one in others if one.operation == transaction.operation and one.number <= transaction.number]
    count = len(transaction.statements)
    for number in range(1, count + 1):
        nth = sum(len(one.statements) >= number for one in like)
        kinds: list[tuple[type[Fault], str]] = [(PlatformKilledBeforeStatement, "before")]
        if number == count or number in transaction.calls_after:
            kinds.append((PlatformKilledAfterStatement, "after"))
        for kind, when in kinds:
            fault = _fault(kind, transaction.operation, nth, since, statement=number)
            yield Point(row=row, where=f"{when} statement {number} of {count}", fault=fault, shape=transaction.shape)
    if transaction.committed:
        nth = sum(one.committed for one in like)
        fault = _fault(PlatformKilledAfterCommit, transaction.operation, nth, since)
        yield Point(row=row, where="after COMMIT", fault=fault, shape=transaction.shape)


def _of_call(call: Call, since: datetime) -> Iterator[Point]:
    for kind, when in ((PlatformKilledBeforeCall, "before"), (PlatformKilledAfterCall, "after")):
        fault = _fault(kind, call.operation, call.number, since)
        shape = call.operation, call.what
        yield Point(row=" ⇢ ".join(shape), where=f"{when} the call", fault=fault, shape=shape)


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
