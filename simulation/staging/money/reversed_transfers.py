"""Transfers that Stripe, or somebody at its dashboard, took back: in whole, or part by part.

The money is in our balance again, and the winner is owed it (`fixtures/spec/stripe.md` 26). It is not sent again: why
it was taken is not in the event, so people see to it. Every event shows the transfer with its reversals so far; each
that is not booked yet is booked, whatever the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text

from simulation.staging.money import ledger
from simulation.staging.unit_of_work import UnitOfWork

_SENT = text("SELECT * FROM payout_transfers WHERE stripe_transfer_id = :stripe_transfer_id FOR UPDATE")
_BOOKED = text("""
    SELECT metadata_json ->> 'stripe_reversal_id' AS id FROM ledger
    WHERE reference_type = 'payout_transfer' AND reference_id = :id AND entry_type = 'PRIZE_PAYOUT_REVERSAL'
        AND direction = 'DEBIT'
""")
_TAKE_BACK = text("""
    UPDATE payout_transfers SET reversed_cents = reversed_cents + :cents, acknowledged_at = NULL,
        acknowledged_by = NULL, updated_at = now()
    WHERE id = :id
""")


class TransferNotSentYet(Exception):
    """The transfer that was reversed is not recorded as made: its outcome is still to come, and the event again."""


def told(work: UnitOfWork, transfer: Mapping[str, Any], stripe_event_id: str) -> str:
    """Book every reversal that an event shows and the books have not."""
    rows = work.read(_SENT, stripe_transfer_id=transfer["id"])
    if not rows:
        raise TransferNotSentYet(f"{transfer['id']}: no transfer was made under this id")
    row = rows[0]
    booked = {known.id for known in work.read(_BOOKED, id=row.id)}
    fresh = [made for made in _oldest_first(transfer) if made["id"] not in booked]
    if not fresh:
        return "reversal was booked before"
    for number, reversal in enumerate(fresh):
        _post(work, row, reversal, stripe_event_id if number == 0 else None)  # an event stands on one entry only
    work.write(_TAKE_BACK, id=row.id, cents=sum(int(reversal["amount"]) for reversal in fresh))
    return "reversal booked, prize owed again"


def _oldest_first(transfer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(reversed(transfer["reversals"]["data"]))


def _owed_to(row: Row[Any]) -> str:
    return ledger.winnings_payable(row.contest_id, row.user_id)


def _post(work: UnitOfWork, row: Row[Any], reversal: Mapping[str, Any], stripe_event_id: str | None) -> None:
    ledger.post(
        work,
        ledger.Posting(
            key=f"payout:{row.id}:reversed:{reversal['id']}",
            entry_type="PRIZE_PAYOUT_REVERSAL",
            debit=ledger.STRIPE,
            credit=_owed_to(row),
            amount_cents=int(reversal["amount"]),
            currency=row.currency,
            contest_id=row.contest_id,
            user_id=row.user_id,
            reference_type="payout_transfer",
            reference_id=row.id,
            stripe_event_id=stripe_event_id,
            metadata={"stripe_reversal_id": reversal["id"]},
        ),
    )
