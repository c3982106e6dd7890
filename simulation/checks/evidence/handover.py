"""Executions whose operator left between two steps, and which the next one on shift closed as documented.

The procedure (fixtures/runbooks/README.md, "When an operator is gone"): another operator takes over in time; no further
step of the normal procedure; Rollback as written, if a writing step had begun; the execution is closed as failed with
the reason; the runbook is carried out again to its end. Such an execution failed but need not be escalated. Any other
remains failed, or in progress, for the checks.
"""

from __future__ import annotations

from datetime import timedelta

from simulation.checks.evidence.case import Case, WitnessedExecution
from simulation.events import ExecutionTakenOver, FaultInjected, FaultScheduled
from simulation.scenario.faults.operator import OperatorCrash

_FAULT = OperatorCrash.name()
_LATE = timedelta(minutes=5)
_AFTER_A_FAILURE = ("rollback", "escalation")


def handed_over(case: Case) -> frozenset[str]:
    """Ids of the executions that were closed exactly by this procedure."""
    struck = {strike.keys.get("execution_id"): strike for strike in case.events(FaultInjected)}
    return frozenset(
        execution.started.execution_id
        for execution in case.executions
        if (strike := struck.get(execution.started.execution_id)) is not None
        and strike.fault_kind == _FAULT
        and _taken_over_in_time(case, execution, strike)
        and _wound_up(execution, strike)
        and _carried_out_anew(case, execution)
    )


def _taken_over_in_time(case: Case, execution: WitnessedExecution, strike: FaultInjected) -> bool:
    minutes = next(
        (
            int(fault.keys.get("handover_minutes", "0"))
            for fault in case.events(FaultScheduled)
            if fault.fault_id == strike.fault_id
        ),
        0,
    )
    return any(
        taken.operator != execution.started.operator
        and strike.at <= taken.at <= strike.at + timedelta(minutes=minutes) + _LATE
        for taken in case.events(ExecutionTakenOver)
        if taken.execution_id == execution.started.execution_id
    )


def _wound_up(execution: WitnessedExecution, strike: FaultInjected) -> bool:
    before = [step for step in execution.steps if step.seq < strike.seq]
    after = [step for step in execution.steps if step.seq > strike.seq]
    undone = [step for step in after if step.section == "rollback"]
    ended = execution.ended
    return (
        ended is not None
        and ended.status == "failed"
        and bool(ended.error)
        and all(step.matched for step in execution.steps)
        and all(step.section in _AFTER_A_FAILURE for step in after)
        and (bool(undone) or not any(step.writes for step in before))
    )


def _carried_out_anew(case: Case, execution: WitnessedExecution) -> bool:
    mine, ended = execution.started, execution.ended
    return ended is not None and any(
        other.started.seq > ended.seq
        and (other.started.runbook, other.started.alert_id, other.started.task_id)
        == (mine.runbook, mine.alert_id, mine.task_id)
        and other.ended is not None
        and other.ended.status == "completed"
        for other in case.executions
    )
