"""Values that follow from Prometheus' documentation, worked out by hand; and where versions of it differ."""

from __future__ import annotations

import pytest

from simulation.world.monitoring.promql.errors import UnsupportedExpression
from simulation.world.monitoring.promql.expression import compile_expression
from tests.unit.promql.real_prometheus import Values, by_us

SERIES: dict[str, Values] = {
    'jobs_total{kind="a"}': [0.0, 60.0, 120.0, 180.0, 0.0, 60.0],
    'jobs_total{kind="b"}': [5.0] * 6,
    "ended": [1.0, 1.0, "stale", None, None, None],
    "silent": [1.0, None, None, None, None, None],
}


def value(expression: str, minute: int, version: str = "2.42", series: dict[str, Values] = SERIES) -> object:
    result = by_us(version, series, [expression], [minute])[expression, minute]
    return result if isinstance(result, str) else [*result.values()]


@pytest.mark.parametrize(
    ("expression", "minute", "values"),
    [
        ('rate(jobs_total{kind="a"}[3m])', 3, [1.0]),  # 60 a minute
        ('increase(jobs_total{kind="a"}[5m])', 5, [240.0]),  # the reset at minute 4 counts from 0
        ('resets(jobs_total{kind="a"}[5m])', 5, [1.0]),
        ('changes(jobs_total{kind="b"}[5m])', 5, [0.0]),
        ('irate(jobs_total{kind="a"}[5m])', 4, [0.0]),
        ('predict_linear(jobs_total{kind="a"}[3m], 60)', 3, [240.0]),
        ("ended", 1, [1.0]),
        ("ended", 2, []),  # a series that has ended is out of sight at once
        ("absent(ended)", 2, [1.0]),
        ("silent", 5, [1.0]),  # one that is silent stays in sight for five minutes
        ("sum by (kind) (jobs_total) > bool 4", 1, [1.0, 1.0]),
        ("jobs_total * on (kind) group_left () jobs_total", 0, [0.0, 25.0]),
        ("jobs_total + on () jobs_total", 0, "error"),
        ("max_over_time(sum(jobs_total)[5m:1m])", 5, [185.0]),
        ('jobs_total{kind="a"} offset 2m', 3, [60.0]),
        ('jobs_total{kind="a"} @ 120', 5, [120.0]),
        ("hour(vector(7200)) + time()", 1, [62.0]),
        ("topk(1, jobs_total)", 1, [60.0]),
        ("quantile(0.5, jobs_total)", 1, [32.5]),
    ],
)
def test_an_expression_has_the_value_that_the_documentation_gives(expression: str, minute: int, values: object) -> None:
    assert value(expression, minute) == values


def test_versions_of_prometheus_differ_where_theirs_do() -> None:
    late: dict[str, Values] = {"c": [None] * 6 + [2.0, 5.0, 8.0]}
    assert value("increase(c[10m])", 8, "2.42", late) == [8.0]
    assert value("increase(c[10m])", 8, "2.53", late) == [7.5]
    assert value("count_over_time(silent[3m])", 3, "2.53") == [1.0]
    assert value("count_over_time(silent[3m])", 3, "3.5") == []
    assert value("silent", 5, "3.5") == []


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("sum(rate(x[5m])) by (a) >> 3", "column 26: "),
        ("a and\n b +* c", "line 2, column 5: "),
        ("rate(x[5m] > 3", "column 5: not PromQL: unclosed"),
        ('x{a="b",,c="d"}', "column 9: "),
        ("x > 3 and limitk(1, x)", "column 11: limitk"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(expression: str, place: str) -> None:
    with pytest.raises(UnsupportedExpression) as refused:
        compile_expression(expression)
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    "expression",
    ["(" * 400 + "x" + ")" * 400, "x" + " + x" * 400, "-" * 1000 + "x", "(" * 200_000, "x or " * 100_000, "sum(" * 700],
)
def test_an_expression_without_bounds_is_refused_and_ends_nothing(expression: str) -> None:
    with pytest.raises(UnsupportedExpression):
        compile_expression(expression)
