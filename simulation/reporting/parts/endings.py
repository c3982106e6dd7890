"""How a fault ended, in words, and when. What its ending was and whether it counts as recovered, the jury decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.fault_endings import FaultEnding, expected_kind
from simulation.checks.faults import faults_recovered
from simulation.checks.verdict import Verdict
from simulation.events import FaultScheduled
from simulation.reporting.parts.executions import ExecutionView
from simulation.reporting.parts.victims import Victims
from simulation.reporting.words import listed


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The result of the check on fault recovery. ``blamed``: fault id → message of its first finding."""

    blamed: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ToldEnding:
    """``kind`` is ``ending`` of :class:`simulation.reporting.parts.faults.FaultView`; ``at`` None: no record of it."""

    kind: str
    how: str
    at: datetime | None
    over: bool


def judged_faults(verdict: Verdict) -> Judged:
    """The findings of the check ``faults_recovered``, by fault."""
    results = [result for result in verdict.results if result.check == faults_recovered.name]
    blamed: dict[str, str] = {}
    for finding in (finding for result in results for finding in result.findings):
        if finding.keys.fault_id is not None:
            blamed.setdefault(finding.keys.fault_id, finding.message)
    return Judged(blamed=blamed)


def told_ending(
    fault: FaultScheduled, ending: FaultEnding, victims: Victims, answers: tuple[ExecutionView, ...], judged: Judged
) -> ToldEnding:
    """How the fault ended, as the jury sees it, with its time.

    :param answers: the executions that it called for, including failed ones.
    """
    if not ending.strikes:
        return ToldEnding(kind="never", how="never struck: its victim did not come", at=None, over=False)
    foreseen = ending.kind == expected_kind(fault)
    completed = [answer for answer in answers if answer.status == "completed"]
    at = _over_at(fault, ending, victims, completed)
    if (message := judged.blamed.get(fault.fault_id)) is not None:
        return ToldEnding(kind="open" if foreseen else ending.kind, how=message, at=at, over=False)
    return ToldEnding(kind=ending.kind, how=_how(ending, completed), at=at, over=foreseen)


def _over_at(
    fault: FaultScheduled, ending: FaultEnding, victims: Victims, completed: list[ExecutionView]
) -> datetime | None:
    """When it was over; None: never, or there is no record of it."""
    restored_at = victims.restored_at(ending.strikes[0].at, ending.strikes[-1].at, fault.ends_at)
    last = max((answer.ended_at for answer in completed if answer.ended_at), default=None)
    if ending.kind == "terminal":
        return last or restored_at
    if ending.kind == "runbook":
        return max(at for at in (restored_at, last) if at) if restored_at or last else None
    return restored_at if ending.kind == "self" else None


def _how(ending: FaultEnding, completed: list[ExecutionView]) -> str:
    runbooks = listed(sorted({answer.runbook for answer in completed}))
    if ending.kind == "terminal":
        reasons = listed(list(dict.fromkeys(row.failure_reason or "no reason" for row in ending.given_up)))
        return f"ended as failed_terminal ({reasons})" + (f", dealt with by runbook {runbooks}" if completed else "")
    if ending.kind == "runbook":
        return f"recovered by runbook {runbooks}"
    return "healed by itself" if ending.kind == "self" else "not recovered from by the end of the run"
