"""Runbook executions: the alert that each answered, its steps, how it ended; and the alerts that fired."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from simulation.checks.evidence.case import WitnessedExecution
from simulation.events import AlertFired, AlertResolved, RunbookStep
from simulation.reporting.parts.source import ReportSource

_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]")
"""A history tells the runbook's name, and may have been written by anybody."""


@dataclass(frozen=True, kw_only=True)
class AlertView:
    """An alert that fired; ``resolved_at`` is None when it was still firing at the end of the run."""

    alert_id: str
    name: str
    labels: str
    severity: str
    runbook: str | None
    fired_at: datetime
    resolved_at: datetime | None
    fault_id: str | None
    seq: int


@dataclass(frozen=True, kw_only=True)
class ExecutionView:
    number: int
    execution_id: str
    runbook: str
    version: str
    started_at: datetime
    ended_at: datetime | None
    status: str
    """``completed``, ``failed``, ``partial``, or ``open`` when it never ended."""
    error: str
    duration_seconds: int | None
    alert: AlertView | None
    fault_id: str | None
    steps: tuple[RunbookStep, ...]
    seq: int
    sha256: str
    operator: str
    occasion: str
    """The alert or the task it was started for."""
    state_before: JsonValue
    state_after: JsonValue

    @property
    def transcript(self) -> str:
        """Path of its transcript within the run directory."""
        return f"runbooks/exec-{self.number}-{_NO_NAME.sub('_', self.runbook)[:80]}.txt"

    @property
    def matched(self) -> int:
        """Number of commands whose output was as the runbook states."""
        return sum(step.matched for step in self.steps)


def alerts_of(source: ReportSource) -> tuple[AlertView, ...]:
    """All alerts that fired, in order of time."""
    resolved = {event.alert_id: event.at for event in source.history.of(AlertResolved)}
    return tuple(
        AlertView(
            alert_id=event.alert_id,
            name=event.alert,
            labels=", ".join(f"{name}={value}" for name, value in sorted(event.labels.items())),
            severity=event.severity,
            runbook=event.runbook,
            fired_at=event.at,
            resolved_at=resolved.get(event.alert_id),
            fault_id=fault_of(event.cause),
            seq=event.seq,
        )
        for event in source.history.of(AlertFired)
    )


def executions_of(source: ReportSource, alerts: tuple[AlertView, ...]) -> tuple[ExecutionView, ...]:
    """All executions, in order of their start."""
    by_id = {alert.alert_id: alert for alert in alerts}
    return tuple(
        _view(number, execution, by_id.get(execution.started.alert_id or ""))
        for number, execution in enumerate(source.case.executions, start=1)
    )


def _view(number: int, execution: WitnessedExecution, alert: AlertView | None) -> ExecutionView:
    started, ended = execution.started, execution.ended
    return ExecutionView(
        number=number,
        execution_id=started.execution_id,
        runbook=started.runbook,
        version=started.version,
        started_at=started.at,
        ended_at=ended.at if ended else None,
        status=ended.status if ended else "open",
        error=(ended.error or "") if ended else "the run ended before it did",
        duration_seconds=ended.sim_duration_seconds if ended else None,
        alert=alert,
        fault_id=fault_of(started.cause) or (alert.fault_id if alert else None),
        steps=execution.steps,
        seq=started.seq,
        sha256=started.sha256,
        operator=started.operator,
        occasion=f"alert {alert.name}" if alert else started.task_id or "nothing that called for it",
        state_before=started.state_before,
        state_after=ended.state_after if ended else None,
    )


def fault_of(cause: str) -> str | None:
    """The fault id of a cause ``fault:<id>``; None for any other cause."""
    return cause.removeprefix("fault:") if cause.startswith("fault:") else None
