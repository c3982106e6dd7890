"""The machinery: jobs that never stopped, and a world that came to rest after the last fault.

Source: spec/platform.md (Background work), DESIGN.md (Faults: the run must converge).
"""

from __future__ import annotations

from datetime import timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import BUSY_SECONDS, CannotTell, Case
from simulation.checks.evidence.missed_runs import excused
from simulation.checks.evidence.relations import ExecutionRow, PayoutJobRow, RefundRow, StripeEventRow, TransferRow
from simulation.events import JobFailed, JobSummary, ProgramEnded

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
    """Each stretch without a run by itself: what fell into it may excuse it, and nothing else of the run."""
    usual = timedelta(seconds=summary.interval_seconds + BUSY_SECONDS)
    start, end = case.started.absence_start, case.ended.at
    if not summary.runs or summary.first_at is None or summary.last_at is None:
        if start + usual + excused(case, summary, start, end) <= end:
            inquiry.find(summary.job, "never ran", events=(summary,))
        return
    for what, since, until in (
        ("started late", start, summary.first_at),
        *(("paused", gap.since, gap.until) for gap in summary.gaps),
        ("stopped early", summary.last_at, end),
    ):
        allowed = usual + excused(case, summary, since, until)
        if until - since > allowed:
            inquiry.find(
                summary.job,
                f"the job {what}",
                expected=f"at most {allowed}",
                actual=f"{until - since}, from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}",
                at=since,
                events=(summary,),
            )
    largest = timedelta(seconds=summary.largest_gap_seconds)
    if largest > max([usual, *(gap.until - gap.since for gap in summary.gaps)]):
        inquiry.find(summary.job, "the job paused", expected=f"at most {usual}", actual=largest, events=(summary,))


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
