"""Defects of refunds beyond "all at once, final at once": parts that Stripe gives back, money that comes back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import ledger, payment_events, returned_refunds, webhooks

DEFECTS = DefectRegistry("collecting", scenario="refund_endings")
_STATUS_LEFT = text("SELECT FROM refunds WHERE id = :id AND CAST(:reason AS text) IS NOT NULL")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a refund counts as done once Stripe answered 200: its later events are not subscribed to, or dropped",
)
def returned_refund_ignored(patches: Patches) -> None:
    """The bank sends a refund back, and the books still say that the entrant has it."""

    def make(_: Any) -> Any:
        def refund_changed(*_: Any) -> str:
            patches.trigger()
            return "recorded, without effect on money"

        return refund_changed

    patches.replace(payment_events, "refund_changed", make)


@DEFECTS.sabotage(
    "clearing_accounts_drained",
    origin="a failed refund is undone by the reverse of its own booking, although the entry is gone",
)
def returned_refund_back_in_the_pool(patches: Patches) -> None:
    """Money that the bank sent back is booked into the contest's pool, where nobody is owed it."""

    def make(_: Any) -> Any:
        def refunds_payable(contest_id: Any, _user_id: Any) -> str:
            patches.trigger()
            return ledger.contest_pool(contest_id)

        return refunds_payable

    patches.replace(ledger, "refunds_payable", make)


@DEFECTS.sabotage(
    "clearing_accounts_drained",
    origin="what comes back is income: nobody asks whose money it is",
)
def returned_refund_kept(patches: Patches) -> None:
    """Money that the bank sent back is booked as the platform's own."""

    def make(_: Any) -> Any:
        def refunds_payable(*_: Any) -> str:
            patches.trigger()
            return ledger.PLATFORM

        return refunds_payable

    patches.replace(ledger, "refunds_payable", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a handler that knows whole refunds only: `if charge.refunded`",
)
def part_given_by_stripe_not_booked(patches: Patches) -> None:
    """Stripe gives a part of a payment back, and the books do not hear of it."""

    def make(_: Any) -> Any:
        def refunds_made(_runtime: Any, event: Any) -> tuple[()]:
            if event["type"] == "charge.refunded" and not event["data"]["object"]["refunded"]:
                patches.trigger()
            return ()

        return refunds_made

    patches.replace(webhooks, "_refunds_made", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="`amount_refunded` is the sum so far, and is booked as if it were the refund",
)
def part_given_by_stripe_booked_as_the_sum(patches: Patches) -> None:
    """Of several parts of a payment each is booked with what has been given back in all."""

    def make(real: Any) -> Any:
        def charge_refunded(work: Any, charge: Any, made: Any, event_id: str) -> Any:
            if len(made) > 1:
                patches.trigger()
                made = [type(one)(stripe_id=one.stripe_id, amount_cents=charge["amount_refunded"]) for one in made]
            return real(work, charge, made, event_id)

        return charge_refunded

    patches.replace(payment_events, "charge_refunded", make)


@DEFECTS.sabotage(
    "refund_statuses_true",
    origin="the booking is put right, and the page that people look at still shows the refund as done",
)
def returned_refund_still_shown_as_made(patches: Patches) -> None:
    """Money that the bank sent back is booked as owed, and the refund keeps the status of one that arrived."""

    booked: set[str] = set()

    def make(real: Any) -> Any:
        def came_back(work: Any, refund: Any, stripe_event_id: str) -> str:
            if refund["id"] in booked:
                return "refund came back before"
            told: str = real(work, refund, stripe_event_id)
            booked.add(refund["id"])
            patches.trigger()
            return told

        return came_back

    patches.replace(returned_refunds, "came_back", make)
    patches.replace(returned_refunds, "_COME_BACK", lambda _: _STATUS_LEFT)
