"""Runbook executions: one row each, every step as documented and logged before the next.

Source: fixtures/spec/requirements.md (06A: Constraints).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import zip_longest

from simulation.checks.asked_again import comes_again, most_tries, recorded_requests
from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import CannotTell, Case, WitnessedExecution
from simulation.checks.evidence.handover import handed_over
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.relations import ExecutionRow
from simulation.checks.evidence.tasks import promised_tasks
from simulation.events import (
    AlertFired,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    FaultScheduled,
    RunbookStep,
    step_digest,
)
from simulation.words import plural

_NEAR = timedelta(seconds=60)
"""Tolerance between the time in the platform's row and the operator's record of the same moment."""
_STEP_PATH, _OK = "/runbooks/step", 200


def called_for(case: Case) -> str:
    """Why a runbook must have been executed: an alert, a fault or a task that requires one. Empty: nothing did."""
    names = _asked_for(case)
    names |= {alert.runbook for alert in case.events(AlertFired) if alert.runbook}
    return ", ".join(sorted(names))


def _asked_for(case: Case) -> set[str]:
    """Runbooks that the scenario plans in any case: for its faults, and as its tasks."""
    faults = {fault.runbook for fault in case.events(FaultScheduled) if fault.runbook}
    return faults | {task.runbook for task in promised_tasks(case).values()}


def _excuse_none(case: Case, inquiry: Inquiry) -> None:
    if not case.executions and not called_for(case):
        inquiry.nothing_needed("no fault, no alert and no task called for a runbook")


@check(
    "Every execution is one row: in progress, final once, with version, operator, state before and after",
    needs_end=True,
)
def runbook_rows(case: Case, inquiry: Inquiry) -> None:
    rows = {row.id: row for row in case.rows(ExecutionRow)}
    known = {execution.started.execution_id for execution in case.executions}
    if case.executions:
        case.need_declared("executions_table")
    for execution in case.executions:
        inquiry.examine()
        row = rows.get(execution.started.execution_id)
        for problem, expected, actual in _row_problems(case, execution, row):
            inquiry.find(
                _name(execution),
                problem,
                keys=execution.keys,
                expected=expected,
                actual=actual,
                events=(execution.started,),
            )
    for row_id in sorted(rows.keys() - known):
        what, row = "a row for an execution that nobody carried out", rows[row_id]
        inquiry.find(f"execution {row_id}", what, keys=row.keys, actual=row)
    _excuse_none(case, inquiry)


def _name(execution: WitnessedExecution) -> str:
    return f"{execution.started.runbook} ({execution.started.execution_id})"


def _row_problems(
    case: Case, execution: WitnessedExecution, row: ExecutionRow | None
) -> Iterator[tuple[str, object, object]]:
    started, ended = execution.started, execution.ended
    if row is None:
        yield "no row in runbook_executions", "one row", "none"
        return
    changes = [change for change in case.wal.of(case.governance.executions_table) if change.row_id == row.id]
    inserts = sum(change.op == "insert" for change in changes)
    finals = sum((change.after or {}).get("status") != "in_progress" for change in changes if change.op == "update")
    pairs: list[tuple[str, object, object]] = [
        ("times it was inserted", 1, inserts),
        ("times it became final", 1, finals),
        ("name", started.runbook, row.runbook_name),
        ("version", started.version, row.runbook_version),
        ("operator", started.operator, row.executed_by),
        ("status", "a final one" if ended is None else ended.status, row.status),
        ("state before", started.state_before, row.system_state_before),
        ("state after", None if ended is None else ended.state_after, row.system_state_after),
    ]
    yield from ((what + " differs", ours, theirs) for what, ours, theirs in pairs if ours != theirs)
    yield from _time_problems(execution, row)
    if row.system_state_before is None or (row.status == "completed" and row.system_state_after is None):
        yield "no snapshot of the system's state", "before and after", "missing"
    if row.status == "failed" and not row.error_reason:
        yield "failed without a reason", "error_reason", "none"


def _time_problems(execution: WitnessedExecution, row: ExecutionRow) -> Iterator[tuple[str, object, object]]:
    if abs(row.start_time - execution.started.at) > _NEAR:
        yield "start time differs", execution.started.at.isoformat(), row.start_time.isoformat()
    if row.end_time is None or row.duration_seconds is None:
        yield "no end time or duration", "both", "missing"
    elif row.duration_seconds != int((row.end_time - row.start_time).total_seconds()):
        yield "duration is not end − start", int((row.end_time - row.start_time).total_seconds()), row.duration_seconds
    elif execution.ended is not None and abs(row.end_time - execution.ended.at) > _NEAR:
        yield "end time differs", execution.ended.at.isoformat(), row.end_time.isoformat()


def _typed_for_a_cause(case: Case, inquiry: Inquiry, execution: WitnessedExecution, step: RunbookStep) -> None:
    """A gap of the declaration keeps only this question from an answer."""
    try:
        may = most_tries(case, step)
    except CannotTell as gap:
        inquiry.cannot_tell(gap)
        return
    if may < step.tries:
        inquiry.find(
            _step_name(execution, step),
            f"typed {plural(step.tries, 'time')} without a cause for each: {step.command}",
            keys=execution.keys,
            expected=f"at most {plural(may, 'time')}",
            actual=plural(step.tries, "time"),
            events=(step,),
        )


@check("Every runbook, carried out exactly as documented, gave the documented output at each step and completed")
def runbook_steps_exact(case: Case, inquiry: Inquiry) -> None:
    documents: dict[tuple[str, str], str] = {}
    for execution in case.executions:
        started, ended, keys = execution.started, execution.ended, execution.keys
        for step in execution.steps:
            inquiry.examine()
            _step_is_exact(inquiry, execution, step)
            _typed_for_a_cause(case, inquiry, execution, step)
        if not execution.steps and ended is not None:
            inquiry.find(_name(execution), "an execution without a step", keys=keys, events=(started,))
        wound_up = started.execution_id in handed_over(case)
        if ended is not None and ended.status != "completed" and not wound_up:
            what = f"the execution {ended.status}"
            seen = (ended, started)
            inquiry.find(_name(execution), what, keys=keys, expected="completed", actual=ended.error, events=seen)
        if case.whole and ended is None:
            inquiry.find(_name(execution), "the execution never ended", keys=keys, events=(started,))
        if documents.setdefault((started.runbook, started.version), started.sha256) != started.sha256:
            what = "another text under the same name and version"
            inquiry.find(_name(execution), what, keys=keys, actual=started.sha256, events=(started,))
        _text_is_shipped(case, inquiry, execution)
        _record_is_consistent(case, inquiry, execution)
    _nothing_improvised(case, inquiry)
    _excuse_none(case, inquiry)


def _text_is_shipped(case: Case, inquiry: Inquiry, execution: WitnessedExecution) -> None:
    """The runbook that the operator followed is the shipped file: the whole text, and each step carried out."""
    name, known = _name(execution), case.started.runbooks.get(execution.started.runbook)
    if known is None:
        what, seen = "a runbook that is not among those shipped", (execution.started,)
        inquiry.find(name, what, keys=execution.keys, events=seen)
        return
    if known.sha256 != execution.started.sha256:
        what, actual = "another text than the one shipped", execution.started.sha256
        inquiry.find(name, what, keys=execution.keys, expected=known.sha256, actual=actual, events=(execution.started,))
    for step in execution.steps:
        if known.steps.get(f"{step.section} {step.step}") != step_digest(step.command, step.expected):
            what = "the step is not as the shipped runbook has it"
            subject = _step_name(execution, step)
            inquiry.find(subject, what, keys=execution.keys, actual=step.command, events=(step,))


def _record_is_consistent(case: Case, inquiry: Inquiry, execution: WitnessedExecution) -> None:
    """What the operator noted of an execution agrees with itself, and with the requests that were made."""
    for what, expected, actual, event in _contradictions(case, execution):
        seen = (event, execution.started)
        inquiry.find(_name(execution), what, keys=execution.keys, expected=expected, actual=actual, events=seen)


def _contradictions(
    case: Case, execution: WitnessedExecution
) -> Iterator[tuple[str, object, object, ExecutionStarted | ExecutionEnded | RunbookStep]]:
    started, ended = execution.started, execution.ended
    if (started.alert_id is None) == (started.task_id is None):
        yield "an execution is for an alert or a task", "one of them", (started.alert_id, started.task_id), started
    if any(step.writes for step in execution.steps) and started.writes is not True:
        yield "a step writes, and the execution does not", True, started.writes, started
    for step in execution.steps:
        if (wrote := _wrote(case, step)) and step.writes is not True:
            yield f"{_step_name(execution, step)}: the step writes", wrote, step.writes, step
    if ended is None:
        return
    seconds = int((ended.at - started.at).total_seconds())
    if ended.runbook != started.runbook:
        yield "another runbook ended than began", started.runbook, ended.runbook, ended
    if not isinstance(ended.sim_duration_seconds, int) or abs(ended.sim_duration_seconds - seconds) > _NEAR.seconds:
        yield "the duration is not end - start", seconds, ended.sim_duration_seconds, ended
    if (ended.error is None) != (ended.status == "completed"):
        yield "a reason belongs to a failure, and to nothing else", ended.status, ended.error, ended


def _wrote(case: Case, step: RunbookStep) -> str:
    """A request of the step that left an audit record; empty if there is none."""
    return next((request for request in step.request_ids if request in case.remembered(recorded_requests)), "")


def _nothing_improvised(case: Case, inquiry: Inquiry) -> None:
    """Every request that an operator sends belongs to a documented step that names it.

    If the history breaks off during an execution, its last step is not recorded yet and is not judged.
    """
    told = {request for execution in case.executions for step in execution.steps for request in step.request_ids}
    ended = {item.started.execution_id: item for item in case.executions if item.ended is not None}
    for exchange in case.events(Exchange):
        execution = ended.get(exchange.execution_id or "")
        if exchange.actor != "operator" or execution is None or exchange.request_id in told:
            continue
        if not comes_again(case, exchange, told):
            inquiry.find(
                _name(execution),
                f"{exchange.method} {exchange.path} belongs to no documented step",
                keys=replace(execution.keys, request_id=exchange.request_id),
                actual=exchange.request_id,
                events=(exchange,),
            )


def _step_is_exact(inquiry: Inquiry, execution: WitnessedExecution, step: RunbookStep) -> None:
    if not step.matched or step.exit_status != step.expected_exit_status:
        inquiry.find(
            _step_name(execution, step),
            f"not the documented output of: {step.command}",
            keys=execution.keys,
            expected=f"{step.expected} (exit {step.expected_exit_status})",
            actual=f"{step.output} (exit {step.exit_status})",
            events=(step,),
        )


def _step_name(execution: WitnessedExecution, step: RunbookStep) -> str:
    return f"{execution.started.runbook}, {step.section} step {step.step} (line {step.line})"


@check("Every step was logged as started before it ran and with its outcome before the next began", needs_end=True)
def runbook_steps_logged(case: Case, inquiry: Inquiry) -> None:
    notes = _step_notes(case)
    for execution in case.executions:
        log = notes.get(execution.started.execution_id, [])
        for step, following in zip_longest(execution.steps, execution.steps[1:]):
            inquiry.examine()
            begun = _noted(log, step, "started")
            outcome = _noted(log, step, "passed" if step.matched else "failed")
            next_begun = None if following is None else _noted(log, following, "started", after=step.seq)
            if begun is None or begun.seq > step.seq:
                _not_logged(inquiry, execution, step, "was not logged before it ran")
            elif outcome is None:
                _not_logged(inquiry, execution, step, "has no outcome in the log")
            elif next_begun is not None and outcome.seq > next_begun.seq:
                _not_logged(inquiry, execution, step, "was logged after the next had begun")
    _excuse_none(case, inquiry)


def _step_notes(case: Case) -> Mapping[str, list[Exchange]]:
    notes: dict[str, list[Exchange]] = {}
    for exchange in case.events(Exchange):
        body = exchange.request_body
        if exchange.path.endswith(_STEP_PATH) and exchange.status == _OK and isinstance(body, dict):
            notes.setdefault(str(body.get("execution_id")), []).append(exchange)
    return notes


def _noted(log: list[Exchange], step: RunbookStep, outcome: str, *, after: int = 0) -> Exchange | None:
    """The request that logged a step; a step that ran twice because of a branch has several: the nearest counts."""
    found = [
        exchange
        for exchange in log
        if isinstance(body := exchange.request_body, dict)
        and (str(body.get("phase")).lower(), body.get("step"), body.get("outcome"))
        == (step.section.lower(), step.step, outcome)
        and exchange.seq > after
    ]
    return min(found, key=lambda exchange: abs(exchange.seq - step.seq), default=None)


def _not_logged(inquiry: Inquiry, execution: WitnessedExecution, step: RunbookStep, what: str) -> None:
    inquiry.find(_step_name(execution, step), f"the step {what}", keys=execution.keys, events=(step,))


@check("Every runbook that the run called for was rehearsed in it", needs_end=True)
def runbooks_rehearsed(case: Case, inquiry: Inquiry) -> None:
    completed = sorted(
        {item.started.runbook for item in case.executions if item.ended and item.ended.status == "completed"}
    )
    inquiry.examine(len(completed))
    for name in sorted(_asked_for(case) - set(completed)):
        inquiry.find(name, "was called for and not carried out to its end", keys=Keys(runbook=name))
    inquiry.leave_unverified(
        f"simulate runbook test carries out each; this run carried out {', '.join(completed) or 'no runbook'}"
    )
