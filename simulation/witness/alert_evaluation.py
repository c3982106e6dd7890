"""Evaluates a run's alerts again with Prometheus' own ``promtool`` and compares them with the monitor's, every scrape.

The scrapes come from the history (:class:`MetricChange` has only what changed), the rules from the unchanged rule
files, nothing from the monitor's evaluation. promtool is told to expect at each scrape the alerts that fired according
to the monitor; ``promtool test rules RUN_DIR/alerts.test.yml`` repeats the test by hand.
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

from simulation.environment.promtool import REMEDY, Answer, Evaluation, find_promtool, promtool_version, testing_rules
from simulation.events import AlertEvaluation, AlertFired, AlertResolved, EvaluationDifference, Event, MetricChange
from simulation.witness import alert_texts

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
        *,
        ask: Callable[[], AbstractContextManager[Evaluation]] | None = None,
        under_way: Evaluation | None = None,
    ) -> None:
        self._facts, self._scrapes, self._ask, self._under_way = facts, scrapes, ask, under_way

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
        differences = tuple(_differences(answer, self._scrapes))
        texts = tuple(alert_texts.differences(answer.text, interval_seconds=self._scrapes.interval_seconds))
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
    series, firing = _series(events), _firing(events, scrapes.count)
    groups = alert_texts.begun(events)
    document = _document(scrapes, series, firing, groups)
    test_file.write_text(document, encoding="utf-8")
    facts = AlertEvaluation(
        scrapes=scrapes.count,
        interval_seconds=scrapes.interval_seconds,
        series=len(series),
        firing=sum(map(len, firing)),
        rules=tuple(file.name for file in scrapes.rule_files),
        annotated=sum(map(len, groups)),
    )
    binary = find_promtool()
    if binary is None:
        problem = f"no promtool on this machine: {REMEDY}"
        yield AlertJudge(facts.model_copy(update={"problem": problem}), scrapes)
        return
    facts = facts.model_copy(update={"judge": f"promtool {promtool_version(binary)}"})
    ask = partial(testing_rules, binary, test_file)
    with ask() as evaluation:
        yield AlertJudge(facts, scrapes, ask=ask, under_way=evaluation)


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


def _document(
    scrapes: Scrapes,
    series: dict[str, list[tuple[int, float | None]]],
    firing: Sequence[Sequence[AlertLabels]],
    groups: Sequence[list[AlertFired]],
) -> str:
    """The text of a ``promtool test rules`` file, partly in JSON, which is valid YAML. Times count from 0."""
    interval = f"{scrapes.interval_seconds}s"
    lines = [
        f"rule_files: {json.dumps([str(file.resolve()) for file in scrapes.rule_files])}",
        f"evaluation_interval: {interval}",
        "tests:",
        f"- interval: {interval}",
        "  input_series:",
        *(f"  - {json.dumps({'series': name, 'values': _values(v, scrapes.count)})}" for name, v in series.items()),
        "  alert_rule_test:",
        *(f"  - {json.dumps(t)}" for t in alert_texts.tests(groups, interval_seconds=scrapes.interval_seconds)),
        "  promql_expr_test:",
    ]
    for scrape, alerts in enumerate(firing):
        expected = [{"labels": _as_series(alert), "value": 1} for alert in sorted(alerts)]
        test = {"expr": FIRING, "eval_time": f"{scrape * scrapes.interval_seconds}s", "exp_samples": expected}
        lines.append(f"  - {json.dumps(test)}")
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


def _differences(answer: Answer, scrapes: Scrapes) -> Iterator[EvaluationDifference]:
    """Alerts that only one of monitor and promtool reports; one entry for consecutive scrapes."""
    seen: dict[tuple[Literal["monitor", "promtool"], str], list[int]] = {}
    for failure in _FAILURE.finditer(answer.text):
        elapsed = promql_parser.parse_duration(failure["time"]).total_seconds() if failure["time"] != "0s" else 0
        scrape = int(elapsed) // scrapes.interval_seconds
        expected, got = _alerts(failure["exp"]), _alerts(failure["got"])
        for alert in sorted(expected - got):
            seen.setdefault(("monitor", alert), []).append(scrape)
        for alert in sorted(got - expected):
            seen.setdefault(("promtool", alert), []).append(scrape)
    for (said_by, alert), at in seen.items():
        for first, last in _stretches(at):
            yield EvaluationDifference(said_by=said_by, alert=alert, first_scrape=first, last_scrape=last)


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
