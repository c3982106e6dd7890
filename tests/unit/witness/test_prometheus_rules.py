"""Rules of every kind lived by the monitor and evaluated again by the real promtool; and what promtool gets of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from simulation.clock import Kernel, SimulationClock
from simulation.environment.promtool import promtool_version
from simulation.events import AlertEvaluation, AlertFired, AlertResolved, Event, RuleFailed
from simulation.history import Recorder
from simulation.scenario.settings import MonitorSettings
from simulation.witness.alert_evaluation import Scrapes, judge_alerts
from simulation.witness.judged_rules import asks_for_time, from_1970
from simulation.world.monitoring.alert_rules import load_rules
from simulation.world.monitoring.monitor import Monitor
from tests.unit.promql.real_prometheus import binary_or_skip

START = datetime(2026, 3, 1, 7, 0, tzinfo=UTC)
RULES = """\
groups:
  - name: first
    rules:
      - record: zone:jobs:rate5m
        expr: sum by (zone) (rate(jobs_total[5m]))
        labels: {unit: per second}
      - alert: Busy zone, by far
        expr: zone:jobs:rate5m > 1
        for: 2m
        keep_firing_for: 4m
        labels: {severity: page, team: "team-{{ $labels.zone }}"}
        annotations:
          summary: >-
            {{ $value | printf "%.2f" }} a second in {{ $labels.zone | toUpper }}{{ if gt $value 2.0 }}!{{ end }}
          detail: '{{ range query "sort(depth)" }}{{ .Labels.queue }}={{ .Value | humanize }} {{ end }}'
      - alert: Depth
        expr: depth > 10
        labels: {level: one}
        annotations: {text: "{{ $labels.queue }}: {{ humanizeDuration $value }}, {{ humanizePercentage 0.1234 }}"}
      - alert: Depth
        expr: depth > 100
        labels: {level: two}
  - name: of the clock
    rules:
      - alert: Backup is old
        expr: time() - backup_timestamp_seconds > 600 and on () hour() >= 7
        annotations: {summary: "since {{ $value | humanizeDuration }}"}
      - alert: Quiet
        expr: ALERTS{alertname="Depth", level="one"} == 1 unless on (queue) depth > 12
  - name: every two and a half minutes
    interval: 150s
    rules:
      - alert: Gone
        expr: absent_over_time(heartbeat{node="n"}[4m])
        for: 150s
"""


def _page(minute: int) -> str:
    busy = 30 * minute if minute < 9 else 270 + 200 * (minute - 9) if minute < 16 else 1670
    lines = [
        f'jobs_total{{zone="a"}} {busy}',
        f'jobs_total{{zone="b"}} {minute}',
        f'depth{{queue="in"}} {minute * 7 % 40}',
        f'depth{{queue="out"}} {1200 if 5 < minute < 9 else 3}',
        f"backup_timestamp_seconds {START.timestamp() + (1080 if minute >= 18 else 0):.0f}",
    ]
    if not 6 <= minute <= 19:
        lines.append('heartbeat{node="n"} 1')
    return "\n".join(lines) + "\n"


def lived(folder: Path, text: str = RULES, *, version: str = "2.42", minutes: int = 40) -> tuple[list[Event], Scrapes]:
    """The rules over forty minutes, scraped every minute."""
    (folder / "rules.yml").write_text(text)
    kernel = Kernel(SimulationClock(start=START))
    recorder = Recorder(clock=kernel.clock)
    rules = load_rules(folder, version=version)
    settings = MonitorSettings(scrape_interval_seconds=60, prometheus=version)
    monitor = Monitor(
        kernel=kernel, recorder=recorder, rules=rules, settings=settings, on_alert=lambda _: None,
        scrape=lambda: _page((kernel.now - START) // timedelta(minutes=1)),
    )  # fmt: skip
    monitor.start()
    kernel.run_until(START + timedelta(minutes=minutes))
    scrapes = Scrapes(count=monitor.scrapes, interval_seconds=60, rule_files=rules.files, version=version)
    return recorder.events, scrapes


def judged(events: list[Event], scrapes: Scrapes, folder: Path) -> AlertEvaluation:
    with judge_alerts(events, scrapes, test_file=folder / "alerts.test.yml") as judge:
        return judge.evaluated()


def _version() -> str:
    return ".".join(promtool_version(binary_or_skip()).split(".")[:2])


def test_promtool_agrees_about_every_kind_of_rule(tmp_path: Path) -> None:
    events, scrapes = lived(tmp_path, version=_version())
    told = judged(events, scrapes, tmp_path)
    fired = [event for event in events if isinstance(event, AlertFired)]
    assert (told.complaint, told.differences, told.annotation_differences, told.unjudged) == ("", (), (), ())
    assert {event.alert for event in fired} == {"Busy zone, by far", "Depth", "Backup is old", "Quiet", "Gone"}
    assert told.annotated > 5


@pytest.mark.parametrize("lost", ["Gone", "Busy zone, by far", "Backup is old"])
def test_promtool_contradicts_a_monitor_that_misses_an_alert(tmp_path: Path, lost: str) -> None:
    events, scrapes = lived(tmp_path, version=_version())
    kept = [event for event in events if not (isinstance(event, AlertFired) and event.alert == lost)]
    differences = judged(kept, scrapes, tmp_path).differences
    assert differences
    assert all(one.said_by == "promtool" and lost in one.alert for one in differences)


def test_an_alert_is_kept_firing_and_its_labels_and_texts_are_filled_in(tmp_path: Path) -> None:
    events, _ = lived(tmp_path)
    fired = next(event for event in events if isinstance(event, AlertFired) and event.alert.startswith("Busy"))
    resolved = next(event for event in events if isinstance(event, AlertResolved) and event.alert_id == fired.alert_id)
    assert (fired.severity, fired.labels["team"], fired.labels["unit"]) == ("page", "team-a", "per second")
    assert fired.annotations["summary"] == "2.20 a second in A!"
    assert fired.annotations["detail"].startswith("out=3 in=")
    assert fired.at - fired.pending_since == timedelta(minutes=2)
    assert resolved.at - fired.at > timedelta(minutes=6)


def test_a_rule_that_gives_an_error_is_recorded_once_and_changes_nothing(tmp_path: Path) -> None:
    text = "groups: [{name: g, rules: [{alert: Mixed, expr: depth + on () depth}]}]"
    events, _ = lived(tmp_path, text, minutes=5)
    (failed,) = [event for event in events if isinstance(event, RuleFailed)]
    assert (failed.rule, failed.scrape) == ("Mixed", 0)
    assert "duplicate series" in failed.problem


def test_alerts_that_read_what_another_interval_records_are_not_judged(tmp_path: Path) -> None:
    text = """\
groups:
  - {name: slow, interval: 2m, rules: [{record: "depth:sum", expr: sum(depth)}]}
  - {name: usual, rules: [{alert: Deep, expr: "depth:sum > 40"}, {alert: Any, expr: depth > 1}]}
"""
    events, scrapes = lived(tmp_path, text)
    assert {event.alert for event in events if isinstance(event, AlertFired)} == {"Deep", "Any"}
    assert judged(events, scrapes, tmp_path).unjudged == ("Deep",)


def test_a_promtool_that_reads_windows_otherwise_is_not_asked(tmp_path: Path) -> None:
    binary_or_skip()
    other = "3.5" if _version().startswith("2.") else "2.42"
    told = judged(*lived(tmp_path, version=other), tmp_path)
    assert told.judge == ""
    assert "set monitor.prometheus" in told.problem


@pytest.mark.parametrize(
    ("expression", "shifted"),
    [
        ("time() - x > 5", "(time() + 100) - x > 5"),
        ("hour( ) == 3", "hour(vector(time() + 100)) == 3"),
        ("hour(x)", "hour(x)"),
        ("timestamp(x) < time()", "(timestamp(x) + 100) < (time() + 100)"),
        ('x{a="time()"} @ 150', 'x{a="time()"} @ 50.000'),
        ("uptime() or x @ end()", "uptime() or x @ end()"),
    ],
)
def test_times_are_counted_from_the_first_scrape_for_promtool(expression: str, shifted: str) -> None:
    assert from_1970(expression, 100) == shifted
    assert asks_for_time(expression) is (expression != shifted)


# Whatever has an order is sorted here: Prometheus gives the elements of a vector in any, another one now and then.
TEMPLATES = (
    "{{ $value }} {{ .Value }} {{ $labels.queue }} {{ .Labels.queue }} {{ $labels.none }}|",
    '{{ printf "%.2f|%5.1f|%-6s|%v|%d|%s|%q|%e|%t" $value $value "ab" $value 3 "x" "y" $value true }}',
    '{{ printf "%d %s %.3s" $value $value "abcdef" }} {{ printf "%v" }} {{ printf "a" 1 }}',
    "{{ humanize 1234567.0 }} {{ humanize 0.00123 }} {{ humanize 0.0 }} {{ humanize $value }} {{ humanize -15000.0 }}",
    "{{ humanize1024 1536.0 }} {{ humanize1024 0.5 }} {{ humanize1024 5368709120.0 }}",
    "{{ humanizeDuration 59.5 }} {{ humanizeDuration 3725.0 }} {{ humanizeDuration 90061.0 }}"
    " {{ humanizeDuration 0.004 }} {{ humanizeDuration 0.0 }} {{ humanizeDuration -70.0 }} {{ humanizeDuration 60.0 }}",
    "{{ humanizePercentage 0.12345 }} {{ humanizePercentage $value }} {{ humanizeTimestamp 1435065584.128 }}",
    '{{ if gt $value 5.0 }}many{{ else if eq $value 3.0 }}three{{ else }}few{{ end }} {{ if and true "" }}x{{ end }}',
    '{{- /* no */ -}} {{ with $x := query "sort(depth)" }}{{ len $x }} {{ . | first | value }}{{ end }} {{- " cut" }}',
    '{{ with query "none" }}{{ . | first | value }}{{ else }}no data{{ end }}',
    '{{ range $i, $s := query "sort(depth)" }}{{ $i }}:{{ $s.Labels.queue }}={{ .Value }};{{ end }}',
    '{{ range query "sort_desc(depth)" | sortByLabel "queue" }}{{ label "queue" . }},{{ end }}',
    '{{ "hello world" | title }} {{ toUpper "a" }} {{ "B" | toLower }} {{ reReplaceAll "(.)l+" "<$1>" "hello all" }}',
    '{{ match "^a.*" "abc" }} {{ stripPort "host:80" }} {{ stripDomain "a.b.c:90" }} {{ parseDuration "1h30m" }}',
    '{{ $a := 1 }}{{ $b := "t" }}{{ $a }}{{ $b }} {{ index $labels "queue" }} {{ eq $labels.queue "in" "out" }}',
    "{{ 1e6 }} {{ 123456789.0 }} {{ 0.00001 }} {{ 1.5 }} {{ 7 }} {{ true }} {{ print 1 2 $b $value }}".replace(
        "$b ", ""
    ),
    '{{ (query "depth{queue=\'out\'}" | first).Labels.queue }} {{ not true }} {{ or "" "z" }} {{ $labels }}',
    "{{ $externalLabels.region }}|{{ le 1 2 }} {{ ne 1 2 }} {{ lt 1.5 2.5 }} {{ ge 2 2 }} {{ html `<a>` }}",
)


def test_promtool_fills_in_templates_alike(tmp_path: Path) -> None:
    annotations = {f"text_{number}": text for number, text in enumerate(TEMPLATES)}
    rule = {"alert": "Texts", "expr": 'depth{queue="out"} > 2', "annotations": annotations}
    text = yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]})
    events, scrapes = lived(tmp_path, text, version=_version(), minutes=3)
    told = judged(events, scrapes, tmp_path)
    assert (told.complaint, told.annotated) == ("", 1)
    assert told.annotation_differences == ()
    (fired,) = [event for event in events if isinstance(event, AlertFired)]
    assert not [text for text in fired.annotations.values() if "error expanding" in text]
