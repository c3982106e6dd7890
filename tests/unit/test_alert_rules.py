"""Rule files in Prometheus' format: what they say is evaluated as Prometheus would, what is beyond us is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.paths import ALERTS_FOLDER
from simulation.prometheus_version import DEFAULT_VERSION, Dialect
from simulation.world.monitoring.alert_rules import load_rules, refuse_dead_links
from simulation.world.monitoring.exposition import Exposition
from simulation.world.monitoring.promql.expression import compile_expression
from simulation.world.monitoring.promql.moment import Moment
from simulation.world.monitoring.promql.series import NAME, SeriesStore, labels_of

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
    store = SeriesStore()
    for sample in Exposition().samples(BODY):
        store.append(labels_of({**sample.labels, NAME: sample.name}), 0, sample.value)
    dialect = Dialect.of(DEFAULT_VERSION)
    moment = Moment(store=store, at_ms=0, query_ms=0, epoch_ms=0, step_ms=60_000, dialect=dialect)
    points = compile_expression(expression).evaluate(moment)
    assert [_as_text(dict(point.labels)) for point in points] == series


def _as_text(labels: dict[str, str]) -> str:
    name = labels.pop(NAME, "")
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}" if inside or not name else name


def test_quoted_label_values_are_read_as_they_are_meant() -> None:
    sample = next(sample for sample in Exposition().samples(BODY) if sample.name == "quoted")
    assert (sample.labels, sample.value) == ({"text": 'a } "b" \n'}, 2.0)


def test_a_line_that_is_no_sample_is_named() -> None:
    with pytest.raises(ValueError, match="nonsense line here"):
        Exposition().samples("nonsense line here\n")


def test_a_rule_has_its_place_runbook_and_hold_time(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    (rule,) = load_rules(tmp_path).alerts
    assert (rule.alert, rule.for_seconds, rule.severity, rule.runbook) == ("Lag", 300, "critical", "lag")
    assert rule.place == f"{tmp_path}/a.yml:4"


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("lag > 3600", "lag > on(x) 3600 lag", 5, "column 18: not PromQL"),
        ("lag > 3600", "lag[5m]", 5, "column 1: the expression is a matrix"),
        ("lag > 3600", "sum by (a (lag) > 1", 5, "column 8: not PromQL: unclosed left parenthesis"),
        ("lag > 3600", "rate(lag) > 1", 5, "expected type matrix"),
        ("lag > 3600", "1 + limitk(2, lag)", 5, "column 5: limitk: Prometheus has it only as an experiment"),
        ("lag > 3600", "speed(lag)", 5, "unknown function with name 'speed'"),
        ("lag > 3600", 'lag{t="a" or t="b"}', 5, "matchers with 'or'"),
        ("lag > 3600", 'label_replace(lag, "a", "$1", "b", "(?=x)")', 5, "no regular expression"),
        ("summary: late", "summary: '{{ $labels.a | louder }}'", 9, "function 'louder' not defined"),
        ("summary: late", "summary: '{{ if $value }}late'", 9, "no {{ end }}"),
        ("summary: late", "summary: '{{ $other }}'", 9, "undefined variable"),
        ("labels: {severity: critical}", "labels: {severity: '{{ template \"x\" }}'}", 7, "not known"),
        ("labels: {severity: critical}", "labels: {a-b: critical}", 7, "labels.a-b"),
        ("labels: {severity: critical}", "keep_firing_for: long", 7, "duration"),
        ("- name: g", "- name: g\n    limit: 3", 3, "limit"),
        ("- name: g", "- name: g\n    interval: often", 3, "duration"),
        ("- alert: Lag", '- alert: "a\\nb"', 4, "line breaks"),
        ("- alert: Lag", "- record: a b", 4, "record"),
        ("for: 5m", "for: soon", 6, "duration"),
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


def test_rules_are_understood_as_prometheus_understands_them(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    (tmp_path / "b.yaml").write_text("""\
groups:
  - name: of its own
    interval: 90s
    rules:
      - record: "players:open:sum"
        expr: sum by (kind) (open)
        labels: {zone: 7}
      - alert: Two words, and a comma
        expr: rate(requests_total[5m]) > 1
        keep_firing_for: 1h30m
      - alert: Lag of another kind
        expr: vector(1)
        for: 0m
        labels: {severity: page, version: 1.10}
""")
    rules = load_rules(tmp_path)
    assert [group.interval_seconds for group in rules.groups] == [None, 90.0]
    assert rules.recorded == {"players:open:sum"}
    lag, spaced, other = rules.alerts
    assert (spaced.alert, spaced.severity, spaced.keep_firing_seconds) == ("Two words, and a comma", "none", 5400.0)
    assert (other.severity, dict(other.labels)["version"], other.for_seconds) == ("page", "1.10", 0.0)
    assert lag.for_seconds == 300


def test_two_rules_may_have_one_name_but_not_two_intervals(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULES)
    (tmp_path / "b.yml").write_text(RULES)
    assert [rule.alert for rule in load_rules(tmp_path).alerts] == ["Lag", "Lag"]
    (tmp_path / "b.yml").write_text(RULES.replace("- name: g", "- name: g\n    interval: 1m"))
    with pytest.raises(UsageError, match="alerts called Lag stand in groups with different intervals"):
        load_rules(tmp_path)


def test_the_shipped_rules_have_the_thresholds_and_severities_of_the_specification() -> None:
    rules = {rule.alert: (rule.expression.text, rule.severity) for rule in load_rules(ALERTS_FOLDER).alerts}
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
    rules = load_rules(ALERTS_FOLDER).alerts
    with pytest.raises(UsageError, match=r"\.yml:\d+: the alert \w+ links the runbook 'ingestion_lag'"):
        refuse_dead_links(rules, known={rule.runbook or "" for rule in rules} - {"ingestion_lag"})
