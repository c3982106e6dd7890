"""Defects of disputes on their way to an end: inquiries, several of one payment, and money that comes back."""

from __future__ import annotations

import dataclasses
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import disputes

DEFECTS = DefectRegistry("collecting", scenario="dispute_endings")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="`charge.dispute.created` was all there was in the test mode, and nobody subscribed to how it ends",
)
def won_dispute_not_booked(patches: Patches) -> None:
    """The bank gives a payment back to the platform, and the books keep it as lost."""

    def make(real: Any) -> Any:
        def moved(dispute: Any) -> Any:
            found = real(dispute)
            if found.reinstated_cents:
                patches.trigger()
            return dataclasses.replace(found, reinstated_cents=0)

        return moved

    patches.replace(disputes, "_moved", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="the years in which a dispute that was won gave its fee back, too",
)
def won_dispute_booked_with_its_fee(patches: Patches) -> None:
    """Of a dispute that is won the fee is booked as come back, too, which Stripe keeps."""

    def make(real: Any) -> Any:
        def post(work: Any, payment: Any, dispute_id: Any, what: str, amount_cents: int, event_id: Any) -> None:
            if what == "reinstated":
                patches.trigger()
                amount_cents += 1_500
            real(work, payment, dispute_id, what, amount_cents, event_id)

        return post

    patches.replace(disputes, "_post", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a dispute is a dispute: the status of an inquiry is not looked at",
)
def inquiry_booked_as_a_chargeback(patches: Patches) -> None:
    """A bank that only asks is booked as if it had taken the payment back."""

    def make(real: Any) -> Any:
        def moved(dispute: Any) -> Any:
            if dispute["status"].startswith("warning"):
                patches.trigger()
                return dataclasses.replace(real(dispute), withdrawn_cents=dispute["amount"], fee_cents=1_500)
            return real(dispute)

        return moved

    patches.replace(disputes, "_moved", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a payment is disputed or it is not: a flag, where a payment may have several disputes",
)
def second_dispute_of_a_payment_ignored(patches: Patches) -> None:
    """Of several disputes of one payment only the first is booked."""
    seen: dict[str, str] = {}

    def make(real: Any) -> Any:
        def told(work: Any, dispute: Any, event_id: str) -> Any:
            if seen.setdefault(dispute["payment_intent"], dispute["id"]) == dispute["id"]:
                return real(work, dispute, event_id)
            patches.trigger()
            return "dispute recorded, nothing to book"

        return told

    patches.replace(disputes, "told", make)
