"""Winners' accounts that Stripe lets nothing be transferred to for now, and may again once their owner has answered it.

A transfer to such an account is refused for good by our own rules (`fixtures/spec/platform.md`, Payouts), though the
account is in order again hours later. So what is due to it waits: at most :data:`WAITS_HOURS`, then it is attempted
all the same, and what Stripe says of it counts. Events come in any order, so a later restriction outranks an earlier
release and the other way round, by Stripe's own times; and before anything is held, Stripe is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe
from sqlalchemy import Row, text

from simulation.staging.context import Context
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

WAITS_HOURS = 8
"""How long a transfer that is due may wait for its account, from when it was both due and restricted."""
CLOSED = "rejected."
"""How Stripe's reasons begin that are for good: such an account gets nothing any more, and waiting is no use."""
MUST_WAIT = f"""EXISTS (
    SELECT FROM restricted_accounts a WHERE a.user_id = t.user_id AND a.active_at IS NULL
        AND greatest(a.restricted_at, t.created_at) > now() - make_interval(hours => {WAITS_HOURS}))"""
"""SQL condition: the transfer ``t`` waits for its winner's account."""
_RESTRICT = text("""
    INSERT INTO restricted_accounts AS a (id, stripe_account_id, user_id, restricted_at, disabled_reason)
    SELECT :id, u.stripe_connected_account_id, u.id, :told_at, :reason FROM users u
    WHERE u.stripe_connected_account_id = :account_id
    ON CONFLICT (stripe_account_id) DO UPDATE SET restricted_at = EXCLUDED.restricted_at, active_at = NULL,
        disabled_reason = EXCLUDED.disabled_reason, updated_at = now()
    WHERE a.active_at IS NOT NULL AND a.active_at < EXCLUDED.restricted_at
    RETURNING a.user_id
""")
_RELEASE = text("""
    UPDATE restricted_accounts SET active_at = :told_at, updated_at = now()
    WHERE stripe_account_id = :account_id AND active_at IS NULL AND restricted_at <= :told_at RETURNING user_id
""")


def told(work: UnitOfWork, account: Mapping[str, Any], created: int) -> str:
    """Note what an event says of an account: its state as it was at ``created``, in Unix seconds."""
    told_at = datetime.fromtimestamp(created, UTC)
    reason = str(account["requirements"]["disabled_reason"] or "unknown")
    if can_be_paid(account):
        released = work.write(_RELEASE, account_id=account["id"], told_at=told_at)
        return "account can be paid again" if released else "recorded, without effect on money"
    if reason.startswith(CLOSED):
        return "recorded, without effect on money"
    restricted = work.write(_RESTRICT, id=work.new_id(), account_id=account["id"], told_at=told_at, reason=reason)
    return "account is restricted" if restricted else "recorded, without effect on money"


def can_be_paid(account: Mapping[str, Any]) -> bool:
    """Whether Stripe takes transfers to it. Whether its bank is paid from there is another matter."""
    return bool(account["capabilities"].get("transfers") == "active")


def must_wait(runtime: Runtime, context: Context, row: Row[Any]) -> bool:
    """Whether a due transfer has to wait for its winner's account, which was told to be restricted.

    One whose earlier attempt got no answer is attempted: its key fetches what became of that.
    """
    if not row.account_restricted or row.attempt_count:
        return False
    account_id = row.stripe_connected_account_id
    try:
        account = runtime.stripe.account(account_id)
    except stripe.StripeError:
        return True
    if not can_be_paid(account):
        return not str(account["requirements"]["disabled_reason"] or "").startswith(CLOSED)
    with runtime.unit_of_work(
        context, action="account_active", reason="Stripe says that it can be paid", entity=("user", row.user_id)
    ) as work:
        work.write(_RELEASE, account_id=account_id, told_at=datetime.now(UTC))
    return False
