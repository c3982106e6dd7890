"""Expressions over given series, evaluated by Prometheus' own promtool and by us.

promtool tells a value only in a failed test, so each expression is expected to give what nothing gives.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from simulation.environment import promtool
from simulation.prometheus_version import Dialect
from simulation.world.monitoring.exposition import Exposition
from simulation.world.monitoring.promql.errors import EvaluationError
from simulation.world.monitoring.promql.expression import compile_expression
from simulation.world.monitoring.promql.moment import Moment
from simulation.world.monitoring.promql.series import Labels, SeriesStore, labels_of

Values = Sequence[float | str | None]
"""A value for each interval: a number, ``stale``, or None for nothing."""
Result = dict[Labels, float] | str
"""Values by labels, or ``error``."""
_STEP = 60
_FAILURE = re.compile(
    r"expr: (?P<expr>\".*?\"), time: (?P<time>\S+?),\s*(?:err: (?P<err>.*)|exp: .*\n\s+got: (?P<got>.*))"
)
_SAMPLE = re.compile(r'(?P<series>[\w:]*\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}|[\w:]+) (?P<value>[-+\w.]+)(?:, |$)')


def binary_or_skip() -> Path:
    """promtool, without which a test is skipped, unless SIMULATE_REQUIRE_PROMTOOL demands it."""
    binary = promtool.find_promtool()
    if binary is None and not os.environ.get("SIMULATE_REQUIRE_PROMTOOL"):
        pytest.skip(f"no promtool on this machine: {promtool.REMEDY}")
    assert binary is not None, promtool.REMEDY
    return binary


def by_promtool(
    binary: Path, folder: Path, series: Mapping[str, Values], expressions: Sequence[str], at_minutes: Iterable[int]
) -> dict[tuple[str, int], Result]:
    """What promtool gives for each expression at each minute."""
    instants = list(at_minutes)
    impossible = [{"labels": "impossible{}", "value": 4711}]
    document = {
        "rule_files": [],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": " ".join(map(_notation, values))} for name, values in series.items()
                ],
                "promql_expr_test": [
                    {"expr": text, "eval_time": f"{minute}m", "exp_samples": impossible}
                    for text in expressions
                    for minute in instants
                ],
            }
        ],
    }
    file = folder / "expressions.test.yml"
    file.write_text(json.dumps(document), encoding="utf-8")
    said = subprocess.run([binary, "test", "rules", file], capture_output=True, encoding="utf-8", check=False)
    text = said.stdout + said.stderr
    results: dict[tuple[str, int], Result] = {}
    for found in _FAILURE.finditer(text):
        results[json.loads(found["expr"]), _minutes(found["time"])] = (
            "error" if found["err"] is not None else _samples(found["got"])
        )
    assert len(results) == len(set(expressions)) * len(instants), text[-2000:]
    return results


def by_us(
    version: str, series: Mapping[str, Values], expressions: Sequence[str], at_minutes: Iterable[int]
) -> dict[tuple[str, int], Result]:
    """What our evaluator gives."""
    store, exposition = SeriesStore(keep_ms=None), Exposition()
    for name, values in series.items():
        (sample,) = exposition.samples(f"{name} 0\n")
        labels = labels_of({**sample.labels, "__name__": sample.name})
        for number, value in enumerate(values):
            if value is not None:
                store.append(labels, number * _STEP * 1000, None if isinstance(value, str) else value)
    results: dict[tuple[str, int], Result] = {}
    for text in expressions:
        evaluate = compile_expression(text, version=version).evaluate
        for minute in at_minutes:
            at_ms = minute * 60_000
            moment = Moment(
                store=store, at_ms=at_ms, query_ms=at_ms, epoch_ms=0, step_ms=60_000, dialect=Dialect.of(version)
            )
            try:
                results[text, minute] = {point.labels: point.value for point in evaluate(moment)}
            except EvaluationError:
                results[text, minute] = "error"
    return results


def differences(ours: Mapping[tuple[str, int], Result], theirs: Mapping[tuple[str, int], Result]) -> list[str]:
    """Where they disagree beyond the last digits."""
    return [f"{key}: {ours[key]} instead of {theirs[key]}" for key in theirs if not _equal(ours[key], theirs[key])]


def _equal(ours: Result, theirs: Result) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return ours.keys() == theirs.keys() and all(_near(ours[key], theirs[key]) for key in ours)


def _near(ours: float, theirs: float) -> bool:
    if math.isnan(ours) or math.isnan(theirs):
        return math.isnan(ours) and math.isnan(theirs)
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)


def _notation(value: float | str | None) -> str:
    if value is None:
        return "_"
    return value if isinstance(value, str) else f"{value:.17g}"


def _minutes(text: str) -> int:
    return sum(int(number) * {"h": 60, "m": 1, "s": 0}[unit] for number, unit in re.findall(r"(\d+)([hms])", text))


def _samples(text: str) -> dict[Labels, float]:
    return {_labels(one["series"]): float(one["value"]) for one in _SAMPLE.finditer(text.strip()) if one[0] != "nil"}


def _labels(text: str) -> Labels:
    name, _, rest = text.partition("{")
    labels = {key: json.loads(value) for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', rest)}
    return labels_of({**labels, **({"__name__": name} if name else {})})
