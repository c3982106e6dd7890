"""Who was called first in a life, when, and because of which fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulation.checks.base import CheckResult, Finding
from simulation.checks.verdict import Verdict
from simulation.events import AlertFired, Escalated, Event, ExecutionStarted, FaultInjected, FaultScheduled
from simulation.history import History
from simulation.proof.campaign.calls import Call, calls_of
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Case, Result
from simulation.proof.endurance.endurance import groups_of
from simulation.proof.endurance.page import render_markdown, terminal_lines, write_html

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3600


def _history(*events: tuple[int, Event]) -> History:
    """Each with the hours since noon."""
    return History(
        event.model_copy(update={"seq": number, "at": NOON + timedelta(hours=hours)})
        for number, (hours, event) in enumerate(events, start=1)
    )


def _planned(fault_id: str, kind: str, runbook: str | None) -> FaultScheduled:
    expectation = "self_heals" if runbook is None else "runbook"
    return FaultScheduled(
        fault_id=fault_id,
        fault_kind=kind,
        starts_at=NOON,
        ends_at=None,
        keys={},
        expectation=expectation,
        runbook=runbook,
    )


def _strike(fault_id: str, kind: str) -> FaultInjected:
    return FaultInjected(fault_id=fault_id, fault_kind=kind, keys={}, detail="")


def _alert(alert_id: str, runbook: str | None = "mend") -> AlertFired:
    return AlertFired(
        alert_id=alert_id,
        alert=f"Alert{alert_id}",
        labels={},
        severity="warning",
        runbook=runbook,
        pending_since=NOON,
        value=1,
    )


def _begun(execution_id: str, alert_id: str | None = None, task_id: str | None = None) -> ExecutionStarted:
    return ExecutionStarted(
        execution_id=execution_id,
        runbook="mend",
        version="1",
        sha256="",
        alert_id=alert_id,
        task_id=task_id,
        operator="o",
        writes=False,
    )


def _verdict(*findings: Finding) -> Verdict:
    result = CheckResult(check="money", examined=1, findings=findings, unknown=None, not_verified=None)
    return Verdict(criteria=(), results=(result,), outcome="fail" if findings else "pass", exit_code=0, digest="")


def test_an_operators_call_is_put_down_to_the_last_fault_of_its_runbook():
    history = _history(
        (0, _planned("a", "outage", "mend")),
        (0, _planned("b", "late_event", None)),
        (2, _strike("a", "outage")),
        (3, _strike("b", "late_event")),
        (5, _alert("1")),
        (6, _begun("x", alert_id="1")),
    )
    calls = calls_of(history, _verdict())
    assert calls.struck == {"late_event": 3 * HOUR, "outage": 2 * HOUR}
    assert calls.first == (
        Call(who="operator", kind="outage", what="Alert1", sim_seconds=6 * HOUR, since_strike=4 * HOUR),
    )
    assert calls.earliest("engineer") is None


def test_planned_work_calls_nobody():
    assert calls_of(_history((0, _begun("x", task_id="task-1"))), _verdict()).first == ()


def test_an_escalation_and_a_finding_call_an_engineer():
    history = _history(
        (0, _planned("a", "outage", "mend")),
        (1, _strike("a", "outage")),
        (2, _alert("1", runbook=None)),
        (2, Escalated(alert_id="1", execution_id=None, reason="no runbook")),
        (9, _begun("late", task_id="t")),
    )
    finding = Finding(check="money", subject="", message="a cent is missing", at=NOON + timedelta(hours=1))
    calls = calls_of(history, _verdict(finding))
    assert [(call.who, call.kind, call.what, call.sim_seconds // HOUR) for call in calls.first] == [
        ("engineer", "", "money", 1),
        ("engineer", "outage", "Alert1", 2),
    ]


def test_an_alert_long_after_every_fault_has_none_behind_it():
    history = _history(
        (0, _planned("a", "outage", None)),
        (1, _strike("a", "outage")),
        (60, _alert("1")),
        (60, _begun("x", alert_id="1")),
    )
    (call,) = calls_of(history, _verdict()).first
    assert (call.kind, call.since_strike) == ("", None)


def test_many_lives_are_told_as_shares_and_by_kind(tmp_path: Path):
    struck = _history((0, _planned("a", "outage", "mend")), (2, _strike("a", "outage")))
    called = _history(
        (0, _planned("a", "outage", "mend")),
        (2, _strike("a", "outage")),
        (26, _alert("1")),
        (26, _begun("x", alert_id="1")),
    )
    lives = [
        Result(
            case=Case(scenario="s", seed=seed, draw="swarm"),
            outcome="pass",
            sim_seconds=14 * 24 * HOUR,
            calls=calls_of(history, _verdict()),
        )
        for seed, history in enumerate([called, struck, struck, struck], start=1)
    ]
    lost = Result(case=Case(scenario="s", seed=9, draw="swarm"), outcome="lost")
    (group,) = groups_of([*lives, lost])
    alone, operated = group.alone.at(14), group.operated.at(14)
    assert alone is not None
    assert operated is not None
    assert (alone.value, operated.value, group.unjudged) == (0.75, 1, 1)
    assert group.marks == (14,)
    (kind,) = group.kinds
    assert (kind.name, kind.lives, kind.called, kind.engineers, kind.median_days) == ("outage", 4, 1, 0, 1)
    told = "\n".join(terminal_lines([group]))
    assert "after 14 days" in told
    assert "75 % (13 to 96)" in told
    assert "1 first called by outage (Alert1)" in told
    write_html(tmp_path / "endurance.html", [group], Plan(scenarios=("s",), seeds=(1, 2, 3, 4), draws=("swarm",)))
    page = (tmp_path / "endurance.html").read_text(encoding="utf-8")
    assert "75 % (13 to 96)" in page
    assert page.count('class="line') == 2, "a curve each for nobody at all and for nobody but the operator"
    assert "| outage | 4 | 1 | 0 | 1.0 d |" in render_markdown([group])
