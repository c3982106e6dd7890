"""Alerts, runbook executions and escalations."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from simulation.events.base import Event


class MetricChange(Event):
    """Series of the metrics endpoint whose value changed since the last scrape (None: the series is gone)."""

    kind: Literal["metric_change"] = "metric_change"
    changes: dict[str, float | None]
    """Key: the series in exposition form, ``name{label="value"}``."""
    scrape: int = 0
    """Which scrape of the run saw it, counted from 0; scrapes fall due at fixed intervals."""


class ScrapeFailed(Event):
    """The metrics endpoint gave a page that cannot be read, and ``up`` became 0 for that. Recorded once a problem."""

    kind: Literal["scrape_failed"] = "scrape_failed"
    problem: str
    scrape: int = 0


class RuleFailed(Event):
    """A rule that gives an error instead of a result, as it would in Prometheus. Recorded once a rule and problem."""

    kind: Literal["rule_failed"] = "rule_failed"
    rule: str
    """The alert's name, or that of the recorded series."""
    problem: str
    scrape: int = 0


class AlertFired(Event):
    kind: Literal["alert_fired"] = "alert_fired"
    alert_id: str
    alert: str
    labels: dict[str, str]
    severity: str
    runbook: str | None
    """Name of the linked runbook (file stem of ``runbook_url``)."""
    pending_since: datetime
    value: float
    scrape: int = 0
    """The evaluation of its group at which it fired, counted from 0: the scrape, if the group has no interval of its
    own."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """The rule's annotations with their templates filled in."""


class AlertResolved(Event):
    kind: Literal["alert_resolved"] = "alert_resolved"
    alert_id: str
    alert: str
    scrape: int = 0
    """The first evaluation of its group at which it does not fire any more."""


class TaskDue(Event):
    """An operational task of the scenario has fallen due."""

    kind: Literal["task_due"] = "task_due"
    task_id: str
    """``task-N``, N counting the scenario's tasks from 1."""
    runbook: str


class ExecutionStarted(Event):
    kind: Literal["execution_started"] = "execution_started"
    execution_id: str
    runbook: str
    version: str
    sha256: str
    alert_id: str | None
    task_id: str | None = None
    """The task it was started for; an execution has either a task or an alert."""
    operator: str
    writes: bool
    state_before: JsonValue = None


class ShippedRunbook(BaseModel):
    """A runbook as its file has it, recorded so that the jury can compare what the operator typed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    sha256: str
    """Of the file's bytes."""
    steps: dict[str, str]
    """``section number`` → digest of the step's command and expected output (:func:`step_digest`)."""


class AlertRuleAsRun(BaseModel):
    """An alert rule that the monitoring of a run evaluated, as its rule file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    alert: str
    expression: str
    for_seconds: int
    """How long the expression must hold before the alert fires."""
    severity: str
    runbook: str | None
    """None: the rule links none, and its alert is escalated as soon as it fires."""


def step_digest(command: str, expected: str) -> str:
    """Short name of a step's text."""
    return hashlib.sha256(f"{command}\n\n{expected}".encode()).hexdigest()[:16]


class RunbookStep(Event):
    """One command, as typed and as answered. The token stands in the command only as a variable."""

    kind: Literal["runbook_step"] = "runbook_step"
    execution_id: str
    section: str
    step: int
    line: int
    command: str
    expected: str
    output: str
    exit_status: int
    expected_exit_status: int
    matched: bool
    writes: bool
    request_ids: tuple[str, ...] = ()
    tries: int = 1
    """How often it was typed: again where nobody answered. The answer is the last one, the requests are of all."""


class ExecutionTakenOver(Event):
    """The next operator on shift found an execution in progress whose operator is gone."""

    kind: Literal["execution_taken_over"] = "execution_taken_over"
    execution_id: str
    operator: str


class ExecutionEnded(Event):
    kind: Literal["execution_ended"] = "execution_ended"
    execution_id: str
    runbook: str
    status: Literal["completed", "failed", "partial"]
    error: str | None = None
    state_after: JsonValue = None
    sim_duration_seconds: int


class Escalated(Event):
    kind: Literal["escalated"] = "escalated"
    alert_id: str | None
    execution_id: str | None
    reason: str
    bundle: JsonValue = None
    """What was sent to engineering: alert, diagnostics, steps and results, audit trail, affected contests."""
