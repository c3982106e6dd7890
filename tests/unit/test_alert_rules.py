"""Rule files in Prometheus' format: what they say is evaluated as Prometheus would, what is beyond us is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.paths import ALERTS_FOLDER
from simulation.world.monitoring.alert_expression import compile_expression
from simulation.world.monitoring.alert_rules import load_rules, refuse_dead_links
from simulation.world.monitoring.exposition import Exposition

BODY = """\
# HELP lag Seconds
# TYPE lag gauge
lag{tournament="a"} 4000
lag{tournament="b"} 10
status{contest="c1",status="FAILED"} 1
stuck 0
quoted{text="a } \\"b\\" \\n"} 2 1700000000000
limit{tournament="a"} 1
"""

RULES = """\
groups:
  - name: g
    rules:
      - alert: Lag
        expr: lag > 3600
        for: 5m
        labels: {severity: critical}
        annotations:
          summary: late
          runbook_url: runbooks/lag.md
"""


@pytest.mark.parametrize(
    ("expression", "series"),
    [
        ("lag > 3600", ['lag{tournament="a"}']),
        ("3600 < lag", ['lag{tournament="a"}']),
        ('lag{tournament="b"} >= 10', ['lag{tournament="b"}']),
        ('lag{tournament=~"a|b"}', ['lag{tournament="a"}', 'lag{tournament="b"}']),
        ('lag{tournament!="a"}', ['lag{tournament="b"}']),
        ('lag{tournament!~"a.*"}', ['lag{tournament="b"}']),
        ('status{status="FAILED"} == 1', ['status{contest="c1",status="FAILED"}']),
        ("stuck > 0", []),
        ("stuck != 1", ["stuck"]),
        ("gone > 0", []),
        ("sum(lag) > 4009", ["{}"]),
        ("count(lag) > 2", []),
        ("max(lag) > 3999", ["{}"]),
        ("sum(gone) < 1", []),
        ("lag and limit", ['lag{tournament="a"}']),
        ("lag unless limit", ['lag{tournament="b"}']),
        ("limit or lag", ['limit{tournament="a"}', 'lag{tournament="b"}']),
        ("(lag > 3600) and (limit == 1)", ['lag{tournament="a"}']),
    ],
)
def test_expressions_select_what_prometheus_would(expression: str, series: list[str]) -> None:
    samples = Exposition().samples(BODY)
    assert [sample.series for sample in compile_expression(expression)(samples)] == series


def test_quoted_label_values_are_read_as_they_are_meant() -> None:
    sample = next(sample for sample in Exposition().samples(BODY) if sample.name == "quoted")
    assert (sample.labels, sample.value) == ({"text": 'a } "b" \n'}, 2.0)


def test_a_line_that_is_no_sample_is_named() -> None:
    with pytest.raises(ValueError, match="nonsense line here"):
        Exposition().samples("nonsense line here\n")


def test_a_rule_has_its_place_runbook_and_hold_time(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    (rule,) = load_rules(tmp_path)
    assert (rule.alert, rule.for_seconds, rule.severity, rule.runbook) == ("Lag", 300, "critical", "lag")
    assert rule.place == f"{tmp_path}/a.yml:4"


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("lag > 3600", "rate(lag[5m]) > 3600", 5, "Call"),
        ("lag > 3600", "lag > on(x) 3600 lag", 5, "not PromQL"),
        ("lag > 3600", "lag offset 5m > 3600", 5, "offset"),
        ("lag > 3600", "sum by (tournament) (lag) > 3600", 5, "without grouping"),
        ("lag > 3600", "lag > bool 3600", 5, "modifiers"),
        ("lag > 3600", "lag > lag", 5, "a number on one side"),
        ("lag > 3600", "lag + 1", 5, "operator +"),
        ("for: 5m", "for: soon", 6, "duration"),
        ("severity: critical", "severity: fatal", 7, "severity"),
        ("          summary: late\n", "", 8, "summary"),
        ("for: 5m", "keep: 5m", 6, "keep"),
        ("groups:", "rules:", 1, "no 'groups:' list"),
        ("- name: g", "- name: [g", 3, "not YAML"),
    ],
)
def test_a_rule_beyond_the_subset_is_refused_by_line(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    file = tmp_path / "a.yml"
    file.write_text(RULES.replace(old, new))
    with pytest.raises(UsageError) as refused:
        load_rules(tmp_path)
    assert refused.value.place == f"{file}:{line}"
    assert problem in refused.value.problem


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    (tmp_path / "b.yml").write_text(RULES)
    with pytest.raises(UsageError, match="a second alert is called Lag"):
        load_rules(tmp_path)


def test_the_shipped_rules_have_the_thresholds_and_severities_of_the_specification() -> None:
    rules = {rule.alert: (rule.expression, rule.severity) for rule in load_rules(ALERTS_FOLDER)}
    assert {
        "IngestionLag": ("ingestion_lag_seconds > 3600", "critical"),
        "SettlementFailed": ('settlement_status{status="FAILED"} == 1', "critical"),
        "ContestStatusTransitionFailed": ("contest_status_transitions_failed > 0", "warning"),
        "ScoreAuditMismatch": ("score_audit_mismatches > 0", "critical"),
        "DatabaseConnectionPoolLow": ("database_connection_pool_available < 5", "warning"),
        "AuthServiceErrorRateHigh": ("auth_service_error_rate > 5", "critical"),
        "ErrorBudgetLow": ("error_budget_remaining < 10", "warning"),
    }.items() <= rules.items()


def test_a_rule_that_links_a_missing_runbook_is_refused_by_line() -> None:
    rules = load_rules(ALERTS_FOLDER)
    with pytest.raises(UsageError, match=r"\.yml:\d+: the alert \w+ links the runbook 'ingestion_lag'"):
        refuse_dead_links(rules, known={rule.runbook or "" for rule in rules} - {"ingestion_lag"})
