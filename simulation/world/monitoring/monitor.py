"""The monitoring of the platform: scrapes its metrics, evaluates the alert rules in simulated time, tells the operator.

It stands for the hosted monitoring that the specification demands (fixtures/spec/requirements.md, B-21): rules live in
files, the platform keeps no table of alerts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.clock import Kernel, SimProcess
from simulation.events import AlertFired, AlertResolved, MetricChange, ScrapeFailed
from simulation.history import Recorder, caused_by
from simulation.scenario.model import MonitorSettings
from simulation.world.monitoring.alert_rules import AlertRule
from simulation.world.monitoring.annotations import rendered
from simulation.world.monitoring.cause import cause_of_alert
from simulation.world.monitoring.exposition import Exposition, Sample

_AlertKey = tuple[str, tuple[tuple[str, str], ...]]
"""An alert's identity: its name and labels."""


@dataclass(kw_only=True)
class ActiveAlert:
    """An alert whose expression holds: pending until ``fired`` is set. ``value`` is that of the latest scrape."""

    rule: AlertRule
    labels: Mapping[str, str]
    since: datetime
    value: float
    fired: AlertFired | None = None

    @property
    def annotations(self) -> dict[str, str]:
        """The rule's annotations, filled in with the values of the latest scrape."""
        texts = sorted(self.rule.annotations.items())
        return {name: rendered(text, labels=self.labels, value=self.value) for name, text in texts}


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
        rules: Sequence[AlertRule],
        scrape: Callable[[], str | None] | None,
        settings: MonitorSettings,
        on_alert: Callable[[AlertFired], None],
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._rules = tuple(rules)
        self._scrape = scrape
        self._settings = settings
        self._on_alert = on_alert
        self._exposition = Exposition()
        self._page: tuple[str | None, str] = ("", "never scraped")
        """The latest page, and why it cannot be read."""
        self._values: dict[str, float] = {}
        self._vectors: list[tuple[AlertRule, Sequence[Sample]]] = []
        self._active: dict[_AlertKey, ActiveAlert] = {}
        self._listeners: list[Callable[[], None]] = []
        self._fired_before: dict[str, int] = {}
        self._due = kernel.now
        self.scrapes = 0

    def start(self) -> None:
        """Scrape now and then at every interval."""
        if self._scrape is None:
            return
        self._due = self._kernel.now
        self._kernel.spawn(self._watch())

    def value(self, series: str) -> float | None:
        """Value of a series in the latest scrape."""
        found = self._values.get(series)
        return found if found is None or math.isfinite(found) else None

    @property
    def active(self) -> list[ActiveAlert]:
        """Alerts that are pending or fire now, oldest first."""
        return list(self._active.values())

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
        return [active.fired for active in self._active.values() if active.fired is not None]

    def _watch(self) -> SimProcess:
        """Scrapes fall due at fixed instants, as Prometheus' do. One that a slow call delays is made late, not left
        out."""
        while True:
            with caused_by("monitor"):
                self.observe()
            self._due += timedelta(seconds=self._settings.scrape_interval_seconds)
            yield self._kernel.until(self._due)

    def observe(self) -> None:
        """One scrape and one evaluation of every rule; a rule's hold time counts from due time to due time."""
        self.scrapes += 1
        page = self._read()
        if page != self._page:
            self._page = page
            self._take(*page)
        self._update_alerts()
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
        self._vectors = [(rule, rule.evaluate((up, *samples))) for rule in self._rules]

    def _record_changes(self, samples: Sequence[Sample]) -> None:
        values = {sample.series: sample.value for sample in samples}
        changes: dict[str, float | None] = {
            series: value for series, value in values.items() if not _same(self._values.get(series), value)
        }
        changes.update({series: None for series in self._values if series not in values})
        self._values = values
        if changes:
            self._recorder.record(MetricChange(changes=dict(sorted(changes.items())), scrape=self._scrape_number))

    def _update_alerts(self) -> None:
        holding: set[_AlertKey] = set()
        for rule, vector in self._vectors:
            for sample in vector:
                holding.add(self._hold(rule, sample))
        for key in [key for key in self._active if key not in holding]:
            self._resolve(self._active.pop(key))

    def _hold(self, rule: AlertRule, sample: Sample) -> _AlertKey:
        labels = {**sample.labels, **rule.labels}
        key = (rule.alert, tuple(sorted(labels.items())))
        new = ActiveAlert(rule=rule, labels=labels, since=self._due, value=sample.value)
        active = self._active.setdefault(key, new)
        active.value = sample.value
        if active.fired is None and self._due - active.since >= timedelta(seconds=rule.for_seconds):
            active.fired = self._fire(active)
            self._on_alert(active.fired)
        return key

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
                severity=rule.severity,
                runbook=rule.runbook,
                pending_since=active.since,
                value=active.value,
                scrape=self._scrape_number,
            ),
            cause=cause_of_alert(self._recorder.events, alert_id=alert_id, runbook=rule.runbook),
        )

    def _resolve(self, active: ActiveAlert) -> None:
        if active.fired is not None:
            self._recorder.record(
                AlertResolved(alert_id=active.fired.alert_id, alert=active.fired.alert, scrape=self._scrape_number),
                cause=active.fired.cause,
            )


def _same(before: float | None, now: float) -> bool:
    """Whether a value is as it was; one that is no number (a summary without observations) stays the same, too."""
    return before == now or (before is not None and math.isnan(before) and math.isnan(now))
