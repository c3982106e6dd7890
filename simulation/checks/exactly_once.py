"""Exactly once per business key, in each book separately: balanced totals do not rule out a double payment.

Source: fixtures/spec/platform.md (Tables, Money), fixtures/spec/stripe.md (Idempotency).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.books import Books, books
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import shared
from simulation.checks.evidence.money import Moved, grouped, moved
from simulation.checks.evidence.relations import (
    PaymentRow,
    PayoutJobRow,
    PostingRow,
    Relation,
    SettlementRow,
    StripeEventRow,
    TransferRow,
)
from simulation.currency import money

_R = TypeVar("_R", bound=Relation)
_ONCE = ("payment", "refund", "payout", "entry_fee")
"""Meanings of entry types of which a reference may have only one."""
_FAILED_FOR_GOOD = "PAYOUT_ATTEMPT_FAILED_TERMINAL"
"""Likewise, though it moves nothing. (An attempt may end as retryable more than once.)"""


@check("Every payment, refund, settlement and prize happened exactly once in each book", needs_end=True)
def exactly_once(case: Case, inquiry: Inquiry) -> None:
    _at_stripe(case, inquiry)
    _in_the_ledger(case, inquiry)
    _in_the_tables(case, inquiry)


def _at_stripe(case: Case, inquiry: Inquiry) -> None:
    came_back = {item.movement.source_id for item in moved(case, "refund_failure")}
    ours = [item for item in moved(case, "refund") if _is_ours(item, came_back)]
    for what, found in (("charged", moved(case, "charge")), ("refunded", ours)):
        for key, items in grouped(found, _intent).items():
            _once_at_stripe(inquiry, f"payment {key}", what, items)
    for (contest_id, user_id), items in grouped(moved(case, "transfer"), lambda item: item.entrant).items():
        _once_at_stripe(inquiry, f"prize of {user_id} in {case.name(contest_id)}", "transferred", items)


def _is_ours(refund: Moved, came_back: Collection[str]) -> bool:
    """Whether the target made the refund and the entrant kept it. What Stripe gives by itself comes in parts."""
    return refund.movement.origin != "harness" and refund.movement.source_id not in came_back


def _intent(item: Moved) -> str:
    return item.payment_intent_id or item.movement.source_id


def _once_at_stripe(inquiry: Inquiry, subject: str, what: str, items: Sequence[Moved]) -> None:
    movements = [item.movement for item in items]
    inquiry.examine()
    if len(movements) > 1:
        inquiry.find(
            subject,
            f"{what} {len(movements)} times at Stripe",
            keys=shared(item.keys for item in items),
            amount_cents=sum(item.amount_cents for item in items[1:]),
            currency=items[1].currency,
            expected="once",
            actual=", ".join(
                f"{movement.source_id} {money(movement.amount_cents, movement.currency)}" for movement in movements
            ),
            at=movements[1].at,
            events=tuple(movements),
        )


def _in_the_ledger(case: Case, inquiry: Inquiry) -> None:
    ledger = case.remembered(books)
    postings = ledger.rows
    _unique(inquiry, postings, "ledger rows", "idempotency key", lambda row: row.idempotency_key)
    _unique(inquiry, postings, "ledger rows", "Stripe event", lambda row: row.stripe_event_id)
    events = {
        (row.transaction_id, row.entry_type): row
        for row in postings
        if ledger.chart.meaning(row.entry_type) in _ONCE or row.entry_type == _FAILED_FOR_GOOD
    }
    _unique(
        inquiry,
        events.values(),
        "business events in the ledger",
        "entry",
        lambda row: f"{row.entry_type} of {row.reference_type} {row.reference_id}",
    )
    prizes = [row for row in ledger.meaning("prize") if row.debit_cents < 0 or row.direction == "CREDIT"]
    _unique(inquiry, prizes, "prizes in the ledger", "entrant", lambda row: _winner(ledger, row))


def _winner(ledger: Books, row: PostingRow) -> str:
    """The account that a prize was credited to; where one account is for all contests, also the contest."""
    _, ids = ledger.chart.find(row.account) or (None, {})
    return row.account if "contest" in ids else f"{row.account} in {row.contest_id}"


def _in_the_tables(case: Case, inquiry: Inquiry) -> None:
    _unique(inquiry, case.rows(SettlementRow), "settlements", "contest", lambda row: case.name(row.contest_id))
    _unique(inquiry, case.rows(PayoutJobRow), "payout jobs", "contest", lambda row: case.name(row.contest_id))
    transfers = case.rows(TransferRow)
    _unique(inquiry, transfers, "transfers", "entrant", lambda row: f"{case.name(row.contest_id)}, {row.user_id}")
    _unique(inquiry, transfers, "transfers", "idempotency key", lambda row: row.idempotency_key)
    _unique(inquiry, transfers, "transfers", "Stripe transfer", lambda row: row.stripe_transfer_id)
    _unique(inquiry, case.rows(PaymentRow), "payments", "intent", lambda row: row.stripe_payment_intent_id)
    _unique(inquiry, case.rows(StripeEventRow), "stored events", "Stripe event", lambda row: row.stripe_event_id)


def _unique(inquiry: Inquiry, rows: Iterable[_R], what: str, key_name: str, key: Callable[[_R], str | None]) -> None:
    for value, group in grouped(rows, key).items():
        if value is None:
            continue
        inquiry.examine()
        if len(group) > 1:
            inquiry.find(
                f"{key_name} {value}",
                f"{len(group)} {what} for it",
                keys=shared(row.keys for row in group),
                expected="one",
                actual=len(group),
            )
