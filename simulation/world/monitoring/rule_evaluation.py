"""Rules over the scraped series, evaluated as Prometheus evaluates its groups: one after the other, each on what those
before it have recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulation.events import AlertFired
from simulation.prometheus_version import Dialect
from simulation.world.monitoring.alert_rules import AlertRule, RecordedSeries, RuleGroup, RuleSet
from simulation.world.monitoring.exposition import Sample
from simulation.world.monitoring.promql.errors import EvaluationError
from simulation.world.monitoring.promql.expression import Expression, compile_expression
from simulation.world.monitoring.promql.moment import Moment
from simulation.world.monitoring.promql.series import LOOKBACK_MS, NAME, Labels, Point, SeriesStore, labels_of, nameless
from simulation.world.monitoring.templates.template import Template

ALERTS, ALERTS_FOR_STATE = "ALERTS", "ALERTS_FOR_STATE"
_MADE_HERE = frozenset({ALERTS, ALERTS_FOR_STATE, None})


@dataclass(kw_only=True)
class ActiveAlert:
    """An alert whose expression holds, or held until so lately that it goes on firing. Pending until it ``fires``."""

    rule: AlertRule
    labels: Mapping[str, str]
    since: datetime
    since_ms: int
    value: float
    annotations: dict[str, str]
    """The rule's annotations, filled in at the latest evaluation that it held at."""
    evaluation: int = 0
    """Number of that evaluation of its group, counted from 0."""
    fires: bool = False
    held_no_more_since_ms: int | None = None
    fired: AlertFired | None = None


@dataclass(kw_only=True)
class Changes:
    """What an evaluation changed: alerts that begin and end to fire, and rules that gave an error."""

    begun: list[ActiveAlert] = field(default_factory=list)
    ended: list[tuple[ActiveAlert, int]] = field(default_factory=list)
    """With the number of the evaluation."""
    errors: list[tuple[str, str]] = field(default_factory=list)
    """(rule, why Prometheus gives no result)."""


@dataclass(kw_only=True)
class _RuleState:
    rule: AlertRule | RecordedSeries
    lasting: bool
    """Whether its vector stays what it was while no scrape differs from the one before."""
    vector: list[Point] | None = None
    written: set[Labels] = field(default_factory=set)
    active: dict[Labels, ActiveAlert] = field(default_factory=dict)


class RuleEvaluator:
    """The rules of a run and the series that they read and write.

    :param epoch: the instant of the first scrape; all others are milliseconds since then.
    :param step_seconds: interval between scrapes, at which groups are evaluated that have no interval of their own.
    :param version: of the Prometheus that is followed.
    """

    def __init__(self, rules: RuleSet, *, epoch: datetime, step_seconds: int, version: str) -> None:
        self._epoch, self._step_ms, self._version = epoch, step_seconds * 1000, version
        self._dialect = Dialect.of(version)
        self._store = SeriesStore(keep_ms=_furthest(rules, self._step_ms))
        made = _MADE_HERE | rules.recorded
        self.groups = rules.groups
        self._states = {
            id(group): [
                _RuleState(rule=rule, lasting=rule.expression.at_instant and not rule.expression.names & made)
                for rule in group.rules
            ]
            for group in rules.groups
        }
        self._labels: dict[str, Labels] = {}
        self._present: dict[str, Labels] = {}
        self._queries: dict[str, Expression] = {}

    @property
    def active(self) -> list[ActiveAlert]:
        """Alerts that are pending or fire now, oldest first."""
        found = [alert for states in self._states.values() for state in states for alert in state.active.values()]
        return sorted(found, key=lambda alert: alert.since_ms)

    def interval_ms(self, group: RuleGroup) -> int:
        """How often the group is evaluated."""
        return self._step_ms if group.interval_seconds is None else round(group.interval_seconds * 1000)

    def take(self, samples: Iterable[Sample], at_ms: int, *, same: bool) -> None:
        """A scrape. ``same``: it is equal to the one before."""
        present = {sample.series: self._labels_of(sample) for sample in samples}
        for sample in samples:
            self._store.append(present[sample.series], at_ms, sample.value)
        for series in self._present.keys() - present.keys():
            self._store.append(self._present[series], at_ms, None)
        self._present = present
        if not same:
            for states in self._states.values():
                for state in states:
                    state.vector = None

    def _labels_of(self, sample: Sample) -> Labels:
        if sample.series not in self._labels:
            self._labels[sample.series] = labels_of({**sample.labels, NAME: sample.name})
        return self._labels[sample.series]

    def evaluate(self, group: RuleGroup, at_ms: int, changes: Changes) -> None:
        """Evaluate a group's rules at an instant; what changed is added to ``changes``."""
        moment = Moment(
            store=self._store,
            at_ms=at_ms,
            query_ms=at_ms,
            epoch_ms=round(self._epoch.timestamp() * 1000),
            step_ms=self._step_ms,
            dialect=self._dialect,
        )
        number = at_ms // self.interval_ms(group)
        for state in self._states[id(group)]:
            try:
                if state.vector is None or not state.lasting:
                    state.vector = state.rule.expression.evaluate(moment)
                if isinstance(state.rule, RecordedSeries):
                    written = _recorded(state.rule, state.vector)
                else:
                    written = self._alerts(state, state.rule, moment, number, changes)
            except EvaluationError as error:
                state.vector = None
                changes.errors.append((_name(state.rule), str(error)))
                continue
            self._write(state, written, at_ms)

    def _write(self, state: _RuleState, written: Mapping[Labels, float], at_ms: int) -> None:
        for labels, value in written.items():
            self._store.append(labels, at_ms, value)
        for labels in state.written - written.keys():
            self._store.append(labels, at_ms, None)
        state.written = set(written)

    def _alerts(
        self, state: _RuleState, rule: AlertRule, moment: Moment, number: int, changes: Changes
    ) -> dict[Labels, float]:
        holding = self._hold(state, rule, moment, number)
        for labels, alert in list(state.active.items()):
            if labels in holding:
                alert.held_no_more_since_ms = None
            elif not _goes_on(alert, moment.at_ms):
                del state.active[labels]
                if alert.fires:
                    changes.ended.append((alert, number))
                continue
            if not alert.fires and moment.at_ms - alert.since_ms >= rule.for_seconds * 1000:
                alert.fires, alert.evaluation = True, number
                changes.begun.append(alert)
        return _as_series(state)

    def _hold(self, state: _RuleState, rule: AlertRule, moment: Moment, number: int) -> set[Labels]:
        holding: set[Labels] = set()
        for point in state.vector or ():
            labels = self._labels_of_alert(rule, point, moment)
            if labels in holding:
                raise EvaluationError("vector contains metrics with the same labelset after applying alert labels")
            holding.add(labels)
            texts = self._filled(rule.annotation_templates, point, moment)
            known = state.active.get(labels)
            if known is None:
                state.active[labels] = ActiveAlert(
                    rule=rule,
                    labels=dict(labels),
                    since=self._epoch + timedelta(milliseconds=moment.at_ms),
                    since_ms=moment.at_ms,
                    value=point.value,
                    annotations=texts,
                    evaluation=number,
                )
            else:
                known.value, known.annotations = point.value, texts
        return holding

    def _labels_of_alert(self, rule: AlertRule, point: Point, moment: Moment) -> Labels:
        own = self._filled(rule.label_templates, point, moment)
        return labels_of({**dict(nameless(point.labels)), **own}) if own else nameless(point.labels)

    def _filled(self, templates: Mapping[str, Template], point: Point, moment: Moment) -> dict[str, str]:
        labels = dict(point.labels)
        return {
            name: template.filled(labels=labels, value=point.value, query=lambda text: self._query(text, moment))
            for name, template in templates.items()
        }

    def _query(self, text: str, moment: Moment) -> list[Point]:
        if text not in self._queries:
            self._queries[text] = compile_expression(text, version=self._version)
        return self._queries[text].evaluate(moment)


def _goes_on(alert: ActiveAlert, at_ms: int) -> bool:
    """Whether an alert whose expression holds no more fires on for ``keep_firing_for``."""
    if not alert.fires or not alert.rule.keep_firing_seconds:
        return False
    if alert.held_no_more_since_ms is None:
        alert.held_no_more_since_ms = at_ms
    return at_ms - alert.held_no_more_since_ms < alert.rule.keep_firing_seconds * 1000


def _as_series(state: _RuleState) -> dict[Labels, float]:
    """``ALERTS`` and ``ALERTS_FOR_STATE`` of a rule's alerts."""
    series: dict[Labels, float] = {}
    for alert in state.active.values():
        own = {**alert.labels, "alertname": alert.rule.alert}
        status = "firing" if alert.fires else "pending"
        series[labels_of({**own, NAME: ALERTS, "alertstate": status})] = 1.0
        series[labels_of({**own, NAME: ALERTS_FOR_STATE})] = alert.since.timestamp()
    return series


def _recorded(rule: RecordedSeries, vector: Sequence[Point]) -> dict[Labels, float]:
    series = {labels_of({**dict(point.labels), **rule.labels, NAME: rule.record}): point.value for point in vector}
    if len(series) < len(vector):
        raise EvaluationError("vector contains metrics with the same labelset after applying rule labels")
    return series


def _name(rule: AlertRule | RecordedSeries) -> str:
    return rule.alert if isinstance(rule, AlertRule) else rule.record


def _furthest(rules: RuleSet, step_ms: int) -> int | None:
    """How far back any expression looks; None if that has no bound (``@``, or a query within a template)."""
    furthest = LOOKBACK_MS
    for group in rules.groups:
        for rule in group.rules:
            asks = isinstance(rule, AlertRule) and any("query" in text for text in rule.annotations.values())
            if rule.expression.reach_ms is None or asks:
                return None
            furthest = max(furthest, rule.expression.reach_ms)
    return furthest + step_ms
