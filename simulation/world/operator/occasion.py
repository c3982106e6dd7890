"""Why a runbook is carried out: an alert that fired, or a task that has fallen due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.events import AlertFired, TaskDue


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """An alert or a task. ``key``: of two occasions with one key only one is answered at a time. ``said``: its name
    in messages."""

    at: datetime
    cause: str
    runbook: str | None
    key: tuple[str, ...]
    said: str
    alert_id: str | None = None
    task_id: str | None = None

    @property
    def described(self) -> str:
        """Its name and time, as an escalation has them."""
        return f"{self.said} of {self.at:%Y-%m-%dT%H:%M:%SZ}"

    @classmethod
    def of_alert(cls, alert: AlertFired) -> Occasion:
        labels = (f"{name}={value}" for name, value in sorted(alert.labels.items()))
        return cls(
            at=alert.at,
            cause=alert.cause,
            runbook=alert.runbook,
            key=(alert.alert, *labels),
            said=f"the alert {alert.alert}",
            alert_id=alert.alert_id,
        )

    @classmethod
    def of_task(cls, task: TaskDue) -> Occasion:
        return cls(
            at=task.at,
            cause=task.cause,
            runbook=task.runbook,
            key=("task", task.task_id),
            said=f"{task.task_id} ({task.runbook})",
            task_id=task.task_id,
        )
