"""Evaluates a run's alerts again with Prometheus' own ``promtool`` and compares them with the monitor's, every scrape.

The scrapes come from the history (:class:`MetricChange` has only what changed), the rules from the rule files
(:mod:`simulation.witness.judged_rules`), nothing from the monitor's evaluation. promtool is told to expect at each
evaluation the alerts that fired according to the monitor; ``promtool test rules RUN_DIR/alerts.test.yml`` repeats the
test by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import promql_parser

from simulation.environment.promtool import (
    BINARY_VARIABLE,
    REMEDY,
    Answer,
    Evaluation,
    find_promtool,
    promtool_version,
    testing_rules,
)
from simulation.events import (
    AlertEvaluation,
    AlertFired,
    AlertResolved,
    EvaluationDifference,
    Event,
    MetricChange,
    RunStarted,
)
from simulation.prometheus_version import DEFAULT_VERSION, evaluate_alike
from simulation.witness import alert_texts
from simulation.witness.judged_rules import JudgedRules, Judging, judged

_BEGIN = "Unit Testing:  "
FIRING = 'ALERTS{alertstate="firing"}'
_SERIES = r'\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}'
_ONE_ALERT = re.compile(_SERIES)
_FAILURE = re.compile(r"^ +expr: .*, time: (?P<time>\S+),\s*$\n^ +exp: (?P<exp>.*)$\n^ +got: (?P<got>.*)$", re.M)
_LABEL = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')
AlertLabels = tuple[tuple[str, str], ...]
"""Labels of one alert, sorted, ``alertname`` among them."""


@dataclass(frozen=True, kw_only=True)
class Scrapes:
    """How the run was scraped: how often, at what interval, with which rule files."""

    count: int
    interval_seconds: int
    rule_files: tuple[Path, ...]
    version: str = DEFAULT_VERSION
    """Of the Prometheus whose evaluation the monitor follows."""

    @property
    def last_seconds(self) -> int:
        """When the last scrape was, counted from the first."""
        return (self.count - 1) * self.interval_seconds


@dataclass(frozen=True, kw_only=True)
class _Test:
    """One test file: rules of one interval, and the alerts that fire at each of their evaluations."""

    file: Path
    rules: JudgedRules
    firing: list[list[AlertLabels]]
    groups: list[list[AlertFired]]


class AlertJudge:
    """A running promtool evaluation of one run; without promtool it only says so.

    If promtool contradicts the monitor, it is run a second time, and that result counts. Once, on a busy machine, it
    missed one sample of one series that it found in every repetition with the same file. If the monitor is wrong, both
    runs say so.

    :param ask: starts another evaluation of the same file; None where there is no promtool.
    """

    def __init__(
        self,
        facts: AlertEvaluation,
        scrapes: Scrapes,
        tests: Sequence[_Test] = (),
        *,
        ask: Callable[[], AbstractContextManager[Evaluation]] | None = None,
        under_way: Evaluation | None = None,
    ) -> None:
        self._facts, self._scrapes, self._tests = facts, scrapes, tuple(tests)
        self._ask, self._under_way = ask, under_way

    def evaluated(self) -> AlertEvaluation:
        """The event for the history.

        :raises EnvironmentFault: promtool does not finish.
        """
        if self._ask is None or self._under_way is None or self._under_way.answer().good:
            return self._facts
        with self._ask() as again:
            answer = again.answer()
        if answer.good:
            return self._facts
        differences = tuple(one for test in self._tests for one in _differences(answer, test, self._scrapes))
        texts = tuple(
            one
            for test in self._tests
            for one in alert_texts.differences(
                _part(answer.text, test.file),
                scrape_seconds=self._scrapes.interval_seconds,
            )
        )
        complaint = "" if differences or texts else " ".join(answer.text.split())[:500]
        return self._facts.model_copy(
            update={"differences": differences, "annotation_differences": texts, "complaint": complaint}
        )


@contextmanager
def judge_alerts(events: Iterable[Event], scrapes: Scrapes, *, test_file: Path) -> Iterator[AlertJudge]:
    """Write ``test_file`` and start promtool on it in the background; read the result within the ``with`` block.

    :raises EnvironmentFault: ``PROMTOOL_BIN`` names no file.
    """
    events = tuple(events)
    series = _series(events)
    judging = judged(
        scrapes.rule_files,
        interval_seconds=scrapes.interval_seconds,
        epoch_seconds=_epoch_seconds(events),
        folder=test_file.parent,
    )
    tests = [_test(events, rules, scrapes, judging, test_file) for rules in judging.rules]
    for test in tests:
        test.file.write_text(_document(scrapes, series, test), encoding="utf-8")
    facts = AlertEvaluation(
        scrapes=scrapes.count,
        interval_seconds=scrapes.interval_seconds,
        series=len(series),
        firing=sum(len(at) for test in tests for at in test.firing),
        rules=tuple(file.name for file in scrapes.rule_files),
        annotated=sum(len(group) for test in tests for group in test.groups),
        unjudged=judging.unjudged,
    )
    binary = find_promtool()
    if binary is None:
        problem = f"no promtool on this machine: {REMEDY}"
        yield AlertJudge(facts.model_copy(update={"problem": problem}), scrapes)
        return
    version = promtool_version(binary)
    facts = facts.model_copy(update={"judge": f"promtool {version}"})
    if _reads_windows(scrapes.rule_files) and not evaluate_alike(version, scrapes.version):
        problem = (
            f"promtool {version} reads windows otherwise than Prometheus {scrapes.version}, which the scenario follows:"
            f" set monitor.prometheus, or name another promtool in {BINARY_VARIABLE}"
        )
        yield AlertJudge(facts.model_copy(update={"judge": "", "problem": problem}), scrapes)
        return
    ask = partial(testing_rules, binary, *(test.file for test in tests))
    with ask() as evaluation:
        yield AlertJudge(facts, scrapes, tests, ask=ask, under_way=evaluation)


def _epoch_seconds(events: Sequence[Event]) -> int:
    """Unix time of the first scrape."""
    begins = [event.absence_start for event in events if isinstance(event, RunStarted)]
    begins += [event.at for event in events if isinstance(event, MetricChange) and event.scrape == 0]
    return int(begins[0].timestamp()) if begins else 0


def _reads_windows(files: Sequence[Path]) -> bool:
    """Whether versions of Prometheus could disagree about a rule: it looks back by more than one sample."""
    return any(re.search(r"\[|\batan2\b|\bstd(dev|var)\b", file.read_text(encoding="utf-8")) for file in files)


def _test(events: Sequence[Event], rules: JudgedRules, scrapes: Scrapes, judging: Judging, test_file: Path) -> _Test:
    own = [
        event
        for event in events
        if not isinstance(event, AlertFired | AlertResolved)
        or (event.alert in rules.alerts and event.alert not in judging.unjudged)
    ]
    usual = rules.interval_seconds == scrapes.interval_seconds
    file = test_file if usual else test_file.with_name(f"alerts.{rules.interval_seconds}s.test.yml")
    count = scrapes.last_seconds // rules.interval_seconds + 1
    return _Test(file=file, rules=rules, firing=_firing(own, count), groups=alert_texts.begun(own))


def _series(events: Sequence[Event]) -> dict[str, list[tuple[int, float | None]]]:
    """Series → [(number of the scrape, value from then on)]; the value is None once the series has ended."""
    series: dict[str, list[tuple[int, float | None]]] = {}
    for event in events:
        if isinstance(event, MetricChange):
            for name, value in event.changes.items():
                series.setdefault(name, []).append((event.scrape, value))
    return dict(sorted(series.items()))


def _firing(events: Sequence[Event], scrapes: int) -> list[list[AlertLabels]]:
    """The alerts that fire at each scrape according to the monitor."""
    ends = {event.alert_id: event.scrape for event in events if isinstance(event, AlertResolved)}
    firing: list[list[AlertLabels]] = [[] for _ in range(scrapes)]
    for event in events:
        if isinstance(event, AlertFired):
            alert = tuple(sorted({**event.labels, "alertname": event.alert}.items()))
            for scrape in range(event.scrape, ends.get(event.alert_id, scrapes)):
                firing[scrape].append(alert)
    return firing


def _document(scrapes: Scrapes, series: dict[str, list[tuple[int, float | None]]], test: _Test) -> str:
    """The text of a ``promtool test rules`` file, partly in JSON, which is valid YAML. Times count from 0."""
    every = test.rules.interval_seconds
    lines = [
        f"rule_files: {json.dumps([str(file.resolve()) for file in test.rules.files])}",
        f"group_eval_order: {json.dumps(test.rules.groups, ensure_ascii=False)}",
        f"evaluation_interval: {every}s",
        "tests:",
        f"- interval: {scrapes.interval_seconds}s",
        "  input_series:",
        *(f"  - {json.dumps({'series': name, 'values': _values(v, scrapes.count)})}" for name, v in series.items()),
        "  alert_rule_test:",
        *(f"  - {json.dumps(t)}" for t in alert_texts.tests(test.groups, interval_seconds=every)),
        "  promql_expr_test:",
    ]
    for number, alerts in enumerate(test.firing):
        expected = [{"labels": _as_series(alert), "value": 1} for alert in sorted(alerts)]
        lines.append(f"  - {json.dumps({'expr': FIRING, 'eval_time': f'{number * every}s', 'exp_samples': expected})}")
    return "\n".join(lines) + "\n"


def _values(changes: Sequence[tuple[int, float | None]], scrapes: int) -> str:
    """Prometheus' notation for a series: ``7x3`` is the value four times, ``_x3`` nothing three times."""
    parts = [f"_x{changes[0][0]}"] if changes[0][0] else []
    ends = [scrape for scrape, _ in changes[1:]] + [scrapes]
    for (begin, value), end in zip(changes, ends, strict=True):
        if end > begin and value is not None:
            parts.append(f"{value:.17g}x{end - begin - 1}")
        elif end > begin:
            parts += ["stale", f"_x{end - begin - 1}"] if end - begin > 1 else ["stale"]
    return " ".join(parts)


def _as_series(alert: AlertLabels) -> str:
    labels = dict(sorted({**dict(alert), "alertstate": "firing"}.items()))
    return f"ALERTS{{{','.join(f'{name}={json.dumps(value, ensure_ascii=False)}' for name, value in labels.items())}}}"


def _part(text: str, file: Path) -> str:
    """What promtool says about one test file; of one alone it says nothing else."""
    return (
        text
        if text.count(_BEGIN) < 2
        else next((part for part in text.split(_BEGIN) if part.startswith(f"{file}\n")), "")
    )


def _differences(answer: Answer, test: _Test, scrapes: Scrapes) -> Iterator[EvaluationDifference]:
    """Alerts that only one of monitor and promtool reports; one entry for consecutive evaluations."""
    seen: dict[tuple[Literal["monitor", "promtool"], str], list[int]] = {}
    every = test.rules.interval_seconds
    for failure in _FAILURE.finditer(_part(answer.text, test.file)):
        elapsed = promql_parser.parse_duration(failure["time"]).total_seconds() if failure["time"] != "0s" else 0
        expected, got = _alerts(failure["exp"]), _alerts(failure["got"])
        for alert in sorted(expected - got):
            seen.setdefault(("monitor", alert), []).append(int(elapsed) // every)
        for alert in sorted(got - expected):
            seen.setdefault(("promtool", alert), []).append(int(elapsed) // every)
    for (said_by, alert), at in seen.items():
        for first, last in _stretches(at):
            first_scrape, last_scrape = (number * every // scrapes.interval_seconds for number in (first, last))
            yield EvaluationDifference(said_by=said_by, alert=alert, first_scrape=first_scrape, last_scrape=last_scrape)


def _alerts(text: str) -> set[str]:
    return {
        _as_series(tuple((name, json.loads(value)) for name, value in _LABEL.findall(found) if name != "__name__"))
        for found in _ONE_ALERT.findall(text)
    }


def _stretches(scrapes: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = last = scrapes[0]
    for scrape in scrapes[1:]:
        if scrape != last + 1:
            yield first, last
            first = scrape
        last = scrape
    yield first, last
