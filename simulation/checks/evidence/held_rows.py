"""Contests whose row a fault's database session kept locked when they were to become LOCKED: how late they may be, and
which requests may change the status instead of the job.

Source: fixtures/spec/requirements.md (R-3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.evidence.case import Case, PlannedContest, Stay, WitnessedExecution
from simulation.events import Exchange, FaultInjected, FaultScheduled, Transaction
from simulation.scenario.faults.database import ContestRowHeld

_KIND = ContestRowHeld.name()


@dataclass(frozen=True, kw_only=True)
class _Hold:
    scheduled: FaultScheduled
    strike: FaultInjected


def held_until(case: Case, contest: PlannedContest) -> datetime | None:
    """When the contest's row was free again: at the end of the fault or of its runbook. None: it was never held."""
    ends = [end for hold in _holds(case, contest.contest_id) for end in _ends(case, hold)]
    return max(ends, default=None)


def _ends(case: Case, hold: _Hold) -> Iterator[datetime]:
    assert hold.scheduled.ends_at is not None, "a hold has an end"
    freed = [item.ended.at for item in _recoveries(case, hold) if item.ended is not None]
    yield min([hold.scheduled.ends_at, *freed])


def forced_by_runbook(case: Case, contest: PlannedContest, stay: Stay) -> bool:
    """Whether the contest became LOCKED by a request of a completed execution of the fault's runbook."""
    request = request_of(case, stay.transaction)
    if stay.status != "LOCKED" or request is None or request.execution_id is None:
        return False
    return any(
        execution.started.execution_id == request.execution_id
        for hold in _holds(case, contest.contest_id)
        for execution in _recoveries(case, hold)
    )


def request_of(case: Case, transaction: Transaction) -> Exchange | None:
    """The HTTP request that made the transaction, found by its audit record; None if a job made it.

    :raises CannotTell: the target does not declare its audit records.
    """
    case.need_declared("audit_table", "audit_columns.request_id")
    governance = case.governance
    ids = {
        change.new.get(governance.audit_columns["request_id"])
        for change in transaction.changes
        if change.table == governance.audit_table
    }
    return next((exchange for exchange in case.events(Exchange) if exchange.request_id in ids), None)


def _holds(case: Case, contest_id: str) -> Iterator[_Hold]:
    scheduled = {event.fault_id: event for event in case.events(FaultScheduled) if event.fault_kind == _KIND}
    for strike in case.events(FaultInjected):
        if strike.fault_id in scheduled and strike.keys.get("contest") == contest_id:
            yield _Hold(scheduled=scheduled[strike.fault_id], strike=strike)


def _recoveries(case: Case, hold: _Hold) -> Iterator[WitnessedExecution]:
    """Completed executions, after the strike, of the runbook that the fault is expected to need."""
    for execution in case.executions:
        completed = execution.ended is not None and execution.ended.status == "completed"
        if completed and execution.started.runbook == hold.scheduled.runbook and execution.started.at >= hold.strike.at:
            yield execution
