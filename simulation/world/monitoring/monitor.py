"""The monitoring of the platform: scrapes its metrics, evaluates the alert rules in simulated time, tells the operator.

It stands for the hosted monitoring that the specification demands (fixtures/spec/requirements.md, B-21): rules live in
files, the platform keeps no table of alerts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta

from simulation.clock import Kernel, SimProcess
from simulation.events import AlertFired, AlertResolved, MetricChange, RuleFailed, ScrapeFailed
from simulation.history import Recorder, caused_by
from simulation.scenario.settings import MonitorSettings
from simulation.world.monitoring.alert_rules import NO_SEVERITY, RuleSet
from simulation.world.monitoring.cause import cause_of_alert
from simulation.world.monitoring.exposition import Exposition, Sample
from simulation.world.monitoring.rule_evaluation import ActiveAlert, Changes, RuleEvaluator


class Monitor:
    """One run's monitoring.

    :param scrape: the body of the metrics endpoint, or None where there is no answer. It raises ``ValueError`` for an
        answer that is no text. Then, and for a page that cannot be read, the series ``up`` is 0, as in Prometheus.
        None: there is no such page, hence nothing to scrape and no alert.
    :param on_alert: told of every alert that fires, within the same instant.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        rules: RuleSet,
        scrape: Callable[[], str | None] | None,
        settings: MonitorSettings,
        on_alert: Callable[[AlertFired], None],
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._rules = rules
        self._scrape = scrape
        self._settings = settings
        self._on_alert = on_alert
        self._exposition = Exposition()
        self._page: tuple[str | None, str] = ("", "never scraped")
        """The latest page, and why it cannot be read."""
        self._values: dict[str, float] = {}
        self._samples: Sequence[Sample] = ()
        self._evaluator: RuleEvaluator | None = None
        self._complained: set[tuple[str, str]] = set()
        self._listeners: list[Callable[[], None]] = []
        self._fired_before: dict[str, int] = {}
        self._due = self._first = kernel.now
        self.scrapes = 0

    def start(self) -> None:
        """Scrape now and then at every interval."""
        if self._scrape is None:
            return
        self._due = self._first = self._kernel.now
        self._evaluator = RuleEvaluator(
            self._rules,
            epoch=self._first,
            step_seconds=self._settings.scrape_interval_seconds,
            version=self._settings.prometheus,
        )
        self._kernel.spawn(self._watch())

    def value(self, series: str) -> float | None:
        """Value of a series in the latest scrape."""
        found = self._values.get(series)
        return found if found is None or math.isfinite(found) else None

    @property
    def active(self) -> list[ActiveAlert]:
        """Alerts that are pending or fire now, oldest first."""
        return [] if self._evaluator is None else self._evaluator.active

    def after_each_scrape(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when a scrape has been evaluated, within the same instant."""
        self._listeners.append(listener)

    @property
    def _scrape_number(self) -> int:
        """Number of the scrape that is under way, counted from 0."""
        return self.scrapes - 1

    @property
    def firing(self) -> list[AlertFired]:
        """Alerts that fire now, oldest first."""
        return [active.fired for active in self.active if active.fired is not None]

    def _watch(self) -> SimProcess:
        """Scrapes and evaluations fall due at fixed instants, as Prometheus' do. One that a slow call delays is made
        late, not left out."""
        assert self._evaluator is not None, "started"
        scrape_ms = self._settings.scrape_interval_seconds * 1000
        intervals_ms = {scrape_ms, *map(self._evaluator.interval_ms, self._evaluator.groups)}
        at_ms = 0
        while True:
            with caused_by("monitor"):
                self._live(self._evaluator, at_ms, scrapes=at_ms % scrape_ms == 0)
            at_ms = min((at_ms // interval_ms + 1) * interval_ms for interval_ms in intervals_ms)
            self._due = self._first + timedelta(milliseconds=at_ms)
            yield self._kernel.until(self._due)

    def _live(self, evaluator: RuleEvaluator, at_ms: int, *, scrapes: bool) -> None:
        """A scrape, if one is due, and every group that is; a rule's hold time counts from due time to due time."""
        if scrapes:
            self.scrapes += 1
            page = self._read()
            same = page == self._page
            if not same:
                self._page = page
                self._take(*page)
            evaluator.take(self._samples, at_ms, same=same)
        changes = Changes()
        for group in evaluator.groups:
            if at_ms % evaluator.interval_ms(group) == 0:
                evaluator.evaluate(group, at_ms, changes)
        self._tell(changes)
        if scrapes:
            for listener in self._listeners:
                listener()

    def _read(self) -> tuple[str | None, str]:
        assert self._scrape is not None, "without a page nobody watches"
        try:
            return self._scrape(), ""
        except ValueError as error:
            return None, str(error)

    def _take(self, body: str | None, problem: str) -> None:
        samples: Sequence[Sample] = ()
        try:
            samples = self._exposition.samples(body or "")
        except ValueError as error:
            body, problem = None, str(error)
        if problem:
            self._recorder.record(ScrapeFailed(problem=problem, scrape=self._scrape_number))
        up = Sample(series="up", name="up", labels={}, value=0.0 if body is None else 1.0)
        self._record_changes((up, *samples))
        self._samples = (up, *samples)

    def _record_changes(self, samples: Sequence[Sample]) -> None:
        values = {sample.series: sample.value for sample in samples}
        changes: dict[str, float | None] = {
            series: value for series, value in values.items() if not _same(self._values.get(series), value)
        }
        changes.update({series: None for series in self._values if series not in values})
        self._values = values
        if changes:
            self._recorder.record(MetricChange(changes=dict(sorted(changes.items())), scrape=self._scrape_number))

    def _tell(self, changes: Changes) -> None:
        for alert in changes.begun:
            alert.fired = self._fire(alert)
            self._on_alert(alert.fired)
        for alert, evaluation in sorted(changes.ended, key=lambda ended: ended[0].since_ms):
            self._resolve(alert, evaluation)
        for rule, problem in changes.errors:
            if (rule, problem) not in self._complained:
                self._complained.add((rule, problem))
                self._recorder.record(RuleFailed(rule=rule, problem=problem, scrape=self._scrape_number))

    def _fire(self, active: ActiveAlert) -> AlertFired:
        rule = active.rule
        number = self._fired_before[rule.alert] = self._fired_before.get(rule.alert, 0) + 1
        alert_id = f"{rule.alert}-{number}"
        return self._recorder.record(
            AlertFired(
                alert_id=alert_id,
                alert=rule.alert,
                labels=dict(sorted(active.labels.items())),
                annotations=active.annotations,
                severity=active.labels.get("severity") or NO_SEVERITY,
                runbook=rule.runbook,
                pending_since=active.since,
                value=active.value,
                scrape=active.evaluation,
            ),
            cause=cause_of_alert(self._recorder.events, alert_id=alert_id, runbook=rule.runbook),
        )

    def _resolve(self, active: ActiveAlert, evaluation: int) -> None:
        if active.fired is not None:
            self._recorder.record(
                AlertResolved(alert_id=active.fired.alert_id, alert=active.fired.alert, scrape=evaluation),
                cause=active.fired.cause,
            )


def _same(before: float | None, now: float) -> bool:
    """Whether a value is as it was; one that is no number (a summary without observations) stays the same, too."""
    return before == now or (before is not None and math.isnan(before) and math.isnan(now))
