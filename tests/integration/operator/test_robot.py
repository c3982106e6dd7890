"""Runbooks carried out to the letter by a real shell, recorded step by step, stopped at the first difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from simulation.clock import SimProcess
from simulation.events import (
    Escalated,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    RunbookStep,
    TaskDue,
)
from simulation.history import History, line_of
from simulation.scenario.settings import OperatorTask
from tests.integration.operator.desk import START, TOKEN, CounterPlatform, desk
from tests.unit.operator.books import MINI, TASK


def carried_out(platform: CounterPlatform, book: str = MINI) -> History:
    with desk(platform, book) as sim:
        sim.raise_alert()
        return sim.live()


def sections(history: History) -> list[str]:
    return [step.section for step in history.of(RunbookStep)]


def test_every_step_is_recorded_before_it_is_typed_and_after() -> None:
    platform = CounterPlatform()
    history = carried_out(platform)
    assert platform.steps() == [
        "start",
        *(
            f"{section} 1 {outcome}"
            for section in ("detection", "diagnosis", "recovery", "verification", "documentation")
            for outcome in ("started", "passed")
        ),
        "completed",
    ]
    order = [
        event.request_body["outcome"] if isinstance(event, Exchange) else "typed"  # type: ignore[index,call-overload]
        for event in history.events
        if isinstance(event, RunbookStep) or (isinstance(event, Exchange) and event.path.endswith("/step"))
    ]
    assert order == ["started", "typed", "passed"] * 5


def test_a_completed_execution_leaves_its_transcript_and_states() -> None:
    platform = CounterPlatform()
    history = carried_out(platform)
    (started,), (ended,) = history.of(ExecutionStarted), history.of(ExecutionEnded)
    assert (started.at, started.operator, started.writes) == (START + timedelta(minutes=5), "ops-user-123", True)
    assert (ended.status, ended.error, ended.sim_duration_seconds) == ("completed", None, 100)
    recovery = history.of(RunbookStep)[2]
    assert (recovery.output, recovery.matched, recovery.writes) == ("1 stuck\n0 stuck", True, True)
    assert recovery.request_ids == ("exec-1-req-3", "exec-1-req-4")
    assert platform.trail[-1]["result_json"] == {"captured": {"CAUSE": "timeout", "COUNT": "2"}, "steps_passed": 5}
    assert history.of(Escalated) == []


def test_everything_goes_back_to_the_alert_and_belongs_to_the_execution() -> None:
    history = carried_out(CounterPlatform())
    assert {event.cause for event in history.events} == {"fault:F1"}
    typed = [event for event in history.of(Exchange) if event.actor == "operator"]
    assert typed
    assert {event.execution_id for event in typed} == {"e-1"}


def test_neither_token_nor_port_reaches_the_history() -> None:
    book = MINI.replace('curl -sS "$API_BASE_URL/cause"', 'echo "$ADMIN_TOKEN $API_BASE_URL"')
    lines = "\n".join(line_of(event) for event in carried_out(CounterPlatform(), book).events)
    assert "$ADMIN_TOKEN $API_BASE_URL" in lines
    assert TOKEN not in lines
    assert "127.0.0.1" not in lines


def test_a_branch_leads_where_it_says() -> None:
    history = carried_out(CounterPlatform(stuck=0))
    assert sections(history) == ["detection", "documentation"]
    assert history.of(ExecutionEnded)[0].status == "completed"


def test_a_branch_that_escalates_ends_the_execution_as_failed() -> None:
    platform = CounterPlatform(cause="flood")
    history = carried_out(platform)
    assert sections(history) == ["detection", "diagnosis"]
    (escalated,) = history.of(Escalated)
    assert "Diagnosis step 1 (line 37): the runbook says to escalate" in escalated.reason
    assert "nothing had been written" in escalated.reason
    assert platform.trail[-1]["status"] == "failed"


def test_a_branch_may_escalate_as_partial() -> None:
    history = carried_out(CounterPlatform(cause="flood"), MINI.replace("escalate\n", "escalate as partial\n"))
    assert history.of(ExecutionEnded)[0].status == "partial"
    assert len(history.of(Escalated)) == 1


def test_the_first_difference_ends_the_execution_and_undoes_what_was_written() -> None:
    platform = CounterPlatform(mends=False)
    history = carried_out(platform)
    assert sections(history) == ["detection", "diagnosis", "recovery", "rollback"]
    (ended,), (escalated,) = history.of(ExecutionEnded), history.of(Escalated)
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.startswith("Recovery step 1 (line 49): expected '... / 0 stuck', got '2 stuck / 2 stuck'")
    assert ended.error.endswith("rolled back as the runbook says")
    assert escalated.execution_id == "e-1"
    assert platform.trail[-1]["error_reason"] == ended.error
    assert platform.steps()[-4:] == ["recovery 1 failed", "rollback 1 started", "rollback 1 passed", "failed"]


def test_a_rollback_that_fails_is_said() -> None:
    history = carried_out(CounterPlatform(mends=False, undo_answer="refused"))
    error = history.of(ExecutionEnded)[0].error
    assert error is not None
    assert "rollback failed at Rollback step 1 (line 70): line 1: expected 'undone', got 'refused'" in error


def test_an_exit_status_other_than_the_stated_one_is_a_difference() -> None:
    book = MINI.replace("? 0\n[..]", "? 3\n[..]")
    error = carried_out(CounterPlatform(), book).of(ExecutionEnded)[0].error
    assert error is not None
    assert "exit status 0, expected 3" in error


def test_a_command_that_takes_the_shell_down_fails_and_rollback_still_knows_the_captures() -> None:
    book = MINI.replace('$ curl -sS "$API_BASE_URL/count"\n0 stuck', "$ exit 5\n0 stuck")
    book = book.replace('$ curl -sS -X POST "$API_BASE_URL/undo"\nundone', '$ echo "had $COUNT"\nhad [COUNT]')
    history = carried_out(CounterPlatform(), book)
    assert [(step.section, step.matched) for step in history.of(RunbookStep)][-2:] == [
        ("verification", False),
        ("rollback", True),
    ]
    error = history.of(ExecutionEnded)[0].error
    assert error is not None
    assert "the command ended the shell" in error


@pytest.mark.parametrize("refuse", ["/step:started", "/step:passed"])
def test_without_its_record_no_step_goes_on(refuse: str) -> None:
    platform = CounterPlatform(refuse=refuse)
    history = carried_out(platform)
    assert len(history.of(RunbookStep)) == (0 if refuse == "/step:started" else 1)
    assert history.of(ExecutionEnded)[0].status == "failed"
    assert "did not take an entry" in history.of(Escalated)[0].reason


def test_an_execution_that_cannot_be_started_is_escalated() -> None:
    history = carried_out(CounterPlatform(refuse="/start:"))
    assert history.of(ExecutionStarted) == []
    assert history.of(ExecutionEnded) == []
    assert "HTTP 500" in history.of(Escalated)[0].reason


def test_an_execution_that_cannot_be_completed_is_failed() -> None:
    history = carried_out(CounterPlatform(refuse="/complete:"))
    assert history.of(ExecutionEnded)[0].status == "failed"
    assert len(history.of(Escalated)) == 1


@pytest.mark.parametrize("entry", ["/start:", "/step:started", "/step:passed", "/complete:"])
def test_an_entry_that_nobody_answered_is_made_again_under_its_request_id(entry: str) -> None:
    platform = CounterPlatform(lose=entry, loses=3)
    history = carried_out(platform)
    assert (history.of(ExecutionEnded)[0].status, history.of(Escalated)) == ("completed", [])
    assert len(set(platform.lost[:4])) == 1
    assert len(platform.lost) == 3 + len(set(platform.lost))


def test_an_entry_that_nobody_ever_answers_is_escalated() -> None:
    platform = CounterPlatform(lose="/start:", loses=99)
    (escalated,) = carried_out(platform).of(Escalated)
    assert "HTTP 502" in escalated.reason
    assert len(platform.lost) == 4


@pytest.mark.parametrize(("losses", "tries", "status"), [(1, 2, "completed"), (3, 4, "completed"), (4, 4, "failed")])
def test_a_reading_command_that_nobody_answered_is_typed_again(losses: int, tries: int, status: str) -> None:
    history = carried_out(CounterPlatform(lose="/count:", loses=losses))
    step = next(step for step in history.of(RunbookStep) if "/count" in step.command)
    assert (step.tries, len(step.request_ids)) == (tries, tries)
    assert history.of(ExecutionEnded)[0].status == status


def test_a_writing_command_that_nobody_answered_is_typed_again_under_its_key() -> None:
    platform = CounterPlatform(stuck=1, lose="/mend:", loses=1)
    keyed = MINI.replace(
        'curl -sS -X POST "$API_BASE_URL/mend"',
        'curl -sS -X POST -H "Idempotency-Key: $EXECUTION_ID-recovery-1-$number" "$API_BASE_URL/mend"',
    )
    history = carried_out(platform, keyed)
    step = next(step for step in history.of(RunbookStep) if step.writes)
    assert (step.tries, history.of(ExecutionEnded)[0].status) == (2, "completed")
    keys = [one.idempotency_key for one in history.of(Exchange) if one.path == "/mend"]
    assert keys == ["e-1-recovery-1-1"] * 2


def test_a_writing_command_without_a_key_is_never_typed_again() -> None:
    history = carried_out(CounterPlatform(lose="/mend:", loses=1))
    step = next(step for step in history.of(RunbookStep) if step.writes)
    assert (step.tries, history.of(ExecutionEnded)[0].status) == (1, "failed")


@pytest.mark.parametrize("runbook", [None, "unheard_of"])
def test_an_alert_without_a_runbook_is_escalated_at_once(runbook: str | None) -> None:
    with desk(CounterPlatform()) as sim:
        alert = sim.raise_alert(runbook)
        (escalated,) = sim.live().of(Escalated)
    assert (escalated.alert_id, escalated.at, escalated.cause) == (alert.alert_id, START, "fault:F1")


def test_the_same_alert_is_answered_once_another_one_after_it() -> None:
    with desk(CounterPlatform()) as sim:
        sim.raise_alert()
        sim.raise_alert()
        sim.raise_alert(label="y")
        assert sim.robot.busy
        history = sim.live()
        assert not sim.robot.busy
    starts = history.of(ExecutionStarted)
    assert [event.alert_id for event in starts] == ["Mini-1", "Mini-3"]
    assert starts[1].at == history.of(ExecutionEnded)[0].at


def test_the_world_goes_on_while_a_runbook_sleeps() -> None:
    platform = CounterPlatform(stuck=1, mends=False)

    def healer(on_kernel_sleep: object) -> SimProcess:
        yield on_kernel_sleep
        platform.stuck = 0

    book = MINI.replace(
        '$ for number in $(seq 1 "$COUNT"); do\n>   curl -sS -X POST "$API_BASE_URL/mend"\n> done\n...\n0 stuck',
        "$ for look in $(seq 1 9); do\n"
        '>   left=$(curl -sS "$API_BASE_URL/count")\n'
        '>   if [ "$left" = "0 stuck" ]; then break; fi\n'
        ">   sleep 300\n"
        "> done\n"
        '> echo "$left at $(date +%H:%M)"\n'
        "0 stuck at 00:21",
    )
    with desk(platform, book) as sim:
        sim.raise_alert()
        sim.kernel.spawn(healer(sim.kernel.sleep(20 * 60)))
        history = sim.live()
    assert history.of(ExecutionEnded)[0].status == "completed"
    assert history.of(RunbookStep)[2].output == "0 stuck at 00:21"


def test_what_nobody_answered_to_its_end_is_escalated_when_the_shift_is_over() -> None:
    book = MINI.replace('$ curl -sS "$API_BASE_URL/cause"\n[CAUSE]', "$ sleep 7200; echo [CAUSE]\n[CAUSE]")
    with desk(CounterPlatform(), book) as sim:
        sim.raise_alert()
        sim.raise_alert(label="y")
        sim.live(minutes=30)
        sim.robot.go_off_shift()
        reasons = [event.reason for event in sim.live(minutes=0).of(Escalated)]
    assert len(reasons) == 2
    assert all("not answered to its end" in reason for reason in reasons)


def test_a_task_begins_at_its_time_and_goes_its_own_way() -> None:
    platform = CounterPlatform()
    task = OperatorTask(at=START + timedelta(minutes=10), runbook="mini_task")
    with desk(platform, TASK, tasks=(task,), name="mini_task") as sim:
        history = sim.live()
    (due,), (started,), (ended,) = history.of(TaskDue), history.of(ExecutionStarted), history.of(ExecutionEnded)
    assert (due.at, due.task_id, started.at) == (task.at, "task-1", task.at)
    assert (started.alert_id, started.task_id, started.cause) == (None, "task-1", "task-1:mini_task")
    assert ended.status == "completed"
    assert sections(history) == ["prerequisites", "steps", "verification"]
    assert history.of(Escalated) == []


def test_a_task_that_goes_wrong_is_undone_and_escalated() -> None:
    platform = CounterPlatform(mends=False)
    task = OperatorTask(at=START + timedelta(minutes=10), runbook="mini_task")
    with desk(platform, TASK, tasks=(task,), name="mini_task") as sim:
        history = sim.live()
    assert sections(history) == ["prerequisites", "steps", "rollback"]
    (escalated,) = history.of(Escalated)
    assert (escalated.alert_id, escalated.execution_id) == (None, "e-1")


def gone_after(steps: int) -> Callable[..., int | None]:
    """Takes the operator away once, for 25 minutes."""
    left = [steps]

    def still_there(*, steps: int, **_: object) -> int | None:
        return 25 if left and steps == left[0] and left.pop() else None

    return still_there


def test_the_next_operator_winds_up_what_was_left_open_and_starts_anew() -> None:
    platform = CounterPlatform()
    with desk(platform, still_there=gone_after(3)) as sim:
        sim.raise_alert()
        history = sim.live(minutes=120)
    first, second = history.of(ExecutionStarted)
    assert (first.operator, second.operator) == ("ops-user-123", "ops-user-456")
    (taken,) = history.of(ExecutionTakenOver)
    gone_at = history.of(RunbookStep)[2].at
    assert (taken.operator, taken.at) == ("ops-user-456", gone_at + timedelta(minutes=25))
    wound_up, anew = history.of(ExecutionEnded)
    assert (wound_up.status, anew.status) == ("failed", "completed")
    assert wound_up.error is not None
    assert wound_up.error.startswith("its operator was gone after Recovery step 1; taken over by ops-user-456")
    assert sections(history)[:4] == ["detection", "diagnosis", "recovery", "rollback"]
    assert history.of(Escalated) == []


def test_what_was_captured_is_known_to_the_next_operator_from_the_record() -> None:
    book = MINI.replace('$ curl -sS -X POST "$API_BASE_URL/undo"\nundone', '$ echo "had $COUNT"\nhad [COUNT]')
    with desk(CounterPlatform(), book, still_there=gone_after(3)) as sim:
        sim.raise_alert()
        history = sim.live(minutes=120)
    (undone,) = [step for step in history.of(RunbookStep) if step.section == "rollback"]
    assert (undone.output, undone.matched) == ("had 2", True)


def test_nothing_is_rolled_back_where_nothing_was_written() -> None:
    with desk(CounterPlatform(), still_there=gone_after(1)) as sim:
        sim.raise_alert()
        history = sim.live(minutes=120)
    assert "rollback" not in sections(history)
    assert [ended.status for ended in history.of(ExecutionEnded)] == ["failed", "completed"]


def test_a_rollback_that_fails_ends_the_takeover_with_an_escalation() -> None:
    with desk(CounterPlatform(undo_answer="refused"), still_there=gone_after(3)) as sim:
        sim.raise_alert()
        history = sim.live(minutes=120)
    assert [ended.status for ended in history.of(ExecutionEnded)] == ["failed"]
    (escalated,) = history.of(Escalated)
    assert "rollback failed at Rollback step 1" in escalated.reason


def test_while_nobody_is_let_in_an_alert_waits_and_its_runbook_is_carried_out_when_somebody_is() -> None:
    platform = CounterPlatform(shut=True)
    with desk(platform) as sim:
        sim.raise_alert()
        assert not sim.live(minutes=30).of(ExecutionStarted)
        assert sim.robot.busy
        assert not sim.robot.under_way
        platform.shut = False
        history = sim.live(minutes=30)
    (ended,) = history.of(ExecutionEnded)
    assert ended.status == "completed"
    assert not history.of(Escalated)


def test_a_runbook_for_that_time_is_recorded_by_the_break_glass_token_as_long_as_it_lasts() -> None:
    book = MINI.replace("alert: Mini\n", "alert: Mini\nbreak_glass: nobody else is let in\n")
    platform = CounterPlatform(shut=True)
    with desk(
        platform, book.replace('"$API_BASE_URL/cause"', '"$API_BASE_URL/cause"; test -n "$BREAK_GLASS_TOKEN"')
    ) as sim:
        sim.raise_alert()
        sim.live(minutes=6)
        platform.shut = False
        history = sim.live(minutes=30)
    (ended,) = history.of(ExecutionEnded)
    assert ended.status == "completed"
    statuses = [event.status for event in history.of(Exchange) if event.path.startswith("/api/admin/")]
    assert (statuses[0], statuses.count(503), statuses.count(403)) == (503, 1, 1)


def test_no_other_runbooks_shell_has_that_token() -> None:
    platform = CounterPlatform()
    with desk(
        platform, MINI.replace('"$API_BASE_URL/cause"', '"$API_BASE_URL/cause"; test -z "$BREAK_GLASS_TOKEN"')
    ) as sim:
        sim.raise_alert()
        (ended,) = sim.live().of(ExecutionEnded)
    assert ended.status == "completed"
