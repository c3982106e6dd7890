"""The trail: audit records against the log, permanence, dates, books against the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.checks.audit import audit_completeness, transition_audit
from simulation.checks.base import Check
from simulation.checks.evidence.case import Case
from simulation.checks.permanence import append_only, books_match_wal, time_window
from simulation.events import Change
from tests.unit.checks.builder import GOVERNANCE, Book, Break, Row, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import moved
from tests.unit.checks.story_runbook import EXECUTION


def _audit(book: Book, **updates: Any) -> None:
    audit = book.write_of("settlements").audit
    assert audit is not None
    audit.update(updates)


def _unaudited(book: Book) -> None:
    book.write_of("settlements").audit = None


def _transition(book: Book, **updates: Any) -> None:
    for row in book.write_of("contests", status="LIVE").rows("contest_audit"):
        row.update(updates)


def _without_audit_row(book: Book, status: str) -> None:
    write = book.write_of("contests", status=status)
    write.changes = [change for change in write.changes if change.table != "contest_audit"]


def _change(table: str, op: Any, **columns: Any) -> Break:
    """A change that no platform should make, with an audit record as if it were right."""

    def spoil(book: Book) -> None:
        write = book.write(day(5, 20), ("other", {"id": "o"}))
        key: Row = {"id": columns.get("id")} if op == "delete" else {}
        write.changes = [Change(table=table, op=op, new={} if op in ("delete", "truncate") else columns, key=key)]

    return spoil


def _tampered(**updates: Any) -> Break:
    return lambda book: book.observe("postings", lambda rows: [{**rows[0], **updates}, *rows[1:]])


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "a change without a record": (audit_completeness, _unaudited, "without an audit record"),
    "a record without a change": (
        audit_completeness,
        lambda b: b.write(day(3), ("ungoverned", {"id": "1"})),
        "without a change that it explains",
    ),
    "a record without a reason": (audit_completeness, lambda b: _audit(b, reason=" "), "audit record without reason"),
    "a record without an actor": (audit_completeness, lambda b: _audit(b, actor=None), "audit record without actor"),
    "a record without a request": (audit_completeness, lambda b: _audit(b, request_id=""), "without request_id"),
    "a record of another transaction": (
        audit_completeness,
        lambda b: _audit(b, transaction_id=99),
        "another transaction",
    ),
    "a record with the wrong time": (
        audit_completeness,
        lambda b: _audit(b, created_at=day(4).isoformat()),
        "not dated at its commit",
    ),
    "a transition without its row": (
        transition_audit,
        lambda b: _without_audit_row(b, "LIVE"),
        "LOCKED → LIVE has no audit row",
    ),
    "a creation without its row": (
        transition_audit,
        lambda b: _without_audit_row(b, "SCHEDULED"),
        "creation has no audit row",
    ),
    "a transition without reason": (transition_audit, lambda b: _transition(b, reason=""), "transition without reason"),
    "a transition without actor": (transition_audit, lambda b: _transition(b, actor=""), "transition without actor"),
    "a transition from elsewhere": (
        transition_audit,
        lambda b: _transition(b, from_status="SCHEDULED"),
        "from another status than it had",
    ),
    "a transition with the wrong time": (
        transition_audit,
        lambda b: _transition(b, created_at=day(4).isoformat()),
        "not dated at its commit",
    ),
    "a transition that did not happen": (
        transition_audit,
        lambda b: b.write(day(3), ("contest_audit", moved("LIVE", "ERROR", day(3)))),
        "did not happen",
    ),
    "a posting edited": (
        append_only,
        _change("postings", "update", id="rest:debit", amount_cents=1),
        "update on an append",
    ),
    "a posting deleted": (append_only, _change("postings", "delete", id="rest:debit"), "delete on an append-only"),
    "the ledger truncated": (append_only, _change("postings", "truncate"), "truncate on an append-only table"),
    "an audit record deleted": (append_only, _change("audit", "delete", id="a1"), "delete on an append-only table"),
    "an execution deleted": (append_only, _change("runbook_executions", "delete", id=EXECUTION), "was deleted"),
    "an execution edited after its end": (
        append_only,
        _change("runbook_executions", "update", id=EXECUTION, error_reason="x"),
        "changed after it was completed",
    ),
    "an execution that began completed": (
        append_only,
        _change("runbook_executions", "insert", id="x-2", status="completed"),
        "began with status completed",
    ),
    "an execution that went back": (
        append_only,
        lambda b: b.write(day(5, 10, 0, 50), ("runbook_executions", {"id": EXECUTION, "execution_phase": "detection"})),
        "phase or step went back",
    ),
    "an execution under another name": (
        append_only,
        lambda b: b.write(day(5, 10, 0, 50), ("runbook_executions", {"id": EXECUTION, "runbook_name": "x"})),
        "runbook_name changed",
    ),
    "a completed transfer reopened": (
        append_only,
        lambda b: b.write(day(5, 20), ("transfers", {"id": "tr-ann", "status": "pending"})),
        "status changed after",
    ),
    "a transfer deleted": (append_only, _change("transfers", "delete", id="tr-ann"), "the transfer was deleted"),
    "a row dated in the future": (
        time_window,
        lambda b: b.amend("settlements", "s1", settled_at=day(9)),
        "dated outside the simulated window",
    ),
    "a row with the machine's own time": (
        time_window,
        lambda b: b.amend("refunds", "r-pi_cat2", created_at="2024-01-01 00:00:00+00"),
        "dated outside",
    ),
    "a commit outside": (
        time_window,
        lambda b: setattr(b.write_of("refunds"), "at", day(-3)),
        "committed outside the simulated window",
    ),
    "a posting altered behind the log": (books_match_wal, _tampered(amount_cents=7), "amount_cents differs"),
    "a posting that the log has not": (books_match_wal, _tampered(posting_id="new"), "in the database, not in the log"),
    "a posting hidden": (
        books_match_wal,
        lambda b: b.observe("postings", lambda rows: rows[1:]),
        "in the log, not in the database",
    ),
    "books of which the log knows nothing": (
        books_match_wal,
        lambda b: b.observe("refunds", lambda rows: [{**rows[0], "refund_id": "x"}]),
        "no row of it is in the write-ahead log",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_planned_times_may_lie_outside_the_window() -> None:
    book = passing()
    book.amend("contests", "C1", end_time=day(40))

    assert run(time_window, book).outcome == "pass"


@pytest.mark.parametrize(("beyond", "outcome"), [(timedelta(microseconds=999), "pass"), (timedelta(seconds=1), "fail")])
def test_within_its_last_second_the_window_is_not_over(beyond: timedelta, outcome: str) -> None:
    book = passing()
    last = Case(book.history(), GOVERNANCE).started.window_end
    book.amend("settlements", "s1", settled_at=last + beyond)

    assert run(time_window, book).outcome == outcome


def _sessions(*ends: tuple[datetime, datetime]) -> Book:
    """A table that nobody declares: when a row was written, and the moment that it holds."""
    book = passing()
    for number, (at, ends_at) in enumerate(ends):
        book.write(at, ("sessions", {"id": f"n{number}", "ends_at": f"{ends_at:%Y-%m-%d %H:%M:%S}+00"}))
    return book


PLANS = {
    "two weeks from then": [(day(at), day(at + 14)) for at in (1, 2, 3, 4)],
    "the same day for all": [(day(at), day(400)) for at in (1, 2, 3, 4)],
    "one of two days": [(day(1), day(400)), (day(2), day(400, 1)), (day(3), day(400))],
    "a single one": [(day(1), day(300))],
}


@pytest.mark.parametrize("which", PLANS)
def test_a_deadline_of_a_table_that_nobody_declares_is_no_other_clock(which: str) -> None:
    assert run(time_window, _sessions(*PLANS[which])).outcome == "pass"


CLOCKS = {
    "the machine's own": [(day(at), day(200, 0, 0, at)) for at in (1, 2, 3, 4)],
    "once right, once not": [(day(1), day(1)), (day(2), day(200)), (day(3), day(201))],
    "in the past": [(day(1), day(-300))],
}


@pytest.mark.parametrize("which", CLOCKS)
def test_another_clock_is_found_in_a_table_that_nobody_declares(which: str) -> None:
    result = run(time_window, _sessions(*CLOCKS[which]))
    assert {finding.message for finding in result.findings} == {"dated outside the simulated window"}


def test_the_record_of_a_runbook_step_explains_itself() -> None:
    book = passing()
    write = book.write(day(5, 10, 0, 30))
    assert write.audit is not None
    write.audit["action"] = "runbook_step_passed"

    assert run(audit_completeness, book).outcome == "pass"


def test_the_record_of_a_failed_transition_may_name_what_did_not_happen() -> None:
    book = passing()
    book.write(day(3), ("contest_audit", {**moved("LIVE", "COMPLETE", day(3)), "action": "transition_failed"}))

    assert run(transition_audit, book).outcome == "pass"


def test_an_update_without_unchanged_columns_still_folds_to_the_whole_row() -> None:
    book = passing()
    write = book.write(day(5, 20), ("refunds", {"id": "r-pi_cat2", "status": "completed"}))
    write.changes = [Change(table="refunds", op="update", new={"id": "r-pi_cat2", "status": "completed"})]
    book.observe("refunds", lambda rows: [{**rows[0], "amount_cents": 1_000, "refund_id": "r-pi_cat2"}])

    assert run(books_match_wal, book).outcome == "pass"


def test_a_relation_that_was_not_observed_leaves_the_books_unknown() -> None:
    assert_unknown(books_match_wal, passing(), lambda b: b.observe("refunds", lambda rows: None), "refunds")
