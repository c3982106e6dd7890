"""Prizes that were given up: each for a cause in the world, not in the platform.

Totals still balance when a platform pays nobody and says why; only the world knows whether the reason is true.

Source: spec/iteration-06.md (All payout transfers executed, or marked terminal failed), spec/platform.md (Money).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulation.checks.base import Inquiry, check
from simulation.checks.case import Case
from simulation.checks.money import grouped
from simulation.checks.payouts import faulted_keys
from simulation.checks.relations import TransferRow, UserRow
from simulation.events import StripeObject

_PAYABLE = "enabled"


@check("Every prize was given up for a cause: a fault struck it, or the winner had no account that can be paid")
def given_up_for_cause(case: Case, inquiry: Inquiry) -> None:
    accounts = [item for item in case.events(StripeObject) if item.object_type == "account"]
    of_user = grouped(accounts, lambda account: account.user_id)
    own = {row.user_id: row.stripe_account_id for row in case.rows(UserRow)}
    faulted = faulted_keys(case)
    transfers = case.rows(TransferRow)
    for row in transfers:
        inquiry.examine()
        if row.status != "failed_terminal" or faulted & {row.transfer_id, row.idempotency_key}:
            continue
        payable = _payable(row, accounts, of_user, own)
        if payable is not None:
            inquiry.find(
                f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                "given up although nothing stood in its way",
                expected=f"{row.amount_cents} cents to {payable.object_id}, which can be paid",
                actual=f"failed_terminal: {row.failure_reason}",
                events=(payable,),
            )
    if not transfers:
        inquiry.nothing_needed("no prize was to be transferred")


def _payable(
    row: TransferRow,
    accounts: Sequence[StripeObject],
    of_user: Mapping[str | None, Sequence[StripeObject]],
    own: Mapping[str, str | None],
) -> StripeObject | None:
    """The winner's account in Stripe's own books, if money could have been sent to it to the end."""
    known = of_user.get(row.user_id, ()) or [item for item in accounts if item.object_id == own.get(row.user_id)]
    return next((account for account in known if account.status == _PAYABLE), None)
