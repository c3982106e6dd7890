"""The checks that hold what a platform wrote and said against its contract: each passes, and each is made to fail."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check, CheckResult
from simulation.checks.contract import (
    CONTRACT_CHECKS,
    answers_true,
    identities_kept,
    instants_true,
    log_true,
    metrics_true,
    reasons_said,
    rows_accounted_for,
    states_followed,
    values_as_declared,
)
from simulation.contract.document import Contract
from simulation.events import ContractDeclared, Exchange, MetricChange, PlatformLog, RunEnded
from tests.unit.checks.builder import GOVERNANCE, Book, assert_found, day, run
from tests.unit.checks.conformance.seen import contract
from tests.unit.checks.story import passing

DECLARED = contract(r"""
    tables:
      contests:
        writes:
          - name: founded
            op: insert
            for_each: {fact: contest}
            match: {id: contest.id}
            columns:
              name: {given: contest.name}
              entry_fee_cents: {given: contest.entry_fee_cents}
              lock_time: {instant: contest.lock_time}
          - {name: locked, op: update, when: {status: LOCKED}, columns: {status: {state: LOCKED, after: [SCHEDULED]}}}
          - {name: live, op: update, when: {status: LIVE}, columns: {status: {state: LIVE, after: [LOCKED]}}}
      audit:
        writes:
          - name: written
            op: insert
            columns:
              id: {identity: unique}
              transaction_id: {identity: ascending}
              created_at: {instant: commit}
              reason: {words: [test, says]}
      postings:
        writes:
          - name: prize
            op: insert
            when: {account: "contest_pool:C1", entry_type: PRIZE_PAYOUT}
            for_each: {fact: prize}
            match: {contest_id: prize.contest_id, amount_cents: prize.amount_cents}
            columns: {currency: {constant: USD}}
      users: {what: Nobody has looked at them yet}
    answers:
      - {to: "POST /api/custom-contests/{contest}/join", body: {constant: null}}
    metrics:
      settlement_duration_seconds: {value: {constant: 0}}
    log:
      shape: '(?P<at>\S+) [A-Z]+ \w+(?P<fields>( \w+=\S*)*)'
      lines:
        - {says: INFO live, row: contests, op: update, when: {status: LIVE}, fields: {contest: {given: row.id}}}
""")
LIVE = "2026-03-02T09:05:00.000+00:00 INFO live contest=C1"


def declared(of: Contract = DECLARED) -> Book:
    book = passing()
    book.add(ContractDeclared(document=of.model_dump(mode="json", exclude_defaults=True)), day(0))
    book.add(PlatformLog(lines=(LIVE,)), day(6))
    return book


@pytest.mark.parametrize("check", CONTRACT_CHECKS, ids=lambda check: check.name)
def test_a_platform_that_keeps_its_contract_passes(check: Check) -> None:
    result = run(check, declared())
    assert (result.outcome, result.findings) == ("pass", ())
    assert result.examined > 0


def _reason(book: Book, said: str) -> None:
    audit = book.write_of("transfers", id="tr-ann").audit
    assert audit is not None
    audit["reason"] = said


BROKEN: dict[str, tuple[Check, Any, str]] = {
    "a prize that was never booked": (
        rows_accounted_for,
        lambda book: book.undo("postings", "prize-bob:debit"),
        "postings, prize: not as the contract says",
    ),
    "a prize that nobody won": (
        rows_accounted_for,
        lambda book: book.amend("postings", "prize-bob:debit", amount_cents=901),
        "postings of prize-bob:debit, prize: not as the contract says",
    ),
    "another entry fee": (
        values_as_declared,
        lambda book: book.amend("contests", "C1", entry_fee_cents=900),
        "contests.entry_fee_cents of C1, founded: not as the contract says",
    ),
    "another currency": (
        values_as_declared,
        lambda book: book.amend("postings", "prize-ann:debit", currency="EUR"),
        "postings.currency of prize-ann:debit, prize: not as the contract says",
    ),
    "a lock time of another zone": (
        instants_true,
        lambda book: book.amend("contests", "C1", lock_time=day(1, 5)),
        "contests.lock_time of C1, founded: not as the contract says",
    ),
    "an audit record's id that stands twice": (
        identities_kept,
        lambda book: [write.audit.update(id="same") for write in book.writes[:2] if write.audit is not None],
        "audit.id of same, written: not as the contract says",
    ),
    "a contest that goes live without being locked": (
        states_followed,
        lambda book: book.write(day(1, 8, 7), ("contests", {"id": "C1", "status": "SCHEDULED"})),
        "contests.status of C1, live: not as the contract says",
    ),
    "a reason that says nothing": (
        reasons_said,
        lambda book: _reason(book, "because"),
        "audit.reason of a18, written: not as the contract says",
    ),
    "an answer about something else": (
        answers_true,
        lambda book: book.edit(Exchange, {"actor": "entrant"}, response_body={"joined": False}),
        "2026-03-01 09:00:00: not as the contract says",
    ),
    "a metric of something else": (
        metrics_true,
        lambda book: book.edit(MetricChange, {}, changes={"up": 1.0, "settlement_duration_seconds": 7.0}),
        "2026-03-01 00:10:00: not as the contract says",
    ),
    "a line of the log about another contest": (
        log_true,
        lambda book: book.edit(PlatformLog, {}, lines=(LIVE.replace("C1", "C2"),)),
        "2026-03-02 09:05:00: not as the contract says",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_platform_that_breaks_its_contract_is_found(case: str) -> None:
    check, spoil, message = BROKEN[case]
    assert_found(check, declared(), spoil, message)


def test_a_finding_names_row_column_transaction_and_both_values() -> None:
    book = declared()
    book.amend("contests", "C1", entry_fee_cents=900)

    (finding,) = run(values_as_declared, book).findings

    assert (finding.subject, finding.expected, finding.actual) == ("contests.entry_fee_cents", "1000", "900")
    assert (finding.keys.table, finding.keys.row_id, finding.keys.column) == ("contests", "C1", "entry_fee_cents")
    assert finding.keys.transaction == "1"
    assert finding.at == day(0, 8)


@pytest.mark.parametrize("check", CONTRACT_CHECKS, ids=lambda check: check.name)
def test_a_target_without_a_contract_is_not_verified(check: Check) -> None:
    assert _said(run(check, passing())) == ("not_verified", "the target declares no contract")


def _said(result: CheckResult) -> tuple[str, str]:
    assert result.findings == ()
    return result.outcome, str(result.not_verified or result.unknown).split(",")[0]


def test_a_contract_without_a_rule_of_a_kind_has_nothing_to_look_at() -> None:
    result = run(states_followed, declared(contract("tables: {users: {what: People}}")))
    assert (result.outcome, result.note) == ("pass", "the contract has no rule about states")


def test_a_contract_that_speaks_of_actions_needs_to_know_where_they_are() -> None:
    by = contract("tables: {users: {writes: [{name: a, op: insert, actions: [b], columns: {id: {identity: unique}}}]}}")
    history = declared(by).history()
    for field in ("audit_columns", "audit_table"):
        empty: Any = type(getattr(GOVERNANCE, field))()
        result = values_as_declared.run(history, GOVERNANCE.model_copy(update={field: empty}))
        assert result.outcome == "unknown"
        assert f"does not declare {field}" in str(result.unknown)


def test_a_log_that_is_not_in_the_history_is_not_verified() -> None:
    book = declared()
    book.drop(PlatformLog)
    assert _said(run(log_true, book)) == ("not_verified", "the history has no line of the log")


def test_a_history_that_breaks_off_is_judged_as_far_as_it_goes() -> None:
    book = declared()
    book.amend("contests", "C1", entry_fee_cents=900)
    book.drop(RunEnded)

    assert run(rows_accounted_for, book).outcome == "unknown"
    assert run(states_followed, book).outcome == "unknown"
    assert run(values_as_declared, book).outcome == "fail"
