"""Defects around payments that do not succeed at once: declined, canceled, under way for days, and come too late."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.refunding import keep_payments
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.errors import ApiError
from simulation.staging.money import payment_events, payments

_HAS_AN_INTENT = text("SELECT id FROM payment_intents WHERE contest_instance_id = :contest_id AND user_id = :user_id")
DEFECTS = DefectRegistry("collecting", scenario="payment_endings")


def _instead(patches: Patches, status: str, does: Any) -> None:
    """Of an event that sets an intent to ``status``, do something else."""

    def make(real: Any) -> Any:
        def changed_status(work: Any, intent: Any, told: str) -> Any:
            if told != status:
                return real(work, intent, told)
            patches.trigger()
            return does(work, intent, real)

        return changed_status

    patches.replace(payment_events, "changed_status", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a shop that ships when the order is placed; the first bank debit is under way and taken for money",
)
def debit_under_way_counted_as_paid(patches: Patches) -> None:
    """An entry fee that is being debited is booked at once, before anybody knows whether the money comes."""

    def book(work: Any, intent: Any, _: Any) -> Any:
        return payment_events.succeeded(work, intent, f"evt_of_{intent['id']}")

    _instead(patches, "PROCESSING", book)


@DEFECTS.sabotage(
    "values_as_declared",
    origin="`payment_failed` was read as a card's answer, which the browser shows anyway: nobody stored it",
)
def returned_debit_ignored(patches: Patches) -> None:
    """A payment that failed is left as it was: of a debit that the bank returned it still says that it is under way."""
    _instead(patches, "FAILED", lambda _work, _intent, _real: "recorded, without effect on money")


@DEFECTS.sabotage(
    "rows_accounted_for",
    origin="an enumeration that lacked a word, and a default that looked harmless",
)
def canceled_intent_noted_as_failed(patches: Patches) -> None:
    """An intent that was canceled at Stripe is noted as one whose card was declined."""
    _instead(patches, "CANCELED", lambda work, intent, real: real(work, intent, "FAILED"))


@DEFECTS.sabotage(
    "nobody_turned_away",
    origin="one intent for each entrant, as a unique index would have it: whoever has one needs no other",
)
def second_try_to_pay_refused(patches: Patches) -> None:
    """An entrant whose intent was canceled gets no other one."""

    def make(real: Any) -> Any:
        def check_payable(work: Any, context: Any, contest: Any, amount_cents: int) -> None:
            real(work, context, contest, amount_cents)
            if work.read(_HAS_AN_INTENT, contest_id=contest.id, user_id=context.actor):
                patches.trigger()
                raise ApiError(409, "PAYMENT_ALREADY_PROCESSED", "there is an intent to pay already")

        return check_payable

    patches.replace(payments, "_check_payable", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="the contest was over, so the money was simply added to what the platform keeps",
)
def payment_after_the_settlement_kept(patches: Patches) -> None:
    """A payment that arrives after the settlement is booked for the contest and not given back."""

    keep_payments(patches, lambda reason: reason == "paid_after_settlement")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="the amount is looked up in the own table, where it always was right",
)
def amount_owed_booked_for_the_amount_paid(patches: Patches) -> None:
    """Of a payment whose amount was changed at Stripe the fee is booked, and the entry counts."""

    def make(real: Any) -> Any:
        def succeeded(work: Any, intent: Any, event_id: str) -> Any:
            owed = payment_events.locked_intent(work, intent).amount_cents
            if intent["amount_received"] != owed:
                patches.trigger()
            return real(work, {**intent, "amount_received": owed}, event_id)

        return succeeded

    patches.replace(payment_events, "succeeded", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="money is money: whoever paid something is in",
)
def entry_counted_for_less_than_its_fee(patches: Patches) -> None:
    """A payment of another amount than the fee is booked as it came, and its entry counts."""

    def make(real: Any) -> Any:
        def refund_reason(work: Any, contest: Any, payment: Any, *, received: tuple[int, str]) -> Any:
            if received != (payment.amount_cents, payment.currency):
                patches.trigger()
            return real(work, contest, payment, received=(payment.amount_cents, payment.currency))

        return refund_reason

    patches.replace(payment_events, "_refund_reason", make)
