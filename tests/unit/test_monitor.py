"""Scrapes, pending times, firing and resolution, in simulated time."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.events import AlertFired, AlertResolved, FaultInjected, FaultScheduled, MetricChange, ScrapeFailed
from simulation.history import History, Recorder, line_of
from simulation.paths import ALERTS_FOLDER
from simulation.scenario.settings import MonitorSettings
from simulation.witness.exchange import ExchangeContext
from simulation.world.monitoring.alert_rules import RuleSet, load_rules
from simulation.world.monitoring.monitor import Monitor
from simulation.world.network.platform import MetricsScraper

START = datetime(2026, 3, 1, tzinfo=UTC)
RULE = """\
groups:
  - name: g
    rules:
      - alert: Lag
        expr: lag > 3600 or up == 0
        labels: {severity: critical}
        annotations: {summary: late, runbook_url: lag.md}
"""


class Page:
    """A metrics page that changes at given minutes; None means it cannot be had."""

    def __init__(self, kernel: Kernel, bodies: dict[int, str | None]) -> None:
        self._kernel, self._bodies = kernel, bodies

    def scrape(self) -> str | None:
        minute = (self._kernel.now - START) // timedelta(minutes=1)
        return self._bodies[max(known for known in self._bodies if known <= minute)]


@pytest.fixture
def rules(tmp_path: Path) -> RuleSet:
    return _rules(tmp_path, RULE)


def _rules(folder: Path, text: str) -> RuleSet:
    (folder / "rules.yml").write_text(text)
    return load_rules(folder)


def watch(bodies: dict[int, str | None], rules: RuleSet, *, minutes: int, before: tuple[object, ...] = ()) -> History:
    clock = SimulationClock(start=START)
    kernel, recorder = Kernel(clock), Recorder(clock=clock)
    for event in before:
        recorder.record(event)  # type: ignore[type-var]
    notified: list[AlertFired] = []
    monitor = Monitor(
        kernel=kernel,
        recorder=recorder,
        rules=rules,
        scrape=Page(kernel, bodies).scrape,
        settings=MonitorSettings(scrape_interval_seconds=600),
        on_alert=notified.append,
    )
    monitor.start()
    kernel.run_until(START + timedelta(minutes=minutes))
    history = History(recorder.events)
    assert notified == history.of(AlertFired)
    resolved = {event.alert_id for event in history.of(AlertResolved)}
    assert [alert for alert in notified if alert.alert_id not in resolved] == monitor.firing
    return history


def test_an_alert_fires_at_the_scrape_that_sees_it_and_resolves_at_the_one_that_does_not(
    rules: RuleSet,
) -> None:
    history = watch({0: "lag 1\n", 15: "lag 4000\n", 35: "lag 2\n"}, rules, minutes=60)
    (fired,), (resolved,) = history.of(AlertFired), history.of(AlertResolved)
    assert (fired.at, fired.value, fired.runbook) == (START + timedelta(minutes=20), 4000.0, "lag")
    assert (resolved.at, resolved.alert_id) == (START + timedelta(minutes=40), fired.alert_id)


def test_an_alert_waits_out_its_hold_time(tmp_path: Path) -> None:
    rules = _rules(tmp_path, RULE.replace("        labels", "        for: 15m\n        labels"))
    (fired,) = watch({0: "lag 4000\n"}, rules, minutes=60).of(AlertFired)
    assert (fired.pending_since, fired.at) == (START, START + timedelta(minutes=20))


def test_an_alert_that_clears_while_pending_never_fires(tmp_path: Path) -> None:
    rules = _rules(tmp_path, RULE.replace("        labels", "        for: 15m\n        labels"))
    history = watch({0: "lag 4000\n", 10: "lag 1\n", 20: "lag 4000\n", 30: "lag 1\n"}, rules, minutes=60)
    assert history.of(AlertFired) == []


def test_each_series_is_an_alert_of_its_own_and_a_changed_value_is_not(rules: RuleSet) -> None:
    history = watch(
        {0: 'lag{t="a"} 4000\n', 10: 'lag{t="a"} 5000\nlag{t="b"} 4000\n'},
        rules,
        minutes=30,
    )
    assert [(alert.alert_id, alert.labels["t"]) for alert in history.of(AlertFired)] == [("Lag-1", "a"), ("Lag-2", "b")]


def test_only_changed_series_are_recorded(rules: RuleSet) -> None:
    history = watch({0: "lag 1\nstuck 0\n", 10: "lag 2\nstuck 0\n", 20: "stuck 0\n"}, rules, minutes=40)
    assert [event.changes for event in history.of(MetricChange)] == [
        {"lag": 1.0, "stuck": 0.0, "up": 1.0},
        {"lag": 2.0},
        {"lag": None},
    ]


def test_a_page_that_cannot_be_had_shows_as_up_zero(rules: RuleSet) -> None:
    history = watch({0: "lag 1\n", 10: None, 20: "lag 1\n"}, rules, minutes=30)
    assert history.of(MetricChange)[1].changes == {"lag": None, "up": 0.0}
    assert [alert.value for alert in history.of(AlertFired)] == [0.0]
    assert len(history.of(AlertResolved)) == 1


def _fault(name: str, runbook: str) -> tuple[FaultScheduled, FaultInjected]:
    scheduled = FaultScheduled(
        fault_id=name,
        fault_kind="provider_outage",
        starts_at=START,
        ends_at=None,
        keys={},
        expectation="runbook",
        runbook=runbook,
    )
    return scheduled, FaultInjected(fault_id=name, fault_kind="provider_outage", keys={}, detail="")


def test_an_alert_goes_back_to_the_one_open_fault_of_its_runbook(rules: RuleSet) -> None:
    before = (*_fault("F1", "lag"), *_fault("F2", "other"))
    history = watch({0: "lag 4000\n", 10: "lag 1\n", 20: "lag 4000\n"}, rules, minutes=30, before=before)
    assert [alert.cause for alert in history.of(AlertFired)] == ["fault:F1", "alert:Lag-2"]
    assert history.of(AlertResolved)[0].cause == "fault:F1"


def test_an_alert_with_two_candidates_keeps_its_own_name(rules: RuleSet) -> None:
    before = (*_fault("F1", "lag"), *_fault("F2", "lag"))
    (fired,) = watch({0: "lag 4000\n"}, rules, minutes=30, before=before).of(AlertFired)
    assert fired.cause == "alert:Lag-1"


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("\0 garbage {{{\n", "not a line of Prometheus' text format"),
        ('lag{a="} 1\n', "not a"),
        ("lag one\n", "could not convert"),
        ("<html>" + "x" * 1_000_000, "not a line of Prometheus' text format"),
    ],
)
def test_a_page_that_cannot_be_read_shows_as_up_zero_and_says_why(rules: RuleSet, page: str, problem: str) -> None:
    history = watch({0: "lag 1\n", 10: page, 40: "lag 1\n"}, rules, minutes=60)
    assert history.of(MetricChange)[1].changes == {"lag": None, "up": 0.0}
    (failed,) = history.of(ScrapeFailed)
    assert failed.problem.startswith(problem)
    assert len(failed.problem) < 300
    assert failed.scrape == history.of(MetricChange)[1].scrape
    assert len(history.of(AlertResolved)) == 1


def test_values_that_are_no_numbers_change_once_and_can_be_read_again(rules: RuleSet) -> None:
    history = watch({0: "lag NaN\nx +Inf\ny 1\n", 10: "lag NaN\nx +Inf\ny 2\n"}, rules, minutes=30)
    first, second = history.of(MetricChange)
    assert second.changes == {"y": 2.0}
    line = line_of(first)
    assert '"lag":"nan"' in line
    assert '"x":"inf"' in line
    assert math.isnan(MetricChange.model_validate_json(line).changes["lag"] or 0)


@pytest.mark.parametrize(
    ("body", "problem"), [(b"lag \xff\n", "codec can't decode"), (b"x 1\n" * 2_000_000, "8000000 bytes; at most")]
)
def test_a_page_that_is_no_text_or_too_large_is_not_read(body: bytes, problem: str) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [body]

    scraper = MetricsScraper(app=app, context=ExchangeContext(), path="/metrics")
    with pytest.raises(ValueError, match=problem):
        scraper.scrape()


@pytest.mark.parametrize(("back_at", "told"), [(15, []), (25, ["PlatformMetricsUnavailable"])], ids=["one", "two"])
def test_engineering_is_called_when_two_scrapes_miss_the_platform_and_not_for_one(
    back_at: int, told: list[str]
) -> None:
    history = watch({0: "lag 1\n", 5: None, back_at: "lag 1\n"}, load_rules(ALERTS_FOLDER), minutes=60)
    assert [alert.alert for alert in history.of(AlertFired)] == told
