"""What a runbook is carried out for: an alert that fired, or a task whose time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.events import AlertFired, TaskDue


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """``key``: two occasions of one key are not answered at once. ``said``: how a person would name it."""

    at: datetime
    cause: str
    runbook: str | None
    key: tuple[str, ...]
    said: str
    alert_id: str | None = None
    task_id: str | None = None

    @property
    def described(self) -> str:
        """With its time, as an escalation names it."""
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
