"""Entry fees in three books: paid in, and paid back where they do not count."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from simulation.checks.case import Case
from simulation.checks.expected import closing_times
from simulation.checks.lines import Amounts, Entrant, Line, compare, excuse_of, posted
from simulation.checks.money import Moved, claims, grouped, moved, withdrawn
from simulation.checks.relations import PaymentRow, RefundRow
from simulation.events import EntrantAction, WebhookAttempt


def payments(case: Case) -> Iterator[Line]:
    """By payment intent: what entrants say they paid, what the ledger has of it, what Stripe charged."""
    fees = {contest.key: contest.plan.entry_fee_cents for contest in case.contests}
    rows = {row.stripe_payment_intent_id or row.payment_id: row for row in case.rows(PaymentRow)}
    booked = posted(case, "ENTRY_FEE", "payment_intent")
    charged = grouped(moved(case, "charge"), _intent)
    claimed = {action.payment_intent_id or f"(no intent) {action.person}": action for action in claims(case)}
    for key in sorted(rows.keys() | charged.keys() | claimed.keys()):
        claim, row, charges = claimed.get(key), rows.get(key), charged.get(key, ())
        amounts = Amounts(
            expected_cents=fees.get(claim.contest or "", 0) if claim else 0,
            ledger_cents=booked.get(row.payment_id, 0) if row else 0,
            stripe_cents=sum(charge.amount_cents for charge in charges),
        )
        excuse = _awaited(case, key) if charges else ""
        yield compare("payment", key, _payer(row, charges, claim), amounts, excuse=excuse, evidence=charges)


def _intent(item: Moved) -> str:
    return item.payment_intent_id or item.movement.source_id


def _payer(row: PaymentRow | None, charges: Sequence[Moved], claim: EntrantAction | None) -> Entrant:
    if row is not None:
        return row.contest_id, row.user_id
    if charges:
        return charges[0].entrant
    return (claim.contest_id or "", claim.user_id or "") if claim else ("", "")


def _awaited(case: Case, payment_intent_id: str) -> str:
    """A webhook about the payment that Stripe will still deliver, past the end of the run."""
    attempts = [
        attempt
        for attempt in case.events(WebhookAttempt)
        if attempt.object_id == payment_intent_id and attempt.event_type == "payment_intent.succeeded"
    ]
    last = attempts[-1] if attempts else None
    if last is None or last.next_attempt_at is None or last.next_attempt_at <= case.ended.at:
        return ""
    return f"in flight: Stripe delivers {last.event_id} again at {last.next_attempt_at:%Y-%m-%d %H:%M}"


def refunds(case: Case) -> Iterator[Line]:
    """By payment intent: charges that do not count, what the ledger gave back, what Stripe did."""
    intents = {row.payment_id: row.stripe_payment_intent_id or row.payment_id for row in case.rows(PaymentRow)}
    rows: dict[str, RefundRow] = {intents.get(row.payment_id, row.payment_id): row for row in case.rows(RefundRow)}
    booked = posted(case, "ENTRY_FEE_REFUND", "refund")
    refunded = grouped(moved(case, "refund"), _intent)
    due = _refunds_due(case, rows.keys() | refunded.keys())
    for key in sorted(rows.keys() | refunded.keys() | due.keys()):
        row, movements = rows.get(key), refunded.get(key, ())
        amounts = Amounts(
            expected_cents=due[key].amount_cents if key in due else 0,
            ledger_cents=booked.get(row.refund_id, 0) if row else 0,
            stripe_cents=sum(movement.amount_cents for movement in movements),
        )
        known = movements or ([due[key]] if key in due else ())
        yield compare(
            "refund", key, _payee(row, known), amounts, excuse=excuse_of(case, row, amounts), evidence=movements
        )


def _payee(row: RefundRow | None, known: Sequence[Moved]) -> Entrant:
    return (row.contest_id, row.user_id) if row is not None else known[0].entrant


def _refunds_due(case: Case, begun: Collection[str]) -> Mapping[str, Moved]:
    """Charges that must go back, by payment intent: all of an entrant's but the one that counts.

    None counts of who asked for the fee before the lock, in a cancelled contest, nor when all came after the books
    were closed. Which of two equal charges counts is the platform's choice, so those whose refund has begun are taken
    first.
    """
    closed, left = closing_times(case), withdrawn(case)
    due: dict[str, Moved] = {}
    for entrant, charges in grouped(moved(case, "charge"), lambda charge: charge.entrant).items():
        deadline = closed.get(entrant[0], case.ended.at)
        cancelled = case.arrival(entrant[0], "CANCELLED") is not None
        counted = not cancelled and entrant not in left and any(charge.movement.at <= deadline for charge in charges)
        ordered = sorted(charges, key=lambda charge: (_intent(charge) not in begun, -charge.movement.seq))
        for charge in ordered[: len(charges) - int(counted)]:
            due[_intent(charge)] = charge
    return due
