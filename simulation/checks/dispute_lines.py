"""Chargebacks in three books: what a cardholder took back and Stripe's fee for it are the platform's loss, once.

Source: spec/stripe.md 16 (a dispute debits the platform and never touches a transfer already made).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simulation.checks.case import Case
from simulation.checks.lines import Amounts, Line, compare
from simulation.checks.money import Moved, grouped, moved
from simulation.checks.relations import DisputeRow, PaymentRow, PostingRow
from simulation.events import EntrantAction

REFERENCE = "dispute"


def disputes(case: Case) -> Iterator[Line]:
    """By payment intent: what people charged back, what the ledger gave for it, what Stripe withdrew; fees included."""
    claims = {action.payment_intent_id or "": action for action in charged_back(case)}
    withdrawals = grouped(moved(case, "adjustment"), lambda item: item.payment_intent_id or item.movement.source_id)
    booked = _booked(case)
    fee_cents = case.scenario.stripe.dispute_fee_cents
    for key in sorted(claims.keys() | withdrawals.keys() | booked.keys()):
        claim, movements = claims.get(key), withdrawals.get(key, ())
        amounts = Amounts(
            expected_cents=claim.amount_cents + fee_cents if claim else 0,
            ledger_cents=booked[key],
            stripe_cents=sum(_gone_cents(movement) for movement in movements),
        )
        entrant = (claim.contest_id or "", claim.user_id or "") if claim else ("", "")
        yield compare("dispute", key, entrant, amounts, evidence=movements)


def charged_back(case: Case) -> Iterator[EntrantAction]:
    """What cardholders say they took back."""
    return (action for action in case.events(EntrantAction) if action.action == "charged_back")


def _gone_cents(withdrawal: Moved) -> int:
    return -withdrawal.movement.net_cents


def _booked(case: Case) -> Counter[str]:
    """Cents that the ledger gave out of Stripe's account for disputes, by payment intent."""
    booked: Counter[str] = Counter()
    postings = [row for row in case.rows(PostingRow) if row.reference_type == REFERENCE and row.direction == "CREDIT"]
    if not postings:
        return booked
    intents = {row.payment_id: row.stripe_payment_intent_id or row.payment_id for row in case.rows(PaymentRow)}
    disputed = {row.dispute_id: intents.get(row.payment_id, row.payment_id) for row in case.rows(DisputeRow)}
    for row in postings:
        if row.account == "stripe":
            booked[disputed.get(row.reference_id, row.reference_id)] += row.amount_cents
    return booked
