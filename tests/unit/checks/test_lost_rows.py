"""Rows that a fault took: excused exactly, and back exactly, by the runbook and by nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.checks.access import no_database_access
from simulation.checks.audit import audit_completeness
from simulation.checks.base import Check
from simulation.checks.lost_rows import lost_rows_restored, restored_as_it_was
from simulation.checks.permanence import append_only
from simulation.events import Change, DatabaseAccess, Exchange, FaultInjected, FaultScheduled, row_digest
from tests.unit.checks.builder import Book, Break, Write, assert_found, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_runbook import BEGIN, exchange

LOST_AT = day(5, 9, 40)
BACK_AT = BEGIN + timedelta(seconds=45)
ROW = "i1"
_NAMES = {"fault_id": "gone", "fault_kind": "contest_rows_lost"}


def lost_and_restored() -> Book:
    """The story, in which a score is deleted at 09:40 and its runbook brings it back at 10:00:45."""
    book = passing()
    scheduled: dict[str, Any] = {"starts_at": LOST_AT, "ends_at": None, "keys": {}, "expectation": "runbook"}
    book.add(FaultScheduled(**_NAMES, **scheduled, runbook="stuck"), day(0))
    _lose(book)
    keys = {"contest": "C1", "ingestion_events": row_digest([ROW])}
    book.add(FaultInjected(**_NAMES, keys=keys, detail="gone"), LOST_AT)
    book.add(_visit(), LOST_AT)
    exchange(book, "/api/admin/contests/C1/restore", BACK_AT, actor="operator", request_id="back")
    _restore(book)
    return book


def _visit() -> DatabaseAccess:
    return DatabaseAccess(role="maintenance", application="repair", access="statement", statement="DELETE", count=1)


def _lose(book: Book, *ids: str, at: datetime = LOST_AT) -> Write:
    write = book.write(at)
    write.audit = None
    write.changes = [Change(table="ingestion_events", op="delete", key={"id": row_id}) for row_id in ids or (ROW,)]
    return write


def _restore(book: Book, **altered: object) -> Write:
    original = next(row for row in book.write_of("ingestion_events", id=ROW).rows("ingestion_events"))
    write = book.write(BACK_AT, actor="ops", request_id="back")
    write.changes = [Change(table="ingestion_events", op="insert", new={**original, **altered})]  # type: ignore[dict-item]
    return write


def _restoring(book: Book) -> Write:
    return next(write for write in book.writes if write.at == BACK_AT)


def _losing(book: Book) -> Write:
    return next(write for write in book.writes if write.at == LOST_AT)


CHECKS = (lost_rows_restored, restored_as_it_was, append_only, audit_completeness, no_database_access)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_loss_and_its_restore_are_nobodys_fault(check: Check) -> None:
    result = run(check, lost_and_restored())
    assert (result.findings, result.unknown) == ((), None)


@pytest.mark.parametrize("check", [lost_rows_restored, restored_as_it_was], ids=lambda check: check.name)
def test_where_nothing_was_lost_nothing_had_to_come_back(check: Check) -> None:
    result = run(check, passing())
    assert (result.outcome, result.note != "") == ("pass", True)


def _also(book: Book, change: Change) -> None:
    _restoring(book).changes.append(change)


def _another_row(book: Book) -> None:
    _also(book, Change(table="ingestion_events", op="insert", new={"id": "i99", "event_id": "i99"}))


def _an_amount(book: Book) -> None:
    _also(book, Change(table="transfers", op="update", new={"id": "tr-bob", "amount_cents": 9_999}))


def _altered(book: Book) -> None:
    book.writes.remove(_restoring(book))
    _restore(book, validation_status="INVALID")


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "never restored": (lost_rows_restored, lambda b: b.writes.remove(_restoring(b)), "lost and never restored"),
    "restored as another row": (restored_as_it_was, _altered, "came back as another row"),
    "a row that was never there": (restored_as_it_was, _another_row, "a row that no fault took"),
    "an amount changed with it": (restored_as_it_was, _an_amount, "update in a restore"),
    "a restore by hand": (
        restored_as_it_was,
        lambda b: b.edit(Exchange, {"request_id": "back"}, actor="engineer"),
        "outside an execution of the runbook",
    ),
    "a restore in another execution": (
        restored_as_it_was,
        lambda b: b.edit(FaultScheduled, {"fault_id": "gone"}, runbook="restore"),
        "outside an execution of the runbook",
    ),
    "back without any request": (
        restored_as_it_was,
        lambda b: setattr(_restoring(b), "audit", None),
        "outside an execution of the runbook",
    ),
    "more rows than the fault says": (append_only, lambda b: _more(b), "delete on an append-only table"),
    "more rows, seen by the restore": (lost_rows_restored, lambda b: _more(b), "no transaction deleted what"),
    "at another time": (append_only, lambda b: setattr(_losing(b), "at", LOST_AT + timedelta(minutes=1)), "delete on"),
    "something else beside it": (
        audit_completeness,
        lambda b: _losing(b).changes.append(Change(table="users", op="update", new={"id": "ann"})),
        "without an audit record",
    ),
    "the role comes again": (
        no_database_access,
        lambda b: b.add(_visit(), LOST_AT + timedelta(minutes=1)),
        "during the absence",
    ),
    "a restore where nothing was lost": (
        restored_as_it_was,
        lambda b: b.drop(FaultInjected, fault_id="gone"),
        "a row that no fault took",
    ),
}


def _more(book: Book) -> None:
    _losing(book).changes.append(Change(table="ingestion_events", op="delete", key={"id": "i2"}))


@pytest.mark.parametrize("name", BREAKS)
def test_everything_else_is_found(name: str) -> None:
    check, spoil, message = BREAKS[name]
    assert_found(check, lost_and_restored(), spoil, message)


def test_a_restore_may_write_the_key_that_it_was_asked_for_under() -> None:
    book = lost_and_restored()
    _restoring(book).changes.append(Change(table="request_keys", op="insert", new={"key": "x-1-steps-2"}))
    assert run(restored_as_it_was, book).outcome == "pass"
