"""Each fault: what was planned, what happened, how it was noticed, how it ended and after how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.checks.fault_endings import FaultEnding, expected_kind, fault_endings
from simulation.events import FaultScheduled, Interleaved
from simulation.reporting.parts.chain import Link, chain_of
from simulation.reporting.parts.endings import Judged, told_ending
from simulation.reporting.parts.executions import AlertView, ExecutionView
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.victims import victims_of
from simulation.reporting.words import fault_title, listed


@dataclass(frozen=True, kw_only=True)
class FaultView:
    fault_id: str
    kind: str
    title: str
    expected: str
    """How the scenario says it must end, in words."""
    foreseen: str
    """The value of ``ending`` that the scenario expects."""
    planned_at: datetime
    planned_end: datetime | None
    struck_at: datetime | None
    struck_last: datetime | None
    strikes: int
    victims: str
    alerts: tuple[AlertView, ...]
    executions: tuple[ExecutionView, ...]
    ending: str
    """``runbook``, ``self``, ``terminal``, ``open`` or ``never``."""
    over: bool
    """It struck, and then was recovered from or ended in the final failure that the scenario expects."""
    ended_how: str
    ended_at: datetime | None
    chain: tuple[Link, ...]
    interleaved: Interleaved | None
    """Where two ran at once: the order of their statements."""

    @property
    def ended_short(self) -> str:
        """How it ended, in a few words for the terminal."""
        runbooks = listed(sorted({e.runbook for e in self.executions if e.status == "completed"}) or ["none"])
        words = {"runbook": f"runbook {runbooks}", "self": "healed by itself", "terminal": "final failure"}
        if self.ending not in words:
            return self.ended_how
        told = words[self.ending] + ("" if self.as_foreseen else ", not foreseen")
        if self.ending != "terminal":
            return told
        return told + (f"; runbook {runbooks}" if runbooks != "none" else ", nothing to do" if self.as_foreseen else "")

    @property
    def as_foreseen(self) -> bool:
        """It ended in the way that the scenario expects."""
        return self.ending == self.foreseen

    @property
    def noticed_after_seconds(self) -> int | None:
        if not self.alerts or self.struck_at is None:
            return None
        return int((self.alerts[0].fired_at - self.struck_at).total_seconds())

    @property
    def over_after_seconds(self) -> int | None:
        """From the first injection to the end."""
        if self.ended_at is None or self.struck_at is None:
            return None
        return int((self.ended_at - self.struck_at).total_seconds())


def faults_of(
    source: ReportSource, judged: Judged, alerts: tuple[AlertView, ...], executions: tuple[ExecutionView, ...]
) -> tuple[FaultView, ...]:
    """All scheduled faults, by the time they were planned for."""
    endings = source.case.remembered(fault_endings)
    scheduled = sorted(source.history.of(FaultScheduled), key=lambda event: (event.starts_at, event.fault_id))
    return tuple(_view(source, judged, event, endings[event.fault_id], alerts, executions) for event in scheduled)


def _view(
    source: ReportSource,
    judged: Judged,
    fault: FaultScheduled,
    ending: FaultEnding,
    alerts: tuple[AlertView, ...],
    executions: tuple[ExecutionView, ...],
) -> FaultView:
    injected = ending.strikes
    called = {execution.started.execution_id for execution in ending.executions}
    answers = tuple(execution for execution in executions if execution.execution_id in called)
    answered = {execution.alert.alert_id for execution in answers if execution.alert}
    mine = tuple(alert for alert in alerts if alert.fault_id == fault.fault_id or alert.alert_id in answered)
    victims = victims_of(source, fault, injected)
    told = told_ending(fault, ending, victims, answers, judged)
    return FaultView(
        fault_id=fault.fault_id,
        kind=fault.fault_kind,
        title=fault_title(fault.title, fault.fault_kind),
        expected=_expected(fault),
        foreseen=expected_kind(fault),
        planned_at=fault.starts_at,
        planned_end=fault.ends_at,
        struck_at=injected[0].at if injected else None,
        struck_last=injected[-1].at if injected else None,
        strikes=len(injected),
        victims=victims.named,
        alerts=mine,
        executions=answers,
        ending=told.kind,
        over=told.over,
        ended_how=told.how,
        ended_at=told.at,
        chain=chain_of(source, fault.fault_id, injected, victims, mine, answers),
        interleaved=next((one for one in source.history.of(Interleaved) if one.fault_id == fault.fault_id), None),
    )


def _expected(fault: FaultScheduled) -> str:
    by_runbook = f"by runbook {fault.runbook}" if fault.runbook else ""
    if fault.expectation == "terminal":
        return f"ends as failed_terminal ({fault.reason})" + (f", dealt with {by_runbook}" if by_runbook else "")
    return f"recovered {by_runbook}" if fault.expectation == "runbook" else "heals by itself"
