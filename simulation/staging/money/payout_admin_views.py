"""What ops see of payout transfers, and the acknowledgement of one that failed for good or was taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import stripe
from sqlalchemy import Row, text

from simulation.staging.clients.stripe import TransferAtStripe
from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.errors import ApiError
from simulation.staging.money import payout_jobs
from simulation.staging.money.acknowledgement import Acknowledgement
from simulation.staging.runtime import Runtime

_WITH_WINNER = """
    SELECT t.*, u.deleted_at AS winner_deleted_at, coalesce((
        SELECT sum(CASE l.direction WHEN 'CREDIT' THEN l.amount_cents ELSE -l.amount_cents END) FROM ledger l
        WHERE l.account = 'winnings_payable:' || t.contest_id || ':' || t.user_id
            AND l.currency = t.currency), 0)::bigint AS owed_cents
    FROM payout_transfers t JOIN users u ON u.id = t.user_id
"""
_LIST = text(f"""
    {_WITH_WINNER}
    WHERE (CAST(:status AS text) IS NULL OR t.status = :status)
      AND (CAST(:contest_id AS uuid) IS NULL OR t.contest_id = :contest_id)
    ORDER BY t.created_at, t.id
""")
_FIND = text(f"{_WITH_WINNER} WHERE t.id = :id")
_ATTEMPTS = text("""
    SELECT entry_type, amount_cents, currency, metadata_json, created_at FROM ledger
    WHERE reference_type = 'payout_transfer' AND reference_id = :id AND direction = 'DEBIT'
        AND entry_type LIKE 'PAYOUT_ATTEMPT_%' ORDER BY sequence_number
""")


def _owed_only(row: Row[Any]) -> None:
    if row.status != "failed_terminal" and not row.reversed_cents:
        raise ApiError(409, "transfer_not_failed", f"the transfer is {row.status}")


TO_ACKNOWLEDGE = Acknowledgement(
    name="payout_transfer",
    lock=text("SELECT id, contest_id, status, reversed_cents FROM payout_transfers WHERE id = :id FOR UPDATE"),
    write=text("""
        UPDATE payout_transfers SET acknowledged_at = CASE WHEN :acknowledged THEN now() END, updated_at = now(),
            acknowledged_by = CASE WHEN :acknowledged THEN CAST(:actor AS uuid) END
        WHERE id = :id
    """),
    refuse=_owed_only,
)


def transfers(runtime: Runtime, *, status: str | None, contest_id: UUID | None) -> list[Row[Any]]:
    """Transfers, oldest first, of a status and a contest, or of all."""
    return list(runtime.database.read(_LIST, status=status, contest_id=contest_id))


def transfer(runtime: Runtime, transfer_id: UUID) -> tuple[Row[Any], list[Row[Any]]]:
    """A transfer and its attempts as the ledger has them; raises 404."""
    rows = runtime.database.read(_FIND, id=transfer_id)
    if not rows:
        raise ApiError(404, "payout_transfer_not_found", f"no payout transfer {transfer_id}")
    return rows[0], list(runtime.database.read(_ATTEMPTS, id=transfer_id))


def transfers_at_stripe(runtime: Runtime, transfer_id: UUID) -> list[TransferAtStripe]:
    """What Stripe has of this winner's prize: made for our row, or to this winner in the contest. Raises 404, 502."""
    row, _ = transfer(runtime, transfer_id)
    try:
        made = runtime.stripe.transfers_in(payout_jobs.group_of(row.contest_id))
    except stripe.StripeError as error:
        raise ApiError(502, "STRIPE_API_ERROR", failure_of(error).code) from error
    ours = (str(row.id), str(row.user_id))
    return [item for item in made if item.payout_transfer_id == ours[0] or item.user_id == ours[1]]
