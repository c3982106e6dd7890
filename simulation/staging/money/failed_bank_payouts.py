"""Payouts from winners' accounts at Stripe to their banks that failed, at once or days after they had arrived.

The prize has reached the winner's account at Stripe, and is there again: our books do not change
(`fixtures/spec/stripe.md` 28). But Stripe pays nothing to that bank any more until the winner names another one, so
people tell the winner, and an admin acknowledges that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text

from simulation.staging.money.acknowledgement import Acknowledgement
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_INSERT = text("""
    INSERT INTO failed_bank_payouts (id, stripe_payout_id, user_id, amount_cents, currency, failure_code)
    SELECT :id, :stripe_payout_id, u.id, :amount_cents, :currency, :failure_code FROM users u
    WHERE u.stripe_connected_account_id = :account_id
    ON CONFLICT (stripe_payout_id) DO NOTHING RETURNING id
""")
_LIST = text("""
    SELECT b.*, u.deleted_at AS winner_deleted_at, (
        SELECT coalesce(sum(t.amount_cents - t.reversed_cents), 0)::bigint FROM payout_transfers t
        WHERE t.user_id = b.user_id AND t.currency = b.currency AND t.status = 'completed') AS prizes_cents
    FROM failed_bank_payouts b JOIN users u ON u.id = b.user_id
    WHERE CAST(:acknowledged AS boolean) IS NULL OR (b.acknowledged_at IS NOT NULL) = :acknowledged
    ORDER BY b.created_at, b.id
""")
TO_ACKNOWLEDGE = Acknowledgement(
    name="failed_bank_payout",
    lock=text("SELECT id, CAST(NULL AS uuid) AS contest_id FROM failed_bank_payouts WHERE id = :id FOR UPDATE"),
    write=text("""
        UPDATE failed_bank_payouts SET acknowledged_at = CASE WHEN :acknowledged THEN now() END, updated_at = now(),
            acknowledged_by = CASE WHEN :acknowledged THEN CAST(:actor AS uuid) END
        WHERE id = :id
    """),
)


def told(work: UnitOfWork, payout: Mapping[str, Any], account_id: str | None) -> str:
    """Note a payout that failed, once, however many events tell of it. One of no winner of ours has no effect."""
    noted = work.write(
        _INSERT,
        id=work.new_id(),
        stripe_payout_id=payout["id"],
        account_id=account_id,
        amount_cents=payout["amount"],
        currency=str(payout["currency"]).upper(),
        failure_code=str(payout.get("failure_code") or "unknown").upper(),
    )
    return "bank payout failed, winner to be told" if noted else "recorded, without effect on money"


def failed_bank_payouts(runtime: Runtime, *, acknowledged: bool | None) -> list[Row[Any]]:
    """Bank payouts that failed, oldest first, with what was paid to each winner's account in that currency."""
    return list(runtime.database.read(_LIST, acknowledged=acknowledged))
