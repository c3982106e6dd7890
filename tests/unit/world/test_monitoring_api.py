"""The monitoring's API answers as Prometheus does: pending and firing alerts, annotations filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulation.clock import Kernel, SimulationClock
from simulation.history import Recorder
from simulation.scenario.settings import MonitorSettings
from simulation.staging.clients.alerts import HostedAlerting
from simulation.world.monitoring.alert_rules import load_rules
from simulation.world.monitoring.api import alerts_app
from simulation.world.monitoring.monitor import Monitor
from simulation.world.network.in_process import intercepted

START = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://monitoring.test"
RULES = """\
groups:
  - name: g
    rules:
      - alert: Lag
        expr: lag > 3600
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.t }} is {{ $value }} s old", runbook_url: fixtures/runbooks/lag.md}
      - alert: Slow
        expr: lag > 100
        for: 1h
        labels: {severity: warning}
        annotations: {summary: slow}
"""


def test_what_is_pending_and_what_fires_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(RULES)
    clock = SimulationClock(start=START)
    kernel = Kernel(clock)
    monitor = Monitor(
        kernel=kernel, recorder=Recorder(clock=clock), rules=load_rules(tmp_path),
        scrape=lambda: 'lag{t="open"} 4200\n', settings=MonitorSettings(scrape_interval_seconds=600),
        on_alert=lambda _: None,
    )  # fmt: skip
    monitor.start()
    kernel.run_until(START + timedelta(minutes=15))

    with intercepted(alerts_app(lambda: monitor.active), clock=clock):
        told = HostedAlerting(base_url=URL).alerts()

    assert told.status == "ok"
    lag, slow = told.active
    assert (lag.alert, lag.severity, lag.state, lag.runbook) == ("Lag", "critical", "firing", "lag")
    assert (lag.summary, lag.labels, lag.since) == ("open is 4200 s old", {"t": "open"}, "2026-03-01T00:00:00Z")
    assert (slow.alert, slow.state, slow.runbook) == ("Slow", "pending", None)
