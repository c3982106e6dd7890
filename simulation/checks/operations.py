"""The machinery: jobs that never stopped, and a world that came to rest after the last fault.

Source: spec/platform.md (Background work), DESIGN.md (Faults: the run must converge).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.case import BUSY_SECONDS, CannotTell, Case
from simulation.checks.relations import ExecutionRow, PayoutJobRow, RefundRow, StripeEventRow, TransferRow
from simulation.checks.stopped_timers import longest_stop
from simulation.events import FaultInjected, HostingAction, JobFailed, JobSummary, ProgramEnded

_JOBS = ("lifecycle", "ingestion", "settlement", "payout", "reconciliation")
_FINAL = frozenset({"completed", "failed_terminal"})


@check("Every background job ran from start to end without a gap and without an exception", needs_end=True)
def jobs_ran(case: Case, inquiry: Inquiry) -> None:
    for ended in case.events(ProgramEnded):
        inquiry.find(
            f"program {ended.program} ({ended.place})",
            "it ended by itself" + ("" if ended.started_again else ", once too often for its supervisor"),
            expected="it runs until it is stopped",
            actual=f"status {ended.status}, after: {' | '.join(ended.last_words.split(' | ')[-2:])}",
            events=(ended,),
            cause=True,
        )
    for word in _JOBS:
        summary = case.job(word)
        inquiry.examine(summary.runs)
        _without_gap(case, inquiry, summary)
    for failure in case.events(JobFailed):
        inquiry.find(failure.job, "the job raised", actual=failure.error, events=(failure,))


def _without_gap(case: Case, inquiry: Inquiry, summary: JobSummary) -> None:
    allowed = timedelta(seconds=summary.interval_seconds + BUSY_SECONDS) + _missed_while_stopped(case, summary)
    allowed += longest_stop(case, summary.job) + _run_lost_to_a_kill(case, summary)
    if not summary.runs or summary.first_at is None or summary.last_at is None:
        if case.started.absence_start + allowed <= case.ended.at:
            inquiry.find(summary.job, "never ran", events=(summary,))
        return
    for what, gap in (
        ("started late", summary.first_at - case.started.absence_start),
        ("paused", timedelta(seconds=summary.largest_gap_seconds)),
        ("stopped early", case.ended.at - summary.last_at),
    ):
        if gap > allowed:
            inquiry.find(summary.job, f"the job {what}", expected=f"at most {allowed}", actual=gap, events=(summary,))


def _missed_while_stopped(case: Case, summary: JobSummary) -> timedelta:
    """A platform that operations restarted cannot run its jobs meanwhile: at most one run falls into the stop."""
    stopped: datetime | None = None
    longest = timedelta()
    for action in case.events(HostingAction):
        if action.action == "stop":
            stopped = action.at
        elif action.action == "start" and stopped is not None:
            longest, stopped = max(longest, action.at - stopped), None
    return longest + timedelta(seconds=summary.interval_seconds) if longest else longest


def _run_lost_to_a_kill(case: Case, summary: JobSummary) -> timedelta:
    """A run that was killed in the middle tells of no end: the next one comes an interval after the restart."""
    killed = any(event.fault_kind == "transfer_then_killed" for event in case.events(FaultInjected))
    killed = killed or bool(case.events(ProgramEnded))
    return timedelta(seconds=summary.interval_seconds if killed else 0)


@check("The world came to rest in time after the last fault, with nothing left open", needs_end=True)
def convergence(case: Case, inquiry: Inquiry) -> None:
    ended = case.ended
    inquiry.examine()
    if ended.converged_at is None or ended.converged_at > ended.converge_deadline or ended.pending:
        inquiry.find(
            "run",
            "did not converge in time",
            expected=f"by {ended.converge_deadline:%Y-%m-%d %H:%M}",
            actual=", ".join(ended.pending) or f"{ended.converged_at}",
            events=(ended,),
        )
    for what, status in _open_ends(case):
        inquiry.examine()
        if status is not None:
            inquiry.find(what, "still open at the end", actual=status, events=(ended,))


def _open_ends(case: Case) -> list[tuple[str, str | None]]:
    """Everything that must be final, with its status where it is not."""
    ends: list[tuple[str, str | None]] = []
    for transfer in case.rows(TransferRow):
        ends.append((f"transfer {transfer.transfer_id}", None if transfer.status in _FINAL else transfer.status))
    for refund in case.rows(RefundRow):
        ends.append((f"refund {refund.refund_id}", None if refund.status in _FINAL else refund.status))
    for job in case.rows(PayoutJobRow):
        ends.append((f"payout job of {case.name(job.contest_id)}", None if job.status == "complete" else job.status))
    for row in case.rows(ExecutionRow):
        ends.append((f"execution {row.id}", row.status if row.status in ("pending", "in_progress") else None))
    for event in case.rows(StripeEventRow):
        status = event.processing_status
        ends.append((f"event {event.stripe_event_id}", None if status == "PROCESSED" else status))
    return ends


@check("People reviewed what happened")
def postmortem_reviewed(case: Case, inquiry: Inquiry) -> None:
    if not case.whole:
        raise CannotTell("there is no whole run to review")
    inquiry.leave_unverified("a review is people's work: the run leaves report.html, and postmortem.md when it failed")
