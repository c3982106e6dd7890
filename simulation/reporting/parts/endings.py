"""How a fault ended: when and by what, read from the history. Whether it counts as recovered, the jury decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.faults import faults_recovered
from simulation.checks.verdict import Verdict
from simulation.events import FaultInjected, FaultScheduled
from simulation.reporting.parts.executions import ExecutionView
from simulation.reporting.parts.fields import text
from simulation.reporting.parts.victims import Victims
from simulation.reporting.words import listed


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The result of the check on fault recovery. ``blamed``: fault id → message of its first finding."""

    blamed: Mapping[str, str]
    acquitted: bool
    """The check passed: no fault that struck has a finding."""


@dataclass(frozen=True, kw_only=True)
class FaultEnding:
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
    return Judged(blamed=blamed, acquitted=any(result.outcome == "pass" for result in results))


def foreseen_ending(fault: FaultScheduled) -> str:
    """The kind of ending that the scenario expects."""
    return "self" if fault.expectation == "self_heals" else fault.expectation


def ending_of(
    fault: FaultScheduled,
    injected: tuple[FaultInjected, ...],
    victims: Victims,
    answers: tuple[ExecutionView, ...],
    judged: Judged,
) -> FaultEnding:
    """How the fault ended, by the history and the jury's findings.

    :param answers: the executions that responded to it, including failed ones.
    """
    if not injected:
        return FaultEnding(kind="never", how="never struck: its victim did not come", at=None, over=False)
    kind, how, at = _by_the_records(fault, injected, victims, answers)
    if (message := judged.blamed.get(fault.fault_id)) is not None:
        return FaultEnding(kind="open" if kind == foreseen_ending(fault) else kind, how=message, at=at, over=False)
    if kind == "open" and judged.acquitted:
        return FaultEnding(kind=foreseen_ending(fault), how="over, at a time that is not on record", at=None, over=True)
    over = kind in ("self", "runbook") or kind == foreseen_ending(fault)
    return FaultEnding(kind=kind, how=how, at=at, over=over)


def _by_the_records(
    fault: FaultScheduled, injected: tuple[FaultInjected, ...], victims: Victims, answers: tuple[ExecutionView, ...]
) -> tuple[str, str, datetime | None]:
    """The ending by the history alone: kind, description, time (None when it is not recorded or not over)."""
    restored_at = victims.restored_at(injected[0].at, injected[-1].at, fault.ends_at)
    completed = [answer for answer in answers if answer.status == "completed" and answer.ended_at]
    runbooks = listed(sorted({answer.runbook for answer in completed}))
    failed = [text(row, "failure_reason") for row in victims.transfers if text(row, "status") == "failed_terminal"]
    reasons = list(dict.fromkeys(failed))
    if reasons:
        dealt = f", dealt with by runbook {runbooks}" if completed else ""
        how = f"ended as failed_terminal ({listed(reasons)}){dealt}"
        return "terminal", how, completed[-1].ended_at if completed else restored_at
    if completed and (restored_at or not victims.found):
        ended_at = max(at for at in (restored_at, completed[-1].ended_at) if at)
        return "runbook", f"recovered by runbook {runbooks}", ended_at
    if restored_at:
        return "self", "healed by itself", restored_at
    return "open", "not recovered from by the end of the run", None
