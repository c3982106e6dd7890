"""Scores: ingested, refused aloud, applied."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.ingestion import ingestion_automatic, ingestion_errors_logged, scores_applied
from simulation.events import ProviderAnswer, ProviderPublication, WitnessSummary
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing


def _answer(minute: int, status: int | None, **facts: Any) -> Break:
    return lambda book: book.add(
        ProviderAnswer(tournament="open", status=status, revision=None, valid=False, **facts), day(3, 0, minute)
    )


def _outage(status: int | None, count: int = 4) -> Break:
    def spoil(book: Book) -> None:
        for minute in range(count):
            _answer(minute, status)(book)

    return spoil


def _error(book: Book, at: Any) -> None:
    row = {"contest_id": "C1", "error_code": "PROVIDER_ERROR", "created_at": at}
    book.write(at, ("ingestion_errors", {"error_id": "x2", **row}))


def _scores(book: Book) -> None:
    rankings = [{"user_id": user, "rank": 1, "score": 1, "payout_cents": 0} for user in ("ann", "bob", "cat")]
    book.amend("settlements", "s1", results={"rankings": rankings, "platform_cents": 0})


def _correction(book: Book) -> ProviderPublication:
    final = next(e for e in book.entries if isinstance(e, ProviderPublication) and e.final)
    return final.model_copy(update={"revision": final.revision + 1, "payload_sha256": "shaC"})


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "a board ignored": (
        ingestion_automatic,
        lambda b: b.undo("ingestion_events", "i1"),
        "was handed out and not ingested",
    ),
    "a sound board refused": (
        ingestion_automatic,
        lambda b: b.amend("ingestion_events", "i1", validation_status="INVALID"),
        "not ingested",
    ),
    "a board never fetched": (
        ingestion_automatic,
        lambda b: b.drop(ProviderAnswer, revision=1),
        "revision 1 was never fetched",
    ),
    "a correction after the settlement that nobody asked for": (
        ingestion_automatic,
        lambda b: b.add(_correction(b), day(5, 20)),
        "a correction after the settlement was not ingested",
    ),
    "an invalid payload swallowed": (
        ingestion_errors_logged,
        lambda b: b.undo("ingestion_errors", "x1"),
        "an invalid payload left no ingestion error",
    ),
    "an error noted much later": (
        ingestion_errors_logged,
        lambda b: b.amend("ingestion_errors", "x1", created_at=day(2, 3)),
        "left no ingestion error",
    ),
    "an outage swallowed": (ingestion_errors_logged, _outage(503), "status 503 left no ingestion error"),
    "timeouts swallowed": (ingestion_errors_logged, _outage(None), "a timeout left no ingestion error"),
    "a refusal swallowed": (ingestion_errors_logged, _outage(403, 1), "status 403 left no ingestion error"),
    "an invalid payload taken": (
        ingestion_errors_logged,
        lambda b: b.amend("ingestion_events", "i1", payload_sha256="shaX"),
        "taken as valid",
    ),
    "settled on stale scores": (
        scores_applied,
        lambda b: b.undo("ingestion_events", "i2"),
        "without the provider's final board",
    ),
    "settled before the final board was in": (
        scores_applied,
        lambda b: b.amend("ingestion_events", "i2", received_at=day(5, 10)),
        "without the provider's final",
    ),
    "settled by two runs": (
        scores_applied,
        lambda b: b.write(day(5, 10), ("settlement_runs", {"run_id": "r2", "contest_id": "C1", "status": "COMPLETE"})),
        "not settled by exactly one run",
    ),
    "other scores": (scores_applied, _scores, "scores differ from the provider's"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_an_outage_needs_one_error_only() -> None:
    book = passing()
    _outage(503)(book)
    _error(book, day(3, 0, 0))

    assert run(ingestion_errors_logged, book).outcome == "pass"


def test_a_try_that_failed_within_a_good_poll_needs_no_error() -> None:
    book = passing()
    _outage(503, 2)(book)

    assert run(ingestion_errors_logged, book).outcome == "pass"


def test_an_altered_board_may_be_refused() -> None:
    book = passing()
    book.edit(ProviderAnswer, {"revision": 1}, fault_id="torn")
    book.amend("ingestion_events", "i1", validation_status="INVALID")

    assert run(ingestion_automatic, book).outcome == "pass"


def _like(book: Book, revision: int) -> ProviderPublication:
    """A board as revision 1 was, published right after that and shown until play ended."""
    one = next(e for e in book.entries if isinstance(e, ProviderPublication) and e.revision == revision)
    return one.model_copy(update={"revision": 9})


def test_a_board_that_says_nothing_new_need_not_be_fetched() -> None:
    book = passing()
    book.add(_like(book, 1), day(3, 1))

    assert run(ingestion_automatic, book).outcome == "pass"


def test_a_board_as_the_one_before_the_last_must_be_fetched() -> None:
    book = passing()
    book.add(_like(book, 0), day(3, 1))

    result = run(ingestion_automatic, book)

    assert [finding.message for finding in result.findings] == ["revision 9 was never fetched"]


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (ingestion_automatic, lambda b: b.edit(WitnessSummary, {"witness": "provider"}, records=0), "provider"),
        (ingestion_automatic, lambda b: b.writes.remove(b.write_of("contests", status="LIVE")), ""),
        (ingestion_errors_logged, lambda b: b.observe("ingestion_errors", lambda rows: None), "not observed"),
        (scores_applied, lambda b: b.observe("settlements", lambda rows: []), "no contest was settled"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)
