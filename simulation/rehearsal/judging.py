"""The conditions for each of the three ways. Every function yields problems as text; none means that it passed."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.checks.evidence.bundle import lacking_in_bundle
from simulation.checks.evidence.relations import ExecutionRow, PayoutJobRow, RefundRow, TransferRow
from simulation.checks.verdict import judge
from simulation.events import Exchange
from simulation.rehearsal.observed_run import Lived
from simulation.world.operator.runbook import Section

EXCUSED = {
    "runbook_steps_exact": "a step was made to fail",
    "runbooks_rehearsed": "the runbook did not complete",
    "no_escalation": "the failed execution is escalated",
    "faults_recovered": "nobody recovered the fault after that",
    "lost_rows_restored": "nobody brought the rows back after that",
    "promised_events": "a task, or what the trouble keeps from happening, did not complete",
    "alerts_answered": "the alert fires on",
    "convergence": "the trouble stays",
    "contests_paid_out": "the trouble may keep a prize from being paid",
    "transfers_final": "the trouble may keep a transfer open",
    "expected_prizes": "the trouble may keep a prize from being paid",
    "clearing_accounts_drained": "the trouble may keep a prize or a payment open",
    "three_way_reconciliation": "the trouble may keep a payment from being booked",
    "rows_accounted_for": "the trouble may keep a payment, and with it a prize, from being booked",
    "values_as_declared": "the trouble may keep a paid entrant out of the settlement",
    "lifecycle_automatic": "the trouble may keep a contest from going on",
    "settlement_automatic": "the trouble may keep a contest from being settled",
    "payout_automatic": "the trouble may keep a prize from being paid",
    "error_states_recovered": "the trouble stays",
    "no_error_state": "the trouble stays",
    "scores_applied": "the trouble may keep scores from coming in",
    "ingestion_automatic": "the trouble may keep scores from coming in",
}
"""Checks that may have findings when the only recovery was made to fail, each with the reason. All other checks must
have none: a failed runbook must do no harm."""
_BETWEEN = {"processing", "in_progress", "STARTED", "RUNNING"}


def recovered(lived: Lived) -> Iterator[str]:
    """The run passes all checks, and the runbook was carried out to its end, including Verification."""
    execution = lived.execution
    if execution is None:
        yield "the runbook was never started"
        return
    if execution.ended is None or execution.ended.status != "completed":
        yield f"the execution {execution.ended.status if execution.ended else 'never ended'}: {_error(lived)}"
    if not any(step.matched for step in lived.steps_of(Section.VERIFICATION)):
        yield "no step of Verification was carried out"
    if lived.runbook.writes and lived.first_writing is None:
        yield "the runbook writes, but the way it took left every writing step out"
    verdict = judge(lived.history)
    for result in verdict.results:
        if result.findings:
            yield f"the jury: {result.check}: {result.findings[0].message}"
        elif result.outcome == "unknown":
            yield f"the jury: {result.check} is unknown: {result.unknown}"


def rolled_back(lived: Lived) -> Iterator[str]:
    """After the last step of Verification failed: the writes are undone, and the failure is recorded and escalated."""
    yield from _ended_as_failed(lived)
    yield from _undone(lived)


def failed_safely(lived: Lived) -> Iterator[str]:
    """After a step failed: it stopped there, the failure is recorded and escalated, nothing is half done or harmed."""
    yield from _ended_as_failed(lived)
    yield from _stopped_at_the_failed_step(lived)
    yield from _undone(lived)
    yield from _half_done(lived)
    for result in judge(lived.history).results:
        if result.findings and result.check not in EXCUSED:
            yield f"the jury: {result.check}: {result.findings[0].message}"


def _ended_as_failed(lived: Lived) -> Iterator[str]:
    execution = lived.execution
    if execution is None:
        yield "the runbook was never started"
        return
    if execution.ended is None or execution.ended.status != "failed":
        status = execution.ended.status if execution.ended else "never ended"
        yield f"a step failed, and the execution {status}"
        return
    rows = [row for row in lived.case.rows(ExecutionRow) if row.id == execution.started.execution_id]
    if [(row.status, bool(row.error_reason)) for row in rows] != [("failed", True)]:
        yield "the platform's record does not say failed, with a reason"
    if not lived.escalations:
        yield "nobody was told: the failure was not escalated"
    for escalated in lived.escalations:
        if lacking := lacking_in_bundle(lived.case, escalated):
            yield f"escalated without {lacking}"
    collected = lived.steps_of(Section.ESCALATION)
    if not collected or not all(step.matched for step in collected):
        yield "the escalation was sent without what its steps collect"


def _stopped_at_the_failed_step(lived: Lived) -> Iterator[str]:
    failed = next((step for step in lived.steps if not step.matched), None)
    if failed is None:
        yield "every step passed, although one was made to fail"
        return
    after = [step for step in lived.steps[lived.steps.index(failed) + 1 :] if step.section not in _AFTER_A_FAILURE]
    if after:
        yield f"it went on after the failed step: {after[0].section} step {after[0].step}"
    wanted = (failed.section, failed.step, "failed")
    notes = (event.request_body for event in lived.history.of(Exchange) if event.path.endswith("/runbooks/step"))
    if not any(
        isinstance(note, dict) and (note.get("phase"), note.get("step"), note.get("outcome")) == wanted
        for note in notes
    ):
        yield "the failed step is not in the platform's audit trail"


_AFTER_A_FAILURE = (Section.ROLLBACK.value, Section.ESCALATION.value)


def _undone(lived: Lived) -> Iterator[str]:
    rollback = lived.steps_of(Section.ROLLBACK)
    if any(step.writes for step in lived.steps) and not rollback:
        yield "something was written, and Rollback was not carried out"
    for step in rollback:
        if not step.matched:
            yield f"Rollback step {step.step} (line {step.line}) did not go as written: {_answer(step.output)}"
    for difference in lived.left_changed:
        yield f"not as it was before the first writing step: {difference}"
    if len({tuple(sorted(settings.items())) for settings in lived.configuration}) > 1:
        yield "the platform's configuration is not what it was before"


def _half_done(lived: Lived) -> Iterator[str]:
    """At the end of the run, hours later, no transfer, payout job or refund may be in an intermediate state."""
    for kind, name in ((TransferRow, "transfer_id"), (PayoutJobRow, "job_id"), (RefundRow, "refund_id")):
        for row in lived.case.rows(kind):
            status = str(getattr(row, "status", ""))
            if status in _BETWEEN and not (kind is PayoutJobRow and _waits_for_a_transfer(lived)):
                yield f"half done: {kind.relation[:-1].replace('_', ' ')} {getattr(row, name)} is {status}"


def _waits_for_a_transfer(lived: Lived) -> bool:
    return any(row.status in ("pending", "retryable") for row in lived.case.rows(TransferRow))


def _error(lived: Lived) -> str:
    return "" if lived.execution is None or lived.execution.ended is None else lived.execution.ended.error or ""


def _answer(output: str) -> str:
    return output if len(output) <= 200 else output[:200] + " …"
