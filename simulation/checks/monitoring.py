"""The platform's own metrics and pages against what witnesses saw, and whether its alerts were answered.

Source: fixtures/spec/requirements.md (C-36; Monitoring and alerting).
"""

from __future__ import annotations

import re
from datetime import timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.dashboards import FOLDER as DASHBOARDS
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS, Keys, keys_of_alert
from simulation.checks.evidence.missed_runs import killed
from simulation.checks.evidence.tasks import promised_tasks
from simulation.events import (
    AlertFired,
    AlertResolved,
    Escalated,
    ExecutionStarted,
    FaultScheduled,
    MetricChange,
    RuleFailed,
    Sample,
    SampleLacking,
    ScrapeFailed,
    TableCatalogue,
)

_METRICS = (
    "ingestion_lag_seconds",
    "settlement_duration_seconds",
    "contest_status_transitions_failed",
    "score_audit_mismatches",
    "database_connection_pool_available",
    "auth_service_error_rate",
    "error_budget_remaining",
)
"""The specification's metrics except ``settlement_status``, which has a series only while a settlement has failed."""
_ALERT_TABLE = re.compile(r"(^|_)(alert|alarm)(s|ing)?(_|$)")
_QUEUE = timedelta(hours=1)
"""An alert may wait behind another that the operator is answering."""


@check("What the dashboards' endpoints reported is what the witnesses saw at that instant", about=("diagnostics",))
def diagnostics_truthful(case: Case, inquiry: Inquiry) -> None:
    for sample in case.events(Sample):
        if sample.endpoint.startswith(DASHBOARDS):
            continue
        inquiry.examine()
        if sample.reported != sample.observed:
            inquiry.find(
                f"{sample.endpoint}: {sample.subject}",
                "the platform reports what is not so",
                keys=NO_KEYS,
                expected=sample.observed,
                actual=sample.reported,
                events=(sample,),
            )
    for gap in case.events(SampleLacking):
        if not gap.endpoint.startswith(DASHBOARDS):
            inquiry.cannot_tell(f"the target gives no {gap.lacks} to hold {gap.endpoint} against")


@check("The metrics of the specification were there and were scraped", about=("metrics",))
def monitoring_active(case: Case, inquiry: Inquiry) -> None:
    seen: set[str] = set()
    failures = case.events(ScrapeFailed)
    for change in case.events(MetricChange):
        inquiry.examine(len(change.changes))
        seen |= {series.partition("{")[0] for series, value in change.changes.items() if value is not None}
        if change.changes.get("up") == 0 and not any(since <= change.at <= until for since, until in killed(case)):
            inquiry.find(
                "metrics endpoint",
                "could not be scraped",
                keys=NO_KEYS,
                expected="up 1",
                actual=", ".join(["up 0", *(failed.problem for failed in failures if failed.scrape == change.scrape)]),
                events=(change,),
            )
    for broken in case.events(RuleFailed):
        inquiry.find(
            broken.rule,
            "an alert rule that gives an error and no result, as it would in Prometheus: nobody is told anything by it",
            keys=NO_KEYS,
            actual=broken.problem,
            events=(broken,),
        )
    if inquiry.examined and case.whole:
        for name in _METRICS:
            if name not in seen:
                inquiry.find(name, "the metric was never reported", keys=NO_KEYS)


@check("The platform keeps no table of alerts: alerting is the hosted monitoring's", needs_end=True)
def no_alert_table(case: Case, inquiry: Inquiry) -> None:
    catalogues = case.events(TableCatalogue)
    if not catalogues or not catalogues[-1].tables:
        raise CannotTell("the database's catalogue was not read")
    for table in catalogues[-1].tables:
        inquiry.examine()
        if _ALERT_TABLE.search(table):
            expected, seen = "alerts are the monitoring's", (catalogues[-1],)
            inquiry.find(table, "a table of alerts", keys=Keys(table=table), expected=expected, events=seen)


@check(
    "Every alert was answered in time with its runbook or escalated, and was resolved",
    needs_end=True,
    about=("metrics",),
)
def alerts_answered(case: Case, inquiry: Inquiry) -> None:
    resolved = {event.alert_id for event in case.events(AlertResolved)}
    for alert in case.events(AlertFired):
        inquiry.examine()
        if not _answered(case, alert):
            inquiry.find(
                alert.alert,
                "nobody answered the alert in time",
                keys=keys_of_alert(alert),
                expected=f"runbook {alert.runbook}" if alert.runbook else "escalated",
                events=(alert,),
            )
        if alert.alert_id not in resolved:
            inquiry.find(alert.alert, "the alert still fires at the end", keys=keys_of_alert(alert), events=(alert,))
    as_tasks = {task.runbook for task in promised_tasks(case).values()}
    by_alert = {fault.runbook for fault in case.events(FaultScheduled) if fault.runbook} - as_tasks
    if not inquiry.examined and not by_alert:
        inquiry.nothing_needed("no fault called for an alert, and none fired")


def _answered(case: Case, alert: AlertFired) -> bool:
    """Whether an alert was answered in time.

    By an execution for it, by one of the same runbook already in progress, or, without a runbook, by escalation.
    """
    limit = alert.at + timedelta(seconds=case.scenario.operator.response_seconds) + _QUEUE
    if alert.runbook is None:
        return any(event.alert_id == alert.alert_id and event.at <= limit for event in case.events(Escalated))
    own = any(
        event.alert_id == alert.alert_id and alert.at <= event.at <= limit for event in case.events(ExecutionStarted)
    )
    return own or any(
        execution.started.runbook == alert.runbook
        and execution.started.at <= alert.at
        and execution.ended is not None
        and alert.at <= execution.ended.at
        for execution in case.executions
    )
