"""Random series and random expressions over them: every function, operator and modifier that is understood."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.unit.promql.real_prometheus import Values

MINUTES = 60
_LABELS = ("a", "b")
_WINDOW_FUNCTIONS = (
    "rate", "increase", "delta", "irate", "idelta", "deriv", "changes", "resets", "sum_over_time", "avg_over_time",
    "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time", "stddev_over_time",
    "stdvar_over_time", "absent_over_time",
)  # fmt: skip
_VALUE_FUNCTIONS = (
    "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "sin", "cos", "tan", "asin", "acos", "atan",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "deg", "rad", "round", "timestamp", "absent", "sort",
    "sort_desc",
)  # fmt: skip
_DATES = (
    "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year",
)  # fmt: skip
_AGGREGATIONS = ("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar")


def random_series(chance: random.Random) -> dict[str, Values]:
    """Gauges ``g``, counters ``c`` with resets, and a histogram ``h_bucket``; with gaps, ends and odd numbers."""
    series: dict[str, Values] = {}
    for name in ("g", "c"):
        for a in "123":
            for b in "xy"[: chance.randint(1, 2)]:
                series[f'{name}{{a="{a}",b="{b}"}}'] = _values(chance, counter=name == "c")
    series['info{a="1",role="lead"}'] = [1.0] * MINUTES
    series['info{a="2"}'] = [1.0] * MINUTES
    total = [0.0] * MINUTES
    for bound in ("0.5", "1", "5", "+Inf"):
        total = [value + chance.choice((0, 0, 1, 3)) for value in total]
        series[f'h_bucket{{a="1",le="{bound}"}}'] = list(total)
    return series


def _values(chance: random.Random, *, counter: bool) -> list[float | str | None]:
    values: list[float | str | None] = []
    level = float(chance.randint(0, 50))
    gaps, stale = chance.choice(((0.0, 0.0), (0.2, 0.05), (0.7, 0.0)))
    for _ in range(MINUTES):
        if counter:
            level = 0.0 if chance.random() < 0.05 else level + chance.choice((0, 1, 2.5, 100))
        else:
            level = chance.choice((level, level + 1, -level, chance.uniform(-5, 5), float("nan"), float("inf")))
        absent = chance.random() < gaps
        values.append(None if absent else "stale" if chance.random() < stale else level)
    return values


class Grammar:
    """Draws expressions. Those with equal values in a rank are not drawn: Prometheus does not say which come first."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def expression(self) -> str:
        """A vector or scalar."""
        return self._vector(3) if self._chance.random() < 0.9 else self._scalar(2)

    def _of(self, *makers: Callable[[], str]) -> str:
        return self._chance.choice(makers)()

    def _pick(self, *texts: str) -> str:
        return self._chance.choice(texts)

    def _vector(self, depth: int) -> str:
        if depth <= 0:
            return self._selector()
        inner = depth - 1
        return self._of(
            self._selector,
            lambda: self._window(inner),
            lambda: self._window(inner),
            lambda: f"{self._pick(*_VALUE_FUNCTIONS)}({self._vector(inner)})",
            lambda: f"clamp({self._vector(inner)}, {self._scalar(0)}, {self._scalar(0)})",
            lambda: f"{self._pick('clamp_min', 'clamp_max', 'round')}({self._vector(inner)}, {self._scalar(0)})",
            lambda: f"-({self._vector(inner)})",
            lambda: f"vector({self._scalar(inner)})",
            lambda: self._aggregation(inner),
            lambda: self._aggregation(inner),
            lambda: self._scalar_side(inner),
            lambda: self._matched(inner),
            lambda: self._matched(inner),
            lambda: self._set(inner),
            lambda: self._labels(inner),
            lambda: f"histogram_quantile({self._scalar(0)}, {self._pick('h_bucket', 'rate(h_bucket[7m])')})",
            lambda: f"{self._pick(*_DATES)}({self._pick('', 'abs(round(h_bucket)) * 1234567', 'timestamp(g)')})",
        )

    def _selector(self) -> str:
        matchers = self._pick("", "", '{a="1"}', '{a!="2"}', '{a=~"1|3"}', '{b!~"x.*"}', '{b=""}', '{a="1",b=~".+"}')
        name = self._pick("g", "c", "g", "c", "gone", "info")
        if matchers and self._chance.random() < 0.1 and '=""' not in matchers and "!" not in matchers:
            name = ""
        return f"{name}{matchers}{self._when()}"

    def _when(self) -> str:
        return self._pick("", "", "", "", " offset 3m", " offset -2m", " @ 900", " @ end()", " @ 600 offset 1m")

    def _range(self, depth: int) -> str:
        minutes = self._chance.choice((1, 2, 5, 7, 30))
        if depth > 0 and self._chance.random() < 0.3:
            step = self._pick("", "1m", "2m", "90s")
            return f"({self._vector(depth - 1)})[{minutes}m:{step}]{self._when()}"
        name = self._pick("g", "c", 'c{a="1"}', 'g{b="y"}', "gone")
        return f"{name}[{minutes}m]{self._when()}"

    def _window(self, depth: int) -> str:
        return self._of(
            lambda: f"{self._pick(*_WINDOW_FUNCTIONS)}({self._range(depth)})",
            lambda: f"{self._pick(*_WINDOW_FUNCTIONS)}({self._range(depth)})",
            lambda: f"predict_linear({self._range(depth)}, {self._pick('60', '3600', '-5')})",
            lambda: f"quantile_over_time({self._pick('0.5', '0.99', '0', '1.5', '-1')}, {self._range(depth)})",
        )

    def _scalar(self, depth: int) -> str:
        if depth <= 0:
            return self._pick("0", "1", "2.5", "-3", "0.9", "1e3", "Inf", "NaN", "0x1F")
        inner = depth - 1
        return self._of(
            lambda: self._scalar(0),
            lambda: "time()",
            lambda: "pi()",
            lambda: f"scalar({self._vector(inner)})",
            lambda: f"({self._scalar(inner)} {self._pick('+', '-', '*', '/', '%', '^')} {self._scalar(inner)})",
            lambda: f"({self._scalar(inner)} {self._comparison()} bool {self._scalar(inner)})",
        )

    def _comparison(self) -> str:
        return self._pick(">", "<", ">=", "<=", "==", "!=")

    def _operator(self) -> str:
        if self._chance.random() < 0.5:
            return self._pick("+", "-", "*", "/", "%", "^", "atan2")
        return self._comparison() + self._pick("", " bool")

    def _grouping(self) -> str:
        return self._pick("", "by (a)", "by (b)", "by (a, b)", "without (a)", "without (b)", "by ()", "without ()")

    def _aggregation(self, depth: int) -> str:
        grouping, inner = self._grouping(), self._vector(depth)
        return self._of(
            lambda: f"{self._pick(*_AGGREGATIONS)} {grouping} ({inner})",
            lambda: f"{self._pick(*_AGGREGATIONS)}({inner}) {grouping}",
            lambda: f"quantile {grouping} ({self._pick('0.5', '0.9', '2')}, {inner})",
            lambda: f'count_values {grouping} ("value", {inner})',
            lambda: f"count({self._pick('topk', 'bottomk')} {grouping} ({self._pick('1', '2', '0')}, {inner}))",
        )

    def _scalar_side(self, depth: int) -> str:
        sides = [f"({self._vector(depth)})", self._scalar(1)]
        self._chance.shuffle(sides)
        return f" {self._operator()} ".join(sides)

    def _matched(self, depth: int) -> str:
        matching = self._pick(
            "", "", "on (a)", "on (a, b)", "ignoring (b)", "on ()", "on (a) group_left ()", "on (a) group_left (role)",
            "on (a) group_right ()", "ignoring (b) group_left ()", "ignoring (b, role) group_right ()",
        )  # fmt: skip
        left, right = self._vector(depth), self._pick(self._vector(depth), 'info{a=~".+"}', "max by (a) (c)")
        return f"({left}) {self._operator()} {matching} ({right})"

    def _set(self, depth: int) -> str:
        matching = self._pick("", "", "on (a)", "on ()", "ignoring (b)")
        return f"({self._vector(depth)}) {self._pick('and', 'or', 'unless')} {matching} ({self._vector(depth)})"

    def _labels(self, depth: int) -> str:
        inner = self._vector(depth)
        return self._of(
            lambda: f'label_replace({inner}, "b", "$1-${{2}}", "a", "(\\\\d)(.*)")',
            lambda: f'label_replace({inner}, "new", "all", "", "")',
            lambda: f'label_replace({inner}, "a", "", "a", "2")',
            lambda: f'label_join({inner}, "both", "/", "a", "b")',
        )
