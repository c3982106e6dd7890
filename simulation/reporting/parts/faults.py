"""Each fault: what was planned, what happened, how it was noticed, how it ended and after how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.events import FaultInjected, FaultScheduled, Interleaved
from simulation.reporting.parts.chain import Link, chain_of
from simulation.reporting.parts.endings import Judged, ending_of, foreseen_ending
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
        runbooks = listed(sorted({e.runbook for e in self.executions if e.status == "completed"}))
        if self.ending == "terminal" and runbooks != "none":
            return f"final failure; runbook {runbooks}"
        words = {
            "runbook": f"runbook {runbooks}",
            "self": "healed by itself",
            "terminal": "final failure, nothing to do" if self.as_foreseen else "final failure, not foreseen",
        }
        return words.get(self.ending, self.ended_how)

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
    scheduled = sorted(source.history.of(FaultScheduled), key=lambda event: (event.starts_at, event.fault_id))
    return tuple(_view(source, judged, event, alerts, executions) for event in scheduled)


def _view(
    source: ReportSource,
    judged: Judged,
    fault: FaultScheduled,
    alerts: tuple[AlertView, ...],
    executions: tuple[ExecutionView, ...],
) -> FaultView:
    injected = tuple(event for event in source.history.of(FaultInjected) if event.fault_id == fault.fault_id)
    answers = _answers(fault, injected, executions)
    answered = {execution.alert.alert_id for execution in answers if execution.alert}
    mine = tuple(alert for alert in alerts if alert.fault_id == fault.fault_id or alert.alert_id in answered)
    victims = victims_of(source, fault, injected)
    ending = ending_of(fault, injected, victims, answers, judged)
    return FaultView(
        fault_id=fault.fault_id,
        kind=fault.fault_kind,
        title=fault_title(fault.title, fault.fault_kind),
        expected=_expected(fault),
        foreseen=foreseen_ending(fault),
        planned_at=fault.starts_at,
        planned_end=fault.ends_at,
        struck_at=injected[0].at if injected else None,
        struck_last=injected[-1].at if injected else None,
        strikes=len(injected),
        victims=victims.named,
        alerts=mine,
        executions=answers,
        ending=ending.kind,
        over=ending.over,
        ended_how=ending.how,
        ended_at=ending.at,
        chain=chain_of(source, fault.fault_id, injected, victims, mine, answers),
        interleaved=next((one for one in source.history.of(Interleaved) if one.fault_id == fault.fault_id), None),
    )


def _answers(
    fault: FaultScheduled, injected: tuple[FaultInjected, ...], executions: tuple[ExecutionView, ...]
) -> tuple[ExecutionView, ...]:
    """Executions caused by the fault. If none names it (two faults share a runbook), those of its runbook that name no
    fault and started after it struck."""
    marked = tuple(execution for execution in executions if execution.fault_id == fault.fault_id)
    if marked or not injected:
        return marked
    return tuple(
        execution
        for execution in executions
        if execution.runbook == fault.runbook and execution.fault_id is None and execution.started_at >= injected[0].at
    )


def _expected(fault: FaultScheduled) -> str:
    by_runbook = f"by runbook {fault.runbook}" if fault.runbook else ""
    if fault.expectation == "terminal":
        return f"ends as failed_terminal ({fault.reason})" + (f", dealt with {by_runbook}" if by_runbook else "")
    return f"recovered {by_runbook}" if fault.expectation == "runbook" else "heals by itself"
