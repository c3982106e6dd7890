"""What promtool is given of a run, and what becomes of its answer; the real one too, where it is installed.

CI sets SIMULATE_REQUIRE_PROMTOOL, so that its absence is a failure there and not a skip.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from simulation.clock import Kernel, SimulationClock
from simulation.environment import promtool
from simulation.errors import EnvironmentFault
from simulation.events import AlertEvaluation, AlertFired, AlertResolved, Event, MetricChange
from simulation.history import Recorder
from simulation.paths import ALERTS_FOLDER
from simulation.scenario.settings import MonitorSettings
from simulation.witness.alert_evaluation import FIRING, Scrapes, judge_alerts
from simulation.world.monitoring.alert_rules import load_rules
from simulation.world.monitoring.monitor import Monitor
from simulation.world.monitoring.templates.go_text import go_number

START = datetime(2026, 3, 1, tzinfo=UTC)
RULES = """\
groups:
  - name: g
    rules:
      - alert: Lag
        expr: lag > 3600 or up == 0
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.t }} is {{ $value }} s late", runbook_url: runbooks/lag.md}
      - alert: Slow
        expr: slow{kind=~"a|b"} >= 2 unless lag == 1
        for: 15m
        labels: {severity: warning}
        annotations: {summary: slow}
"""
BODIES: dict[int, str | None] = {
    0: 'lag{t="x \\"y\\" {z}"} 1\nslow{kind="a"} 1\n',
    15: 'lag{t="x \\"y\\" {z}"} 4000.5\nslow{kind="a"} 2\n',
    55: 'slow{kind="a"} 2\nslow{kind="b"} 1e9\n',
    65: None,
    85: 'lag{t="x \\"y\\" {z}"} 4000\n',
    95: "lag 1\n",
}


@pytest.fixture
def no_promtool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.environment.promtool.shutil.which", lambda *_args, **_named: None)
    monkeypatch.setattr("simulation.environment.promtool.beside_python", lambda _name: None)
    monkeypatch.delenv(promtool.BINARY_VARIABLE, raising=False)


@pytest.fixture
def real_promtool() -> Path:
    binary = promtool.find_promtool()
    if binary is None and "SIMULATE_REQUIRE_PROMTOOL" not in os.environ:
        pytest.skip(f"no promtool on this machine: {promtool.REMEDY}")
    assert binary is not None, promtool.REMEDY
    return binary


def _watched(folder: Path, *, late_seconds: int = 0) -> tuple[list[Event], Scrapes]:
    """Two hours of monitoring; in the fortieth minute a call costs ``late_seconds``."""
    (folder / "rules.yml").write_text(RULES)
    clock = SimulationClock(start=START)
    kernel, recorder = Kernel(clock), Recorder(clock=clock)

    def scrape() -> str | None:
        minute = (kernel.now - START) // timedelta(minutes=1)
        return BODIES[max(known for known in BODIES if known <= minute)]

    def slow_call() -> Any:
        yield kernel.sleep(40 * 60)
        clock.advance(late_seconds)

    kernel.spawn(slow_call())
    rules = load_rules(folder)
    monitor = Monitor(
        kernel=kernel, recorder=recorder, rules=rules, scrape=scrape,
        settings=MonitorSettings(scrape_interval_seconds=600), on_alert=lambda _: None,
    )  # fmt: skip
    monitor.start()
    kernel.run_until(START + timedelta(minutes=120))
    return recorder.events, Scrapes(count=monitor.scrapes, interval_seconds=600, rule_files=rules.files)


def _judged(events: list[Event], scrapes: Scrapes, folder: Path) -> AlertEvaluation:
    with judge_alerts(events, scrapes, test_file=folder / "alerts.test.yml") as judge:
        return judge.evaluated()


@pytest.mark.usefixtures("no_promtool")
def test_the_scrapes_are_told_compactly_and_every_one_is_compared(tmp_path: Path) -> None:
    events, scrapes = _watched(tmp_path)

    told = _judged(events, scrapes, tmp_path)

    document = yaml.safe_load((tmp_path / "alerts.test.yml").read_text())
    (test,) = document["tests"]
    values = {series["series"]: series["values"] for series in test["input_series"]}
    assert (document["evaluation_interval"], test["interval"]) == ("600s", "600s")
    assert values["up"] == "1x6 0x1 1x3"
    assert values['slow{kind="b"}'] == "_x6 1000000000x0 stale _x5"
    assert values['lag{t="x \\"y\\" {z}"}'] == "1x1 4000.5x3 stale _x2 4000x0 stale _x2"
    assert [entry["eval_time"] for entry in test["promql_expr_test"]] == [f"{600 * n}s" for n in range(scrapes.count)]
    assert {entry["expr"] for entry in test["promql_expr_test"]} == {FIRING}
    assert (told.series, told.scrapes, told.rules) == (len(values), 13, ("rules.yml",))


@pytest.mark.usefixtures("no_promtool")
def test_without_promtool_the_evaluation_says_so_with_the_remedy(tmp_path: Path) -> None:
    told = _judged(*_watched(tmp_path), tmp_path)

    assert told.judge == ""
    assert "make promtool" in told.problem


def test_a_named_binary_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(promtool.BINARY_VARIABLE, str(tmp_path / "none"))
    with pytest.raises(EnvironmentFault, match="which is not there"):
        promtool.find_promtool()


@pytest.mark.parametrize("late_seconds", [0, 30, 25 * 60])
@pytest.mark.usefixtures("real_promtool")
def test_promtool_agrees_with_the_monitor(tmp_path: Path, late_seconds: int) -> None:
    events, scrapes = _watched(tmp_path, late_seconds=late_seconds)

    told = _judged(events, scrapes, tmp_path)

    assert "Lag" in {event.alert for event in events if isinstance(event, AlertFired)}
    assert told.firing > 0
    assert (told.complaint, told.differences, told.scrapes) == ("", (), 13)
    assert (told.annotation_differences, told.annotated > 0) == ((), True)
    assert told.judge.startswith("promtool ")


@pytest.mark.usefixtures("real_promtool")
def test_promtool_contradicts_a_monitor_that_is_wrong(tmp_path: Path) -> None:
    events, scrapes = _watched(tmp_path)
    without_slow = [event for event in events if not (isinstance(event, AlertFired) and event.alert == "Slow")]
    never_resolved = [event for event in events if not isinstance(event, AlertResolved)]

    missing, too_long = _judged(without_slow, scrapes, tmp_path), _judged(never_resolved, scrapes, tmp_path)

    assert {(one.said_by, one.alert) for one in missing.differences} == {
        ("promtool", 'ALERTS{alertname="Slow",alertstate="firing",kind="a",severity="warning"}')
    }
    assert {one.said_by for one in too_long.differences} == {"monitor"}
    assert max(one.last_scrape for one in too_long.differences) == 12


@pytest.mark.parametrize(("second_time", "named"), [("SUCCESS", []), (None, ["monitor"])])
def test_a_promtool_that_contradicts_the_monitor_is_asked_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second_time: str | None, named: list[str]
) -> None:
    contradicts = """\
  FAILED:
    expr: "ALERTS{alertstate=\\"firing\\"}", time: 10m,
        exp: {__name__="ALERTS", alertname="Slow", alertstate="firing"} 1E+00
        got: nil
"""
    answers = iter([contradicts, second_time or contradicts])
    asked = []

    @contextmanager
    def testing_rules(_binary: Path, test_file: Path) -> Iterator[SimpleNamespace]:
        asked.append(test_file)
        text = next(answers)
        yield SimpleNamespace(answer=lambda: promtool.Answer(good=text == "SUCCESS", text=text))

    monkeypatch.setattr("simulation.witness.alert_evaluation.testing_rules", testing_rules)
    monkeypatch.setattr("simulation.witness.alert_evaluation.find_promtool", lambda: Path("promtool"))
    monkeypatch.setattr("simulation.witness.alert_evaluation.promtool_version", lambda _: "2")

    told = _judged(*_watched(tmp_path), tmp_path)

    assert [one.said_by for one in told.differences] == named
    assert len(asked) == 2


def _saying(events: list[Event], **annotations: str) -> list[Event]:
    return [
        event.model_copy(update={"annotations": {**event.annotations, **annotations}})
        if isinstance(event, AlertFired) and event.alert == "Lag"
        else event
        for event in events
    ]


@pytest.mark.usefixtures("real_promtool")
@pytest.mark.parametrize("annotation", ["summary", "runbook_url"])
def test_promtool_contradicts_a_monitor_that_says_another_text(tmp_path: Path, annotation: str) -> None:
    events, scrapes = _watched(tmp_path)

    told = _judged(_saying(events, **{annotation: "all is well"}), scrapes, tmp_path)

    assert (told.differences, told.complaint) == ((), "")
    first = told.annotation_differences[0]
    assert first.by_monitor[annotation] == "all is well"
    assert (first.by_promtool["summary"], first.scrape) == ('x "y" {z} is 4000.5 s late', 2)


NUMBERS = (0, 3, 0.25, 4000.5, 123456, 999999.5, 1e6, 1234567, 1e9, 1.5e-7, 0.0001, 12.345678901234567)


@pytest.mark.usefixtures("real_promtool")
@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_are_written_as_prometheus_writes_them(tmp_path: Path, number: float) -> None:
    rule = {
        "alert": "Any",
        "expr": "n >= 0",
        "labels": {"severity": "warning"},
        "annotations": {"summary": "{{ $value }}"},
    }
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]}))
    texts = {"summary": go_number(number)}
    fired = AlertFired(
        alert_id="Any-1", alert="Any", labels={"severity": "warning"}, annotations=texts, severity="warning",
        runbook=None, pending_since=START, value=number,
    )  # fmt: skip
    scrapes = Scrapes(count=1, interval_seconds=600, rule_files=(tmp_path / "rules.yml",))

    told = _judged([MetricChange(changes={"n": number}, scrape=0), fired], scrapes, tmp_path)

    assert (told.annotated, told.annotation_differences, told.differences, told.complaint) == (1, (), (), "")


@pytest.mark.usefixtures("no_promtool")
def test_an_alert_that_begins_beside_another_of_its_rule_is_left_out(tmp_path: Path) -> None:
    events, scrapes = _watched(tmp_path)
    one = next(event for event in events if isinstance(event, AlertFired) and event.alert == "Lag")
    later = one.model_copy(update={"alert_id": "Lag-9", "labels": {"t": "other"}, "scrape": one.scrape + 1})
    over = AlertResolved(alert_id="Lag-9", alert="Lag", scrape=one.scrape + 2)
    place = events.index(one) + 1

    before = _judged(events, scrapes, tmp_path).annotated
    assert _judged([*events[:place], later, over, *events[place:]], scrapes, tmp_path).annotated == before > 0


@pytest.mark.usefixtures("real_promtool")
def test_a_rule_file_that_promtool_cannot_read_is_a_complaint(tmp_path: Path) -> None:
    events, scrapes = _watched(tmp_path)
    (tmp_path / "rules.yml").write_text("groups: 7\n")

    told = _judged(events, scrapes, tmp_path)

    assert told.differences == ()
    assert "rules.yml" in told.complaint


@pytest.mark.usefixtures("real_promtool")
def test_a_changed_value_reaches_promtool(tmp_path: Path) -> None:
    events, scrapes = _watched(tmp_path)
    calmed = [
        event.model_copy(update={"changes": {name: 1.0 if value else value for name, value in event.changes.items()}})
        if isinstance(event, MetricChange)
        else event
        for event in events
    ]
    assert {one.said_by for one in _judged(calmed, scrapes, tmp_path).differences} == {"monitor"}


def test_promtool_accepts_the_projects_rule_files(real_promtool: Path) -> None:
    files = sorted(ALERTS_FOLDER.glob("*.yml"))
    said = subprocess.run([real_promtool, "check", "rules", *files], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.count("SUCCESS") == len(files)
