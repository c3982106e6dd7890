"""Defects of money that goes back, or was never owed: refunds, disputes, entries of the ledger."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import disputes, ledger, payment_events, payments, refunds

DEFECTS = DefectRegistry("collecting")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="the refund button of an admin page that calls Stripe and nothing else",
)
def refund_without_ledger(patches: Patches) -> None:
    """A refund is made at Stripe and never booked."""

    def book(_work: Any, _row: Any, outcome: Any) -> None:
        if outcome.status == "completed":
            patches.trigger()

    patches.replace(refunds, "OUTGOING", lambda outgoing: dataclasses.replace(outgoing, book=book))


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="two tabs, two payments: the second is kept",
)
def duplicate_payment_kept(patches: Patches) -> None:
    """Who paid twice gets nothing back."""

    keep_payments(patches, lambda _: True)


@DEFECTS.sabotage(
    "stripe_balance_explained",
    origin="a cardholder's bank takes a payment back weeks later; the event is acknowledged and forgotten",
    how="person",
)
def dispute_ignored(patches: Patches) -> None:
    """A chargeback debits the platform's balance and the books never hear of it."""

    def charge_back(sim: Any) -> None:
        paid = [row for row in sim.observer.rows("payments") if row["status"] == "SUCCEEDED"]
        sim.twin.open_dispute(payment_intent_id=paid[0]["stripe_payment_intent_id"])
        patches.trigger()

    patches.at(day=1, hour=20, act=charge_back)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "expected_prizes",
    origin="an optimistic interface: the entry counts as paid once the form was opened",
)
def ledger_without_payment(patches: Patches) -> None:
    """An entry fee is booked when the payment is begun, not when it is made."""

    def make(real: Any) -> Any:
        def create_intent(runtime: Any, context: Any, **named: Any) -> Any:
            intent = real(runtime, context, **named)
            opened = {
                "id": intent.client_secret.partition("_secret_")[0],
                "amount": named["amount_cents"],
                "currency": "usd",
            }
            with runtime.unit_of_work(
                context,
                action="entry_fee_booked",
                reason="the payment was begun",
                entity=("payment_intent", intent.payment_intent_id),
            ) as work:
                payment_events.succeeded(work, opened, None)  # type: ignore[arg-type]
            patches.trigger()
            return intent

        return create_intent

    patches.replace(payments, "create_intent", make)


@DEFECTS.sabotage(
    "postings_referenced",
    origin="a goodwill credit booked as an adjustment, with nothing that calls for it",
)
def adjustment_out_of_nowhere(patches: Patches) -> None:
    """Every refund comes with an adjustment that no settlement explains."""

    def book(work: Any, row: Any, outcome: Any) -> None:
        real(work, row, outcome)
        if outcome.status == "completed":
            patches.trigger()
            ledger.post(
                work,
                ledger.Posting(
                    key=f"goodwill:{row.id}",
                    entry_type="ADJUSTMENT",
                    debit=ledger.PLATFORM,
                    credit=ledger.STRIPE,
                    amount_cents=25,
                    currency=row.currency,
                    contest_id=row.contest_id,
                    user_id=row.user_id,
                    reference_type="refund",
                    reference_id=row.id,
                ),
            )

    real = refunds.OUTGOING.book
    patches.replace(refunds, "OUTGOING", lambda outgoing: dataclasses.replace(outgoing, book=book))


@DEFECTS.sabotage(
    "three_way_reconciliation",
    scenario="money_back",
    origin="Stripe's dispute fee is no part of the disputed amount, and is forgotten in the books",
)
def chargeback_booked_without_its_fee(patches: Patches) -> None:
    """A chargeback is booked with what the cardholder took back, and without what Stripe took for it."""

    def make(real: Any) -> Any:
        def moved(dispute: Any) -> Any:
            patches.trigger()
            return dataclasses.replace(real(dispute), fee_cents=0)

        return moved

    patches.replace(disputes, "_moved", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    scenario="money_back",
    origin="a request is ticked off and the refund is left to somebody who never hears of it",
)
def granted_refund_never_sent(patches: Patches) -> None:
    """An entrant's request is granted, and no refund comes of it."""

    def make(_: Any) -> Any:
        def request_for_entrant(*_: Any, **__: Any) -> int:
            patches.trigger()
            return 0

        return request_for_entrant

    patches.replace(refunds, "request_for_entrant", make)


def keep_payments(patches: Patches, kept: Callable[[str], bool]) -> None:
    """Give nothing back of payments that are to be given back for a reason for which ``kept`` is true."""

    def make(real: Any) -> Any:
        def refund_reason(work: Any, contest: Any, payment: Any, *, received: tuple[int, str]) -> Any:
            reason = real(work, contest, payment, received=received)
            if reason is None or not kept(reason):
                return reason
            patches.trigger()
            return None

        return refund_reason

    patches.replace(payment_events, "_refund_reason", make)
