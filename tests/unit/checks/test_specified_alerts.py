"""The specification's alert rules among those that a run's monitoring evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.alert_rules import DEMANDED, alerts_as_specified
from simulation.events import AlertRuleAsRun, RunStarted
from simulation.paths import ALERTS_FOLDER
from simulation.world.monitoring.alert_rules import load_rules
from tests.unit.checks.builder import Book, assert_found, run
from tests.unit.checks.story import passing

SHIPPED = tuple(rule.as_run() for rule in load_rules(ALERTS_FOLDER).alerts)


def watched(*rules: AlertRuleAsRun) -> Book:
    book = passing()
    book.edit(RunStarted, {}, alert_rules=rules)
    return book


def test_the_shipped_rules_are_the_specification_s() -> None:
    result = run(alerts_as_specified, watched(*SHIPPED))
    assert (result.outcome, result.examined) == ("pass", len(DEMANDED))


def test_a_run_that_recorded_no_rules_is_not_verified() -> None:
    assert run(alerts_as_specified, watched()).outcome == "not_verified"


CHANGES: list[dict[str, Any]] = [
    {"expression": "ingestion_lag_seconds > 7200"},
    {"expression": "ingestion_lag_seconds >= 3600"},
    {"severity": "warning"},
    {"for_seconds": 3600},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_rule_that_differs_is_found(change: dict[str, Any]) -> None:
    def spoil(book: Book) -> None:
        rules = (rule.model_copy(update=change) if rule.alert == "IngestionLag" else rule for rule in SHIPPED)
        book.edit(RunStarted, {}, alert_rules=tuple(rules))

    assert_found(alerts_as_specified, watched(*SHIPPED), spoil, "no alert rule is the specification's")


def test_a_rule_that_is_missing_is_found() -> None:
    rest = tuple(rule for rule in SHIPPED if rule.alert != "ErrorBudgetLow")
    (finding,) = run(alerts_as_specified, watched(*rest)).findings
    assert (finding.subject, finding.expected) == ("error_budget_remaining", "error_budget_remaining < 10, warning")
