"""Contests: order, automatic transitions, stages, ERROR."""

from __future__ import annotations

import pytest

from simulation.checks.automatic import lifecycle_automatic, settlement_automatic
from simulation.checks.base import Check
from simulation.checks.lifecycle import contests_paid_out, error_states_recovered, lifecycle_order, no_error_state
from simulation.events import (
    ExecutionEnded,
    ExecutionStarted,
    FaultInjected,
    FaultScheduled,
    JobSummary,
    ProviderAnswer,
)
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import moved
from tests.unit.checks.story_runbook import exchange


def _never(book: Book, status: str) -> None:
    book.writes.remove(book.write_of("contests", status=status))


def _move(book: Book, status: str, at: object) -> None:
    write = book.write_of("contests", status=status)
    write.at = at  # type: ignore[assignment]


def _error(book: Book) -> None:
    for status, previous, at in (("ERROR", "LIVE", day(3)), ("COMPLETE", "ERROR", day(3, 1))):
        book.write(at, ("contests", {"id": "C1", "status": status}), ("contest_audit", moved(previous, status, at)))
    _never(book, "COMPLETE")


def _recovery(book: Book) -> None:
    _error(book)
    book.edit(ExecutionStarted, {}, at=day(3, 0, 30))
    book.edit(ExecutionEnded, {}, at=day(3, 2))


def _terms(book: Book) -> None:
    book.write(day(3), ("contests", {"id": "C1", "entry_fee_cents": 2_000}))


def _by_hand(book: Book) -> None:
    for row in book.write_of("contests", status="LOCKED").rows("contest_audit"):
        row["actor"] = "olga"


def _settled_by_hand(book: Book, execution_id: str | None) -> None:
    audit = book.write_of("settlements").audit
    assert audit is not None
    audit["request_id"] = "by-hand"
    exchange(
        book, "/api/admin/contests/C1/settlement-run", day(5, 9, 15), request_id="by-hand", execution_id=execution_id
    )


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "a stage skipped": (lifecycle_order, lambda b: _never(b, "LIVE"), "moved from LOCKED to COMPLETE"),
    "terms changed after the lock": (lifecycle_order, _terms, "entry_fee_cents changed after the contest was locked"),
    "locked by a person": (lifecycle_automatic, _by_hand, "LOCKED was not made by the system"),
    "locked before its time": (
        lifecycle_automatic,
        lambda b: _move(b, "LOCKED", day(1, 7)),
        "LOCKED before its signal",
    ),
    "locked late": (lifecycle_automatic, lambda b: _move(b, "LOCKED", day(1, 8, 30)), "became LOCKED too late"),
    "never locked": (lifecycle_automatic, lambda b: _never(b, "LOCKED"), "never became LOCKED"),
    "live before its start": (lifecycle_automatic, lambda b: _move(b, "LIVE", day(1, 8, 30)), "LIVE before its signal"),
    "live late": (lifecycle_automatic, lambda b: _move(b, "LIVE", day(1, 12)), "became LIVE too late"),
    "live though no field was known": (
        lifecycle_automatic,
        lambda b: b.drop(ProviderAnswer),
        "became LIVE before its signal",
    ),
    "complete inferred from silence": (
        lifecycle_automatic,
        lambda b: b.drop(ProviderAnswer, revision=2),
        "became COMPLETE before its signal",
    ),
    "complete late": (
        lifecycle_automatic,
        lambda b: b.edit(ProviderAnswer, {"revision": 2}, at=day(5, 8)),
        "became COMPLETE too late",
    ),
    "settled late": (
        settlement_automatic,
        lambda b: setattr(b.write_of("settlements"), "at", day(5, 14)),
        "settled too late",
    ),
    "settled by hand": (settlement_automatic, lambda b: _settled_by_hand(b, None), "settled by hand"),
    "settled by a runbook though it had not failed": (
        settlement_automatic,
        lambda b: _settled_by_hand(b, "x-1"),
        "settled by hand",
    ),
    "not paid out": (
        contests_paid_out,
        lambda b: b.amend("contests", "C1", paid_out_at=None),
        "the contest was not paid out",
    ),
    "payout job open": (
        contests_paid_out,
        lambda b: b.amend("payout_jobs", "j1", status="processing"),
        "the contest was not paid out",
    ),
    "stuck in LIVE": (
        contests_paid_out,
        lambda b: b.observe("contests", lambda rows: [{**rows[0], "status": "LIVE"}]),
        "not paid out",
    ),
    "contest missing": (
        contests_paid_out,
        lambda b: b.observe("contests", lambda rows: []),
        "does not exist at the end of the run",
    ),
    "settled before it was complete": (
        contests_paid_out,
        lambda b: b.amend("contests", "C1", settled_at=day(4)),
        "stages out of order",
    ),
    "in ERROR": (no_error_state, _error, "entered ERROR"),
    "in ERROR without a runbook": (error_states_recovered, _error, "without a documented recovery"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_an_error_that_a_runbook_ended_is_recovered() -> None:
    book = passing()
    _recovery(book)

    assert run(error_states_recovered, book).outcome == "pass"


def test_a_runbook_may_settle_what_had_failed() -> None:
    book = passing()
    _settled_by_hand(book, "x-1")
    book.write(day(5, 9, 11), ("settlement_runs", {"run_id": "run0", "contest_id": "C1", "status": "FAILED"}))

    assert run(settlement_automatic, book).outcome == "pass"


def test_an_incomplete_final_board_may_complete_a_contest_early() -> None:
    book = passing()
    book.edit(ProviderAnswer, {"revision": 2}, fault_id="torn")

    assert run(lifecycle_automatic, book).outcome == "pass"


def test_without_a_summary_of_the_lifecycle_job_nobody_can_tell_what_is_late() -> None:
    assert_unknown(lifecycle_automatic, passing(), lambda b: b.drop(JobSummary, job="lifecycle"), "lifecycle")


def test_without_transactions_nothing_is_known_of_the_order() -> None:
    assert_unknown(lifecycle_order, passing(), lambda b: b.writes.clear(), "recorded no transaction")


def _row_held(
    book: Book, *, contest: str = "C1", fault_kind: str = "contest_row_held", request: str = "by-hand"
) -> None:
    """Another session holds the row from 07:59; the runbook for it locks the contest at 08:30."""
    _move(book, "LOCKED", day(1, 8, 30))
    _by_hand(book)
    audit = book.write_of("contests", status="LOCKED").audit
    assert audit is not None
    audit["request_id"] = "by-hand"
    (execution,) = [event for event in book.entries if isinstance(event, ExecutionStarted)]
    book.edit(ExecutionStarted, {}, at=day(1, 8, 20), runbook="unlock")
    book.edit(ExecutionEnded, {}, at=day(1, 8, 40))
    exchange(
        book,
        "/api/admin/contests/C1/force-lock",
        day(1, 8, 30),
        request_id=request,
        execution_id=execution.execution_id,
    )
    names = {"fault_id": "held", "fault_kind": fault_kind}
    scheduled = FaultScheduled(
        **names,
        starts_at=day(1, 7, 59),
        ends_at=day(1, 11),
        keys={"contest": "open"},
        expectation="runbook",
        runbook="unlock",
    )
    book.add(scheduled, day(0))
    book.add(FaultInjected(**names, keys={"contest": contest}, detail="held"), day(1, 7, 59))


def test_a_contest_whose_row_was_held_may_be_locked_late_and_by_the_runbook_for_it() -> None:
    book = passing()
    _row_held(book)
    result = run(lifecycle_automatic, book)
    assert (result.findings, result.unknown) == ((), None)


HELD_BREAKS: dict[str, tuple[Break, str]] = {
    "the row of another contest was held": (lambda b: _row_held(b, contest="C2"), "became LOCKED too late"),
    "something else went wrong": (
        lambda b: _row_held(b, fault_kind="webhook_lost"),
        "LOCKED was not made by the system",
    ),
    "the lock came from outside the runbook": (
        lambda b: _row_held(b, request="another"),
        "LOCKED was not made by the system",
    ),
}


@pytest.mark.parametrize("name", HELD_BREAKS)
def test_nothing_else_excuses_a_lock_by_hand_or_too_late(name: str) -> None:
    spoil, message = HELD_BREAKS[name]
    assert_found(lifecycle_automatic, passing(), spoil, message)
