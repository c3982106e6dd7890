"""The postmortem: the specification's order, filled in from the run, blanks for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.checks.evidence.case import Case
from simulation.cli.check import postmortem
from simulation.errors import UsageError
from simulation.events import AlertRuleAsRun, JobSummary, MetricChange, RunbookStep, RunStarted, WebhookAttempt
from simulation.history import History, line_of
from simulation.reporting.parts.near_misses import near_misses_of
from simulation.reporting.view import Report, build_report
from simulation.reporting.write import postmortem_of
from tests.unit.checks.builder import GOVERNANCE, day
from tests.unit.checks.story import passing
from tests.unit.reporting.sample import failed_verdict


def _stored(folder: Path, history: History) -> Path:
    (folder / "history.jsonl").write_text("".join(line_of(event) + "\n" for event in history.events))
    return folder


def test_it_has_the_specifications_order_and_leaves_to_people_what_is_theirs(failed: Report, history: History) -> None:
    lines = postmortem_of(failed, history).splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## What happened", "## Why", "## What we changed"]
    for heading in ("### Root cause", "### Why did we not find this sooner?", "### Runbook added or fixed"):
        assert lines[lines.index(heading) + 2] == "_(to be written)_"
    assert lines.index("### Timeline") < lines.index("### Near misses") < lines.index("### What worked")
    assert any(line.startswith("simulate run") for line in lines)


def test_a_passed_run_has_what_worked(passed: Report, history: History) -> None:
    text = postmortem_of(passed, history)
    assert "### What worked" in text
    assert "carried out as written" in text
    assert "### The step that failed" not in text


def test_the_failing_step_is_shown_with_what_it_should_have_said(history: History) -> None:
    (first, *_) = history.of(RunbookStep)
    spoilt = History(
        event.model_copy(update={"matched": False, "output": "7\nsurprise", "expected": "0"})
        if event.seq == first.seq
        else event
        for event in history.events
    )
    text = postmortem_of(build_report(spoilt, failed_verdict()), spoilt)
    section = text.partition("### The step that failed")[2].partition("###")[0]
    assert first.command.splitlines()[0] in section
    assert "surprise" in section
    assert "As written:" in section


def test_near_misses_are_the_smallest_margins_the_closest_first() -> None:
    book = passing()
    book.add(MetricChange(changes={'ingestion_lag_seconds{provider_event_id="open"}': 3500.0}), day(2))
    book.add(MetricChange(changes={'ingestion_lag_seconds{provider_event_id="open"}': 300.0}), day(2, 1))
    webhook = next(event for event in book.entries if isinstance(event, WebhookAttempt))
    book.add(webhook.model_copy(update={"event_id": "evt_slow", "status": 500, "attempt": 1}), day(3))
    book.add(webhook.model_copy(update={"event_id": "evt_slow", "status": 200, "attempt": 2}), day(3, 18))
    book.edit(JobSummary, {"job": "settlement"}, largest_gap_seconds=540)
    book.edit(RunStarted, {}, alert_rules=(_rule("IngestionLag", "ingestion_lag_seconds > 3600"),))

    found = {miss.what: miss for miss in near_misses_of(Case(book.history(), GOVERNANCE))}

    lag = found['alert IngestionLag: ingestion_lag_seconds{provider_event_id="open"}']
    assert (lag.closest, lag.limit, round(lag.left, 4), lag.at) == ("3500", "> 3600", 0.0278, day(2))
    slow = found["delivery of webhook evt_slow"]
    assert (slow.closest, slow.left) == ("18 h, attempt 2", 0.75)
    assert found["answer to alert al-1"].at == day(5, 9, 55)
    assert any(what.startswith("attempts of payout transfer") for what in found)
    assert [miss.left for miss in found.values()] == sorted(miss.left for miss in found.values())


def test_alerts_are_held_against_the_rules_of_their_own_run() -> None:
    book = passing()
    book.add(MetricChange(changes={"ingestion_lag_seconds": 90.0, "own_metric": 4.0}), day(2))
    rules = (_rule("Own", "own_metric < 2"), _rule("Any", "up == 0"), _rule("Unreadable", "own_metric <<"))
    book.edit(RunStarted, {}, alert_rules=rules)

    found = {miss.what: miss for miss in near_misses_of(Case(book.history(), GOVERNANCE))}

    assert [what for what in found if what.startswith("alert ")] == ["alert Own: own_metric"]
    assert (found["alert Own: own_metric"].limit, found["alert Own: own_metric"].left) == ("< 2", 0.5)


def _rule(alert: str, expression: str) -> AlertRuleAsRun:
    return AlertRuleAsRun(alert=alert, expression=expression, for_seconds=0, severity="warning", runbook=None)


def test_a_history_that_breaks_off_has_fewer_and_no_error() -> None:
    assert near_misses_of(Case(passing().history(cut=5), GOVERNANCE)) is not None
    assert near_misses_of(Case(History(()), GOVERNANCE)) == ()


def test_the_command_prints_it_and_keeps_what_people_wrote(
    tmp_path: Path, history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _stored(tmp_path, history)
    assert postmortem.main([str(folder)], standalone_mode=False) == 0
    printed = capsys.readouterr()
    assert (folder / "postmortem.md").read_text() == printed.out
    assert "written:" in printed.err

    (folder / "postmortem.md").write_text("our words")
    postmortem.main([str(folder)], standalone_mode=False)
    assert (folder / "postmortem.md").read_text() == "our words"
    assert "kept as it is" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no history\.jsonl") as refused:
        postmortem.main([str(tmp_path)], standalone_mode=False)
    assert "name the folder of a run" in str(refused.value)


def test_a_damaged_history_is_refused_with_its_line(tmp_path: Path, history: History) -> None:
    _stored(tmp_path, history)
    file = tmp_path / "history.jsonl"
    file.write_text("nonsense\n" + file.read_text())
    with pytest.raises(UsageError, match=r"history\.jsonl:1"):
        postmortem.main([str(tmp_path)], standalone_mode=False)
