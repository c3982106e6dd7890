"""The audit check and the reconciliation against brute force, over histories that Hypothesis draws."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.checks.audit import audit_completeness
from simulation.checks.reconciliation import three_way_reconciliation
from simulation.events import Change, StripeMovement, Transaction
from simulation.history import History
from tests.unit.checks.builder import AUDIT, GOVERNANCE, START, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import FEE, STRIPE_FEE, amend_both

TABLES = ("postings", "transfers", "notes")
"""Two that are governed, and one that is not."""

transactions = st.lists(
    st.tuples(st.sets(st.sampled_from(TABLES)), st.integers(0, 2), st.booleans(), st.integers(-3, 3)), max_size=8
)
"""Tables changed, audit records, whether they have a reason, how many seconds off they are dated."""


def _transaction(xid: int, tables: set[str], records: int, reasoned: bool, off_seconds: int) -> Transaction:
    at = START + timedelta(minutes=xid)
    changes = [Change(table=table, op="insert", new={"id": f"{table}-{xid}"}) for table in sorted(tables)]
    for number in range(records):
        row = {
            "id": f"a{xid}-{number}",
            "transaction_id": xid,
            "actor": "system",
            "action": "written",
            "reason": "because" if reasoned else " ",
            "request_id": "job",
            "created_at": (at + timedelta(seconds=off_seconds)).isoformat(),
        }
        changes.append(Change(table=AUDIT, op="insert", new=row))
    return Transaction(seq=xid, at=at, xid=xid, changes=tuple(changes))


@given(drawn=transactions)
def test_the_audit_check_finds_exactly_the_transactions_that_are_not_explained(
    drawn: list[tuple[set[str], int, bool, int]],
) -> None:
    history = History(_transaction(xid, *facts) for xid, facts in enumerate(drawn, start=1) if facts[0] or facts[1])

    found = {seq for finding in audit_completeness.run(history, GOVERNANCE).findings for seq in finding.seqs}

    assert found == {
        xid
        for xid, (tables, records, reasoned, off_seconds) in enumerate(drawn, start=1)
        if (tables & {"postings", "transfers"} and not records)
        or (records and (not tables & {"postings", "transfers"} or not reasoned or abs(off_seconds) > 1))
    }


cents = st.sampled_from((0, 1, FEE - 1, FEE, FEE + 1, 2 * FEE))


@settings(max_examples=50)
@given(ledger=st.fixed_dictionaries({"ann": cents, "bob": cents}), stripe=st.sampled_from((FEE - 1, FEE, FEE + 1)))
def test_the_reconciliation_finds_exactly_the_payments_whose_books_differ(ledger: dict[str, int], stripe: int) -> None:
    book = passing()
    for person, booked in ledger.items():
        amend_both(book, f"fee-pi_{person}", amount_cents=booked)
    book.edit(StripeMovement, {"source_id": "ch_pi_bob"}, amount_cents=stripe, net_cents=stripe - STRIPE_FEE)

    findings = run(three_way_reconciliation, book).findings

    at_stripe = {"ann": FEE, "bob": stripe}
    assert {finding.subject.split()[1] for finding in findings if finding.subject.startswith("payment")} == {
        f"pi_{person}" for person in ledger if not FEE == ledger[person] == at_stripe[person]
    }
