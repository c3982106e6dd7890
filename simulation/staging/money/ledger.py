"""The double-entry ledger: every business event is one transaction whose debits equal its credits, in one currency.

Accounts: `stripe` (our money at Stripe, gross of fees), `contest_pool:<contest id>`, `winnings_payable:<contest
id>:<user id>`, `refunds_payable:<contest id>:<user id>` and `platform`.
Idempotency keys come from business keys, never from Stripe's event ids, so that two events for one payment post once.
An account may hold several currencies, and has a balance in each.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from simulation.staging.canonical import canonical_json
from simulation.staging.unit_of_work import UnitOfWork

STRIPE = "stripe"
PLATFORM = "platform"

_INSERT = text("""
    INSERT INTO ledger (id, transaction_id, account, contest_instance_id, user_id, entry_type, direction,
        amount_cents, currency,
                        reference_type, reference_id, idempotency_key, stripe_event_id, metadata_json)
    VALUES (:id, :transaction_id, :account, :contest_id, :user_id, :entry_type, :direction, :amount_cents, :currency,
            :reference_type, :reference_id, :idempotency_key, :stripe_event_id, CAST(:metadata AS jsonb))
""")
_BALANCE = text("""
    SELECT coalesce(sum(CASE direction WHEN 'CREDIT' THEN amount_cents ELSE -amount_cents END), 0)::bigint AS cents
    FROM ledger WHERE account = :account AND currency = :currency
""")


def contest_pool(contest_id: UUID) -> str:
    """The account of a contest's entry fees until its settlement."""
    return f"contest_pool:{contest_id}"


def winnings_payable(contest_id: UUID, user_id: UUID) -> str:
    """The account of what we owe a winner until it is transferred."""
    return f"winnings_payable:{contest_id}:{user_id}"


def refunds_payable(contest_id: UUID, user_id: UUID) -> str:
    """The account of what we owe an entrant whose refund came back."""
    return f"refunds_payable:{contest_id}:{user_id}"


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One business event: `amount_cents` from the debited to the credited account."""

    key: str
    """Business key; the two rows get `<key>:debit` and `<key>:credit`."""
    entry_type: str
    debit: str
    credit: str
    amount_cents: int
    currency: str
    """Of what moved; which may be another one than the contest's, when somebody paid in another one."""
    contest_id: UUID
    user_id: UUID | None
    reference_type: str
    reference_id: UUID
    stripe_event_id: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)


def post(work: UnitOfWork, posting: Posting) -> None:
    """Write the posting as its debit and credit rows.

    Raises a uniqueness violation for a key that was posted before: callers check that first, under a row lock.
    """
    transaction_id = work.new_id()
    for direction, account in (("DEBIT", posting.debit), ("CREDIT", posting.credit)):
        work.write(
            _INSERT,
            id=work.new_id(),
            transaction_id=transaction_id,
            account=account,
            contest_id=posting.contest_id,
            user_id=posting.user_id,
            entry_type=posting.entry_type,
            direction=direction,
            amount_cents=posting.amount_cents,
            currency=posting.currency,
            reference_type=posting.reference_type,
            reference_id=posting.reference_id,
            idempotency_key=f"{posting.key}:{direction.lower()}",
            stripe_event_id=posting.stripe_event_id if direction == "DEBIT" else None,
            metadata=canonical_json(posting.metadata),
        )


def balance_cents(work: UnitOfWork, account: str, currency: str) -> int:
    """Credits minus debits of an account, of one currency."""
    return int(work.read(_BALANCE, account=account, currency=currency)[0].cents)
