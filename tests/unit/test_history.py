"""The history survives the disk, tells where it is damaged, and has one fingerprint."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.clock import SimulationClock
from simulation.events import AnyEvent, Escalated, Event, Exchange, JobFailed, MetricChange, RunStarted
from simulation.history import History, Recorder, caused_by, line_of
from tests.unit.checks.story import passing

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


def as_pydantic_has_it(event: Event) -> str:
    document = event.model_dump(mode="json")
    for name, usual in event.unless_usual.items():
        if document[name] == usual:
            del document[name]
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(at=st.datetimes(timezones=OFFSETS | st.just(UTC)), body=DOCUMENTS)
def test_a_line_is_to_the_letter_what_pydantic_makes_of_the_event(at: datetime, body: Any) -> None:
    asked: dict[str, Any] = {"request_id": "r", "method": "GET", "path": "/", "status": 200, "at": at}
    event = Exchange(actor="entrant", response_body=body, **asked)
    assert line_of(event) == as_pydantic_has_it(event)


def test_a_number_that_json_has_no_word_for_stands_as_a_text() -> None:
    event = MetricChange(changes={"a": math.nan, "b": -math.inf, "c": 1.5, "d": None})
    assert '"changes":{"a":"nan","b":"-inf","c":1.5,"d":null}' in line_of(event)
    assert MetricChange.model_validate_json(line_of(event)).changes["b"] == -math.inf


def test_lines_of_a_whole_story_are_what_pydantic_makes_of_its_events() -> None:
    for event in passing().history().events:
        assert line_of(event) == as_pydantic_has_it(event)


def test_events_hold_nothing_beside_their_fields() -> None:
    for kind in get_args(get_args(AnyEvent)[0]):
        assert set(kind.model_construct().__dict__) <= set(kind.model_fields)


def test_what_is_recorded_and_what_is_read_have_the_digest_of_the_events(tmp_path: Path) -> None:
    written = StringIO()
    recorder = Recorder(clock=SimulationClock(start=START), file=written)
    started = passing().history().started
    assert started is not None
    recorder.record(started.model_copy(update={"environment": "here", "environment_reason": "asked for"}))
    recorder.record(JobFailed(job="payout", error="é"))
    file = tmp_path / "history.jsonl"
    file.write_text(written.getvalue(), encoding="utf-8")
    digest = History(recorder.events).digest()
    assert recorder.history().digest() == digest
    assert History.load(file).digest() == digest
    elsewhere = recorder.events[0].model_copy(update={"environment": "there"})
    assert isinstance(elsewhere, RunStarted)
    assert History([elsewhere, recorder.events[1]]).digest() == digest


def test_a_history_with_another_event_has_another_digest_and_leaves_the_first_alone() -> None:
    recorder = _recorder()
    recorder.record(JobFailed(job="payout", error="x"))
    true = recorder.history()
    digest = true.digest()
    false = true.with_events({0: true.events[0].model_copy(update={"error": "y"})})
    assert false.digest() != digest
    assert true.digest() == digest
    assert [event.error for event in true.of(JobFailed)] == ["x"]
    assert [event.error for event in false.of(JobFailed)] == ["y"]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x1e", "\r"])
def test_a_text_with_a_line_separator_stays_in_its_line(tmp_path: Path, separator: str) -> None:
    recorder = _recorder()
    recorder.record(JobFailed(job="payout", error=f"one{separator}two"))
    recorder.record(JobFailed(job="payout", error="three"))
    file = tmp_path / "history.jsonl"
    file.write_text("".join(line_of(event) + "\n" for event in recorder.events), encoding="utf-8", newline="")
    assert list(History.load(file).events) == recorder.events
