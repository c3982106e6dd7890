"""The alert rules of the specification, with its thresholds and severities, are what the monitoring evaluates.

Source: specification, Monitoring and alerting, Alerting rules. In fixtures/spec/requirements.md: M-2 to M-8.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import Keys
from simulation.events import AlertRuleAsRun

_CONDITION = re.compile(r"\s*([A-Za-z_:]\w*)(?:\{[^}]*\})?\s*([<>=!]=?)\s*([\d.]+)\s*")
"""A metric, perhaps some of its series, compared with a number."""


@dataclass(frozen=True, kw_only=True)
class Demanded:
    """``metric`` compared with ``threshold`` raises an alert of this severity."""

    metric: str
    comparison: str
    threshold: float
    severity: str

    def __str__(self) -> str:
        return f"{self.metric} {self.comparison} {self.threshold:g}, {self.severity}"


DEMANDED = (
    Demanded(metric="ingestion_lag_seconds", comparison=">", threshold=3600, severity="critical"),
    Demanded(metric="settlement_status", comparison="==", threshold=1, severity="critical"),
    Demanded(metric="contest_status_transitions_failed", comparison=">", threshold=0, severity="warning"),
    Demanded(metric="score_audit_mismatches", comparison=">", threshold=0, severity="critical"),
    Demanded(metric="database_connection_pool_available", comparison="<", threshold=5, severity="warning"),
    Demanded(metric="auth_service_error_rate", comparison=">", threshold=5, severity="critical"),
    Demanded(metric="error_budget_remaining", comparison="<", threshold=10, severity="warning"),
)
_AT_ONCE = 600
"""Seconds that a condition may have to hold before the alert fires: one scrape more."""


@check("The monitoring evaluates the specification's alert rules, with its thresholds and severities")
def alerts_as_specified(case: Case, inquiry: Inquiry) -> None:
    rules = case.started.alert_rules
    if not rules:
        inquiry.leave_unverified("the run recorded no alert rules")
        return
    for demanded in DEMANDED:
        inquiry.examine()
        near = [rule for rule in rules if _metric_of(rule) == demanded.metric]
        if not any(_is_it(rule, demanded) for rule in near):
            inquiry.find(
                demanded.metric,
                "no alert rule is the specification's",
                keys=Keys(),
                expected=str(demanded),
                actual="; ".join(f"{rule.expression}, {rule.severity}, for {rule.for_seconds} s" for rule in near),
                events=(case.started,),
            )


def _metric_of(rule: AlertRuleAsRun) -> str:
    found = _CONDITION.fullmatch(rule.expression)
    return "" if found is None else found[1]


def _is_it(rule: AlertRuleAsRun, demanded: Demanded) -> bool:
    found = _CONDITION.fullmatch(rule.expression)
    return (
        found is not None
        and (found[2], float(found[3])) == (demanded.comparison, demanded.threshold)
        and rule.severity == demanded.severity
        and rule.for_seconds <= _AT_ONCE
    )
