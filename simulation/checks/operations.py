"""Background jobs that never stopped, and convergence: nothing left open after the last fault.

Source: fixtures/spec/platform.md (Background work), simulation/DESIGN.md (Faults).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import BUSY_SECONDS, CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.checks.evidence.missed_runs import broken_off_by_stripe, excused
from simulation.checks.evidence.relations import (
    ExecutionRow,
    PayoutJobRow,
    RefundRow,
    Relation,
    StripeEventRow,
    TransferRow,
)
from simulation.contract.business import Lacking
from simulation.events import JobFailed, JobSummary, ProgramEnded

_JOBS = ("lifecycle", "ingestion", "settlement", "payout", "reconciliation")
_JOBS_OF: Mapping[Lacking, Sequence[str]] = {
    "reconciliation": ("reconciliation",),
    "provider": ("ingestion",),
    "contests": ("lifecycle", "settlement", "payout"),
}
"""What a business may not have → the jobs that it then does not have either."""
_FINAL = frozenset({"completed", "failed_terminal"})


@check("Every background job ran from start to end without a gap and without an exception", needs_end=True)
def jobs_ran(case: Case, inquiry: Inquiry) -> None:
    for ended in case.events(ProgramEnded):
        inquiry.find(
            f"program {ended.program} ({ended.place})",
            "it ended by itself" + ("" if ended.started_again else ", once too often for its supervisor"),
            keys=Keys(program=ended.program),
            expected="it runs until it is stopped",
            actual=f"status {ended.status}, after: {' | '.join(ended.last_words.split(' | ')[-2:])}",
            events=(ended,),
            cause=True,
        )
    absent = {job for what, jobs in _JOBS_OF.items() if case.lacks(what) for job in jobs}
    for word in (job for job in _JOBS if job not in absent):
        try:
            summary = case.job(word)
        except CannotTell as gap:  # of this job alone
            inquiry.cannot_tell(gap)
            continue
        inquiry.examine(summary.runs)
        _without_gap(case, inquiry, summary)
    for failure in (one for one in case.events(JobFailed) if not broken_off_by_stripe(case, one)):
        keys = Keys(job=failure.job)
        inquiry.find(failure.job, "the job raised", keys=keys, actual=failure.error, events=(failure,), cause=True)


def _without_gap(case: Case, inquiry: Inquiry, summary: JobSummary) -> None:
    """Each period in which the job did not run is judged separately: only what happened within it may excuse it."""
    usual = timedelta(seconds=summary.interval_seconds + BUSY_SECONDS)
    start, end = case.started.absence_start, case.ended.at
    keys = Keys(job=summary.job)
    if not summary.runs or summary.first_at is None or summary.last_at is None:
        if start + usual + excused(case, summary, start, end) <= end:
            inquiry.find(summary.job, "never ran", keys=keys, events=(summary,), cause=True)
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
                keys=keys,
                expected=f"at most {allowed}",
                actual=f"{until - since}, from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}",
                at=since,
                events=(summary,),
                cause=True,
            )
    largest = timedelta(seconds=summary.largest_gap_seconds)
    if largest > max([usual, *(gap.until - gap.since for gap in summary.gaps)]):
        inquiry.find(
            summary.job,
            "the job paused",
            keys=keys,
            expected=f"at most {usual}",
            actual=largest,
            events=(summary,),
            cause=True,
        )


@check("The world came to rest in time after the last fault, with nothing left open", needs_end=True)
def convergence(case: Case, inquiry: Inquiry) -> None:
    ended = case.ended
    inquiry.examine()
    if ended.converged_at is None or ended.converged_at > ended.converge_deadline or ended.pending:
        inquiry.find(
            "run",
            "did not converge in time",
            keys=NO_KEYS,
            expected=f"by {ended.converge_deadline:%Y-%m-%d %H:%M}",
            actual=", ".join(ended.pending) or f"{ended.converged_at}",
            events=(ended,),
        )
    for what, status, row in _must_be_final(case):
        inquiry.examine()
        if status is not None:
            inquiry.find(
                what,
                "still open at the end",
                keys=row.keys,
                amount_cents=row.amount_cents if isinstance(row, TransferRow | RefundRow) else None,
                actual=status,
                events=(ended,),
            )


def _must_be_final(case: Case) -> Iterator[tuple[str, str | None, Relation]]:
    """Each row that must end in a final status: its description, its status or None where that is final, the row."""
    for transfer in case.rows(TransferRow):
        status = None if transfer.status in _FINAL else transfer.status
        yield f"transfer {transfer.transfer_id}", status, transfer
    for refund in case.rows(RefundRow):
        yield f"refund {refund.refund_id}", None if refund.status in (*_FINAL, "owed") else refund.status, refund
    for job in case.rows(PayoutJobRow):
        yield f"payout job of {case.name(job.contest_id)}", None if job.status == "complete" else job.status, job
    for row in case.rows(ExecutionRow):
        yield f"execution {row.id}", row.status if row.status in ("pending", "in_progress") else None, row
    for event in case.rows(StripeEventRow):
        status = event.processing_status
        yield f"event {event.stripe_event_id}", None if status == "PROCESSED" else status, event


@check("People reviewed what happened")
def postmortem_reviewed(case: Case, inquiry: Inquiry) -> None:
    if not case.whole:
        raise CannotTell("there is no whole run to review")
    inquiry.leave_unverified("a review is people's work: the run leaves report.html, and postmortem.md when it failed")
