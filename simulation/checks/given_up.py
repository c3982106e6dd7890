"""Prizes that the platform gave up paying: each must have a cause outside the platform.

Totals still balance when a platform pays nobody and states a reason; only the world's records show whether it is true.

Source: fixtures/spec/requirements.md (C-34), fixtures/spec/platform.md (Money).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.money import grouped
from simulation.checks.evidence.relations import TransferRow, UserRow
from simulation.checks.payouts import faulted_keys, without_account
from simulation.currency import money
from simulation.events import StripeObject

_PAYABLE = "enabled"


@check(
    "Every prize was given up for a cause: a fault struck it, or the winner had no account that can be paid",
    about=("transfers",),
)
def given_up_for_cause(case: Case, inquiry: Inquiry) -> None:
    accounts = [item for item in case.events(StripeObject) if item.object_type == "account"]
    of_user = grouped(accounts, lambda account: account.user_id)
    own = {row.user_id: row.stripe_account_id for row in case.rows(UserRow)}
    faulted = faulted_keys(case)
    transfers, without = case.rows(TransferRow), case.remembered(without_account)
    for row in transfers:
        inquiry.examine()
        if row.status != "failed_terminal" or faulted & {row.transfer_id, row.idempotency_key}:
            continue
        known = _accounts(row, accounts, of_user, own)
        payable = next((account for account in known if account.status == _PAYABLE), None)
        if not known and row.user_id not in without:
            inquiry.find(
                f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                "given up for want of an account that nothing in the world had kept the winner from",
                keys=row.keys,
                amount_cents=row.amount_cents,
                expected="an account at Stripe: the winner connected one and never left",
                actual=f"none there; failed_terminal: {row.failure_reason}",
            )
        if payable is not None:
            inquiry.find(
                f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                "given up although nothing stood in its way",
                keys=row.keys,
                amount_cents=row.amount_cents,
                expected=f"{money(row.amount_cents, case.currency_of(row))} to {payable.object_id}, which can be paid",
                actual=f"failed_terminal: {row.failure_reason}",
                events=(payable,),
            )
    if not transfers:
        inquiry.nothing_needed("no prize was to be transferred")


def _accounts(
    row: TransferRow,
    accounts: Sequence[StripeObject],
    of_user: Mapping[str | None, Sequence[StripeObject]],
    own: Mapping[str, str | None],
) -> Sequence[StripeObject]:
    """The winner's connected accounts, as Stripe has them."""
    return of_user.get(row.user_id, ()) or [item for item in accounts if item.object_id == own.get(row.user_id)]
