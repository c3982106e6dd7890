"""Payouts held back before an attempt is spent on them: Stripe does not answer, too little money is available, or the
winner's account can be paid nothing for now.

By the rules (`fixtures/spec/platform.md`, Money) an attempt that Stripe refuses with a 4xx is the last one, and so is
the third that gets no answer; yet an outage passes, money on its way arrives, and people answer Stripe. So the
scheduler asks for the balance first, and for an account that was told to be restricted (:mod:`restricted_accounts`).
What is held keeps its attempts and its unused key, and is sent automatically at the first run that can pay it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args
from uuid import UUID

import stripe
from sqlalchemy import Row, text

from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.context import Context
from simulation.staging.money import outbox
from simulation.staging.runtime import Runtime

HoldReason = Literal["STRIPE_UNAVAILABLE", "BALANCE_INSUFFICIENT", "DESTINATION_RESTRICTED"]
HOLD_REASONS: tuple[HoldReason, ...] = get_args(HoldReason)

_HOLD = text(f"""
    UPDATE payout_transfers t SET held_reason = :reason, held_since = now(), updated_at = now()
    WHERE t.payout_job_id = :job_id AND (CAST(:id AS uuid) IS NULL OR t.id = :id) AND t.status <> 'processing'
      AND {outbox.due_condition("t")} AND t.held_reason IS DISTINCT FROM :reason
    RETURNING t.id
""")  # noqa: S608 - every part is ours


class Funds:
    """What is left of the available balance of each currency during one run of the scheduler."""

    def __init__(self, available_cents: Mapping[str, int]) -> None:
        self._left_cents = Counter(available_cents)

    def left_cents(self, currency: str) -> int:
        """What can be sent of a currency; none of one that Stripe has no balance in."""
        return self._left_cents[currency]

    def spend(self, amount_cents: int, currency: str) -> None:
        """A transfer was made, or may have been."""
        self._left_cents[currency] -= amount_cents


def funds(runtime: Runtime, context: Context) -> Funds | None:
    """The money that can be sent now; None, and a line in the log, when Stripe cannot say."""
    try:
        held = runtime.stripe.balance()
        return Funds({currency: balance.available_cents for currency, balance in held.items()})
    except stripe.StripeError as error:
        failure = failure_of(error)
        runtime.log.error(
            "Payout",
            "Stripe cannot say what can be sent; nothing is attempted",
            error_code=failure.code,
            detail=failure.message,
            request_id=context.request_id,
        )
        return None


def lacks_money(row: Row[Any], money: Funds, *, find: Callable[[], str | None]) -> bool:
    """Whether too little money of its currency is available for a transfer that is due.

    One whose earlier attempt got no answer may have been made nevertheless: `find` asks Stripe, and then the next
    attempt only fetches that answer.
    """
    if row.amount_cents <= money.left_cents(row.currency) or row.stripe_connected_account_id is None:
        return False
    try:
        return not (row.attempt_count and find())
    except stripe.StripeError:
        return True


def hold(
    runtime: Runtime,
    context: Context,
    job: Row[Any],
    reason: HoldReason,
    *,
    transfer_id: UUID | None = None,
    ignore_backoff: bool = False,
) -> int:
    """Mark the due transfers of a job, or one of them, as held; those that were for this reason stay as they are."""
    with runtime.unit_of_work(context, action="payouts_held", reason=reason, entity=("payout_job", job.id)) as work:
        due = outbox.due_parameters(runtime, ignore_backoff=ignore_backoff)
        held = work.write(_HOLD, job_id=job.id, id=transfer_id, reason=reason, **due)
        work.payload["payout_transfer_ids"] = sorted(str(row.id) for row in held)
    if held:
        runtime.log.warning(
            "Payout",
            "payouts held",
            contest_id=job.contest_id,
            entity_id=job.id,
            transfers=len(held),
            error_code=reason,
            request_id=context.request_id,
        )
    return len(held)
