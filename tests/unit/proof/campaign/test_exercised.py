"""What of a contract a life exercised: each kind of declaration, reached and not."""

from __future__ import annotations

import pytest

from simulation.checks.evidence.case import Case
from simulation.events import MetricChange, PlatformLog
from simulation.proof.campaign.exercised import declared_by, exercised
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.conformance.seen import Seen, contract, insert, minute, update

CONTRACT = contract(
    r"""
    tables:
      prizes:
        what: What people won
        inserted: {id: {identity: unique}, note: {constant: null}}
        writes:
          - {name: made, op: insert}
          - name: paid
            op: update
            when: {state: [paid, owed]}
            columns: {state: {state: paid, after: [made, owed]}}
    answers:
      - {to: "GET /prizes", query: {open: "yes"}, body: {constant: {}}}
      - {to: "GET /prizes", body: {constant: {}}}
      - {to: "GET /secret", not_judged: it is a secret of the platform}
    metrics:
      prizes: {each: {rows: prizes}}
      quiet: {value: {constant: 0}}
    log:
      shape: '\[\w+\] (?P<at>\S+) .*?(?P<fields>( \w+=\S*)*)'
      lines:
        - {says: "[Prize] made", row: prizes, fields: {id: {given: row.id}}}
        - {says: "[Prize] now {row.state}", row: prizes, op: update, every: false}
    """
)
MADE = insert("prizes", id="p1", note=None, state="made")


def _began() -> Seen:
    """A write of a table that nobody declared, so that there is a write-ahead log."""
    return Seen().write(insert("others", id="1"))


def _rules(seen: Seen) -> frozenset[str]:
    return exercised(Case(seen.history(), GOVERNANCE, contract=CONTRACT)).rules


def test_all_that_is_declared_is_named_but_for_what_the_contract_cannot_judge() -> None:
    assert declared_by(CONTRACT).rules == {
        "prizes: made",
        "prizes: paid",
        "prizes.state: made → paid",
        "prizes.state: owed → paid",
        "answer to GET /prizes?open=yes",
        "answer to GET /prizes",
        "metric prizes",
        "metric quiet",
        "log: [Prize] made",
        "log: [Prize] now {row.state}",
    }
    assert declared_by(CONTRACT).columns == {"prizes.id", "prizes.note", "prizes.state"}


@pytest.mark.parametrize(
    ("seen", "rules"),
    [
        (Seen().write(MADE), {"prizes: made"}),
        (
            Seen().write(MADE).write(update("prizes", id="p1", state="paid")),
            {"prizes: made", "prizes: paid", "prizes.state: made → paid"},
        ),
        (Seen().write(MADE).write(update("prizes", id="p1", state="owed")), {"prizes: made", "prizes: paid"}),
        (_began().request("GET /prizes", answer={}), {"answer to GET /prizes"}),
        (_began().request("GET /prizes", answer={}, query="open=yes"), {"answer to GET /prizes?open=yes"}),
        (_began().request("GET /prizes", status=500), set()),
        (_began().request("GET /secret", answer={}), set()),
        (_began().add(MetricChange(changes={"prizes": 1.0, "quiet": 0.0, "other": 3.0})), {"metric prizes"}),
        (
            _began().add(PlatformLog(lines=(f"[Prize] {minute(0).isoformat()} now paid", "no line of ours"))),
            {"log: [Prize] now {row.state}"},
        ),
        (_began(), set()),
    ],
)
def test_a_declaration_counts_when_something_was_held_against_it(seen: Seen, rules: set[str]) -> None:
    assert _rules(seen) == rules


def test_a_column_counts_when_it_had_a_value() -> None:
    found = exercised(Case(Seen().write(MADE).history(), GOVERNANCE, contract=CONTRACT))
    assert found.columns == {"prizes.id", "prizes.state"}
