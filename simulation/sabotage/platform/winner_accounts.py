"""Defects of what Stripe does to winners' accounts: before their prizes are due, and once the prizes are in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import failed_bank_payouts, ledger, restricted_accounts, reversed_transfers

_LATEST_PRIZE = text("""
    SELECT t.* FROM payout_transfers t JOIN users u ON u.id = t.user_id
    WHERE u.stripe_connected_account_id = :account_id AND t.status = 'completed' AND t.amount_cents <= :cents
    ORDER BY t.completed_at DESC, t.id LIMIT 1
""")
DEFECTS = DefectRegistry("paying", scenario="winner_accounts")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a transfer is done once Stripe answered 200; `transfer.reversed` was never subscribed to, or dropped",
)
def reversal_ignored(patches: Patches) -> None:
    """Stripe takes a prize back, and the books still say that the winner has it."""

    def make(_: Any) -> Any:
        def told(*_: Any) -> str:
            patches.trigger()
            return "reversal was booked before"

        return told

    patches.replace(reversed_transfers, "told", make)


@DEFECTS.sabotage(
    "clearing_accounts_drained",
    origin="what comes back is income: nobody asks whose money it is",
)
def reversed_prize_kept(patches: Patches) -> None:
    """A prize that Stripe took back is booked as the platform's own, and nobody is owed it."""

    def make(_: Any) -> Any:
        def owed_to(_: Any) -> str:
            patches.trigger()
            return ledger.PLATFORM

        return owed_to

    patches.replace(reversed_transfers, "_owed_to", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="each event's `amount_reversed` is taken for what it adds, where it is the sum so far",
)
def sum_of_reversals_booked_each_time(patches: Patches) -> None:
    """Of a second reversal the sum of both is booked."""

    def make(real: Any) -> Any:
        def oldest_first(transfer: Any) -> Any:
            made = real(transfer)
            if len(made) > 1:
                patches.trigger()
            return [*made[:-1], {**made[-1], "amount": transfer["amount_reversed"]}]

        return oldest_first

    patches.replace(reversed_transfers, "_oldest_first", make)


@DEFECTS.sabotage(
    "given_up_for_cause",
    origin="`account.updated` is for the onboarding page; nobody thought of accounts that are in order no more",
)
def restricted_account_paid_all_the_same(patches: Patches) -> None:
    """A prize is sent to an account that Stripe has restricted for some hours, refused, and given up for good."""

    def make(real: Any) -> Any:
        def must_wait(runtime: Any, context: Any, row: Any) -> bool:
            if real(runtime, context, row):
                patches.trigger()
            return False

        return must_wait

    patches.replace(restricted_accounts, "must_wait", make)


@DEFECTS.sabotage(
    "rows_accounted_for",
    origin="`payouts_enabled` reads as if it were about our payouts; it is about the winner's bank",
)
def paused_account_taken_for_restricted(patches: Patches) -> None:
    """An account from which nothing leaves for its owner's bank counts as one that cannot be paid."""

    def make(real: Any) -> Any:
        def can_be_paid(account: Any) -> bool:
            if real(account) and not account["payouts_enabled"]:
                patches.trigger()
            return bool(account["payouts_enabled"])

        return can_be_paid

    patches.replace(restricted_accounts, "can_be_paid", make)


@DEFECTS.sabotage(
    "rows_accounted_for",
    origin="an event of a connected account: the endpoint hears of it, and nobody knew what it has to do with us",
)
def failed_bank_payout_ignored(patches: Patches) -> None:
    """A winner's bank does not take the prize, and nobody is told."""

    def make(_: Any) -> Any:
        def told(*_: Any) -> str:
            patches.trigger()
            return "recorded, without effect on money"

        return told

    patches.replace(failed_bank_payouts, "told", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="money came back, so it is ours again: whose account it came back to is not looked at",
)
def failed_bank_payout_booked_as_a_reversal(patches: Patches) -> None:
    """What a bank did not take is booked as if it were the platform's again; it is in the winner's account."""

    def make(real: Any) -> Any:
        def told(work: Any, payout: Any, account_id: Any) -> Any:
            paid = work.read(_LATEST_PRIZE, account_id=account_id, cents=payout["amount"])
            for row in paid:
                patches.trigger()
                reversed_transfers._post(work, row, {"id": payout["id"], "amount": payout["amount"]}, None)
            return real(work, payout, account_id)

        return told

    patches.replace(failed_bank_payouts, "told", make)
