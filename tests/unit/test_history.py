"""The history survives the disk, tells where it is damaged, and has one fingerprint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulation.clock import SimulationClock
from simulation.events import Escalated, JobFailed
from simulation.history import History, Recorder, caused_by, line_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def _recorder() -> Recorder:
    return Recorder(clock=SimulationClock(start=START))


def test_an_event_is_stamped_with_order_time_and_cause() -> None:
    recorder = _recorder()
    recorder.record(JobFailed(job="payout", error="x"))
    with caused_by("fault:F1"):
        event = recorder.record(JobFailed(job="payout", error="y"), at=START + timedelta(hours=1))
    assert (event.seq, event.at, event.cause) == (2, START + timedelta(hours=1), "fault:F1")


def test_a_history_is_the_same_after_the_disk(tmp_path: Path) -> None:
    recorder = _recorder()
    recorder.record(JobFailed(job="payout", error="é\n'\""))
    recorder.record(Escalated(alert_id="A1", execution_id=None, reason="no runbook"))
    file = tmp_path / "history.jsonl"
    file.write_text("".join(line_of(event) + "\n" for event in recorder.events))
    loaded = History.load(file)
    assert list(loaded.events) == recorder.events
    assert loaded.digest() == History(recorder.events).digest()


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    recorder = _recorder()
    event = recorder.record(JobFailed(job="payout", error="x"))
    file = tmp_path / "history.jsonl"
    file.write_text(line_of(event) + "\n" + line_of(event)[:25])
    assert len(History.load(file).events) == 1


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    event = _recorder().record(JobFailed(job="payout", error="x"))
    file = tmp_path / "history.jsonl"
    file.write_text(f'{line_of(event)}\n{{"kind": "no such"}}\n{line_of(event)}\n')
    with pytest.raises(ValueError, match=r"history\.jsonl:2: not an event"):
        History.load(file)


def test_one_changed_value_changes_the_digest() -> None:
    one, other = _recorder(), _recorder()
    one.record(JobFailed(job="payout", error="x"))
    other.record(JobFailed(job="payout", error="z"))
    assert History(one.events).digest() != History(other.events).digest()
