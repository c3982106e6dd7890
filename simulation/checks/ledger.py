"""The ledger on its own: double entry, clearing accounts that end empty, no negative balance, no manual entry.

Source: fixtures/spec/platform.md (Tables, Money), simulation/DESIGN.md (Witnesses and checks). Accounts: ``stripe``
(our money there, gross of fees), ``contest_pool:<contest>``, ``winnings_payable:<contest>:<user>``, ``platform``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS, Keys, shared
from simulation.checks.evidence.money import dollars, grouped
from simulation.checks.evidence.relations import (
    ContestRow,
    DisputeRow,
    PaymentRow,
    PostingRow,
    RefundRow,
    SettlementRow,
    TransferRow,
)
from simulation.events import StripeBalance

POOL, PAYABLE = "contest_pool:", "winnings_payable:"
"""Clearing accounts; their balance is a credit."""
_ADJUSTED = frozenset({"settlement", "dispute"})
"""Reference types that an adjustment may have."""
MOVED_NOTHING = frozenset({"PAYOUT_ATTEMPT_RETRYABLE", "PAYOUT_ATTEMPT_FAILED_TERMINAL"})


@check("Debits equal credits in every business event", needs_end=True)
def double_entry(case: Case, inquiry: Inquiry) -> None:
    for transaction_id, rows in grouped(case.rows(PostingRow), lambda row: row.transaction_id).items():
        inquiry.examine()
        for problem in _imbalances(rows):
            inquiry.find(
                f"{rows[0].entry_type} {transaction_id}",
                problem,
                keys=shared(row.keys for row in rows),
                amount_cents=abs(sum(row.debit_cents for row in rows)) or None,
                actual=_lines(rows),
                at=rows[0].created_at,
            )


def _imbalances(rows: Sequence[PostingRow]) -> list[str]:
    problems = []
    if sum(row.debit_cents for row in rows) != 0:
        problems.append("debits and credits differ")
    if {row.direction for row in rows} != {"DEBIT", "CREDIT"}:
        problems.append("not a debit and a credit")
    if len({row.currency for row in rows}) > 1:
        problems.append("more than one currency")
    if any(row.amount_cents < 0 for row in rows):
        problems.append("a negative amount")
    if any(row.entry_type in MOVED_NOTHING and row.amount_cents for row in rows):
        problems.append("an attempt that moved no money moves a balance")
    return problems


def _lines(rows: Sequence[PostingRow]) -> str:
    return "; ".join(f"{row.direction} {row.account} {dollars(row.amount_cents)}" for row in rows)


@check("Pools and winnings end at zero, but for prizes that could not be delivered", needs_end=True)
def clearing_accounts_drained(case: Case, inquiry: Inquiry) -> None:
    owed = {
        f"{PAYABLE}{row.contest_id}:{row.user_id}": row
        for row in case.rows(TransferRow)
        if row.status == "failed_terminal"
    }
    settled = {row.contest_id for row in case.rows(ContestRow) if row.settled_at is not None}
    for account, balance in sorted(_balances(case.rows(PostingRow)).items()):
        if not account.startswith((POOL, PAYABLE)):
            continue
        if account.startswith(POOL) and account.removeprefix(POOL) not in settled:
            inquiry.cannot_tell(f"{account} belongs to a contest that was not settled")
            continue
        inquiry.examine()
        expected = owed[account].amount_cents if account in owed else 0
        if balance != expected:
            inquiry.find(
                account,
                "not drained",
                keys=_of_clearing_account(account),
                amount_cents=abs(balance - expected),
                expected=dollars(expected),
                actual=dollars(balance),
            )


def _of_clearing_account(account: str) -> Keys:
    _, _, owner = account.partition(":")
    contest_id, _, user_id = owner.partition(":")
    return Keys(account=account, contest_id=contest_id, user_id=user_id or None)


def _balances(rows: Sequence[PostingRow]) -> Mapping[str, int]:
    """Account → balance in cents: credits minus debits."""
    balances: Counter[str] = Counter()
    for row in rows:
        balances[row.account] -= row.debit_cents
    return balances


@check("No balance was ever below zero", needs_end=True)
def nothing_negative(case: Case, inquiry: Inquiry) -> None:
    """No account's balance is ever negative, except ``platform``: it pays for chargebacks.

    ``stripe`` may be negative by as much as ``platform`` is: that much came from the platform's own funds at Stripe.
    """
    balances: Counter[str] = Counter()
    in_time = sorted(case.rows(PostingRow), key=lambda row: row.created_at)
    for instant, group in groupby(in_time, key=lambda row: row.created_at):
        rows = list(group)
        for row in rows:
            asset = row.account == "stripe"
            balances[row.account] += row.debit_cents if asset else -row.debit_cents
        for account in sorted({row.account for row in rows}):
            inquiry.examine()
            own_means = max(0, -balances["platform"]) if account == "stripe" else 0
            if balances[account] + own_means < 0 and account != "platform":
                inquiry.find(
                    account,
                    "below zero",
                    keys=shared([Keys(account=account), *(row.keys for row in rows if row.account == account)]),
                    amount_cents=-(balances[account] + own_means),
                    expected="≥ 0",
                    actual=dollars(balances[account]),
                    at=instant,
                )
    for balance in case.events(StripeBalance):
        for name, cents in (("available", balance.available_cents), ("pending", balance.pending_cents)):
            inquiry.examine()
            if cents < 0:
                inquiry.find(
                    f"Stripe {name}",
                    "below zero",
                    keys=NO_KEYS,
                    amount_cents=-cents,
                    actual=dollars(cents),
                    events=(balance,),
                )


@check(
    "Every ledger entry goes back to a payment, refund, settlement, transfer or dispute; none is by hand",
    needs_end=True,
)
def postings_referenced(case: Case, inquiry: Inquiry) -> None:
    known = {
        "payment_intent": {row.payment_id for row in case.rows(PaymentRow)},
        "refund": {row.refund_id for row in case.rows(RefundRow)},
        "settlement": {row.settlement_id for row in case.rows(SettlementRow)},
        "payout_transfer": {row.transfer_id for row in case.rows(TransferRow)},
    }
    if any(row.reference_type == "dispute" for row in case.rows(PostingRow)):
        known["dispute"] = {row.dispute_id for row in case.rows(DisputeRow)}
    for row in case.rows(PostingRow):
        inquiry.examine()
        subject = f"{row.entry_type} {row.posting_id}"
        if row.reference_id not in known.get(row.reference_type, set()):
            inquiry.find(
                subject,
                "refers to nothing that exists",
                keys=row.keys,
                amount_cents=row.amount_cents,
                actual=f"{row.reference_type} {row.reference_id}",
                at=row.created_at,
            )
        elif row.entry_type == "ADJUSTMENT" and row.reference_type not in _ADJUSTED:
            inquiry.find(
                subject,
                "an adjustment outside settlements and disputes",
                keys=row.keys,
                amount_cents=row.amount_cents,
                actual=row.reference_type,
                at=row.created_at,
            )
