"""What happens to a card when an intent is confirmed: it pays, or it is declined."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.world.stripe.api import Trigger
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import ApiError, JsonObject, Refused
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.objects.payment_intent import PaymentIntent
from simulation.world.stripe.resources.payment_methods import test_card_of
from simulation.world.stripe.store import Store


@dataclass(frozen=True, kw_only=True)
class Decline:
    """Why a card does not pay: Stripe's code, the bank's, and the words for people."""

    code: str
    decline_code: str
    message: str


_DECLINES = {
    "pm_card_chargeDeclined": Decline(
        code="card_declined", decline_code="generic_decline", message="The card was declined."
    ),
    "pm_card_chargeDeclinedInsufficientFunds": Decline(
        code="card_declined", decline_code="insufficient_funds", message="The card has too little money."
    ),
    "pm_card_chargeDeclinedExpiredCard": Decline(
        code="expired_card", decline_code="expired_card", message="The card has expired."
    ),
}
"""Stripe's test payment methods that fail; every other method pays."""


def decline_of(store: Store, payment_method: str) -> Decline | None:
    """Why a payment method is declined, or None where it pays."""
    return _DECLINES.get(test_card_of(store, payment_method).replace("pm_card_visa_", "pm_card_"))


class CardPayments:
    """Charges a confirmed intent: charge, balance transaction, events."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pay(self, intent: PaymentIntent, *, payment_method: str, trigger: Trigger) -> None:
        """Pay a confirmed intent.

        :raises Refused: 402 for a declined card; the failed charge stays on record.
        """
        kept = self._store.payment_methods.find(payment_method)
        if kept is not None and kept.customer != intent.customer:
            raise ApiError("The payment method belongs to a customer: send that customer too.", param="payment_method")
        decline = decline_of(self._store, payment_method)
        charge = self._store.charges.add(self._charge(intent, payment_method, decline))
        intent.latest_charge = charge.id
        if decline is not None:
            self._decline(intent, charge, decline, trigger)
        intent.payment_method, intent.status, intent.last_payment_error = payment_method, "succeeded", None
        charge.balance_transaction = self._post(intent, charge, trigger)
        self._emit("charge.succeeded", charge.render(), trigger)
        self._emit("payment_intent.succeeded", intent.render(), trigger)

    def _charge(self, intent: PaymentIntent, payment_method: str, decline: Decline | None) -> Charge:
        return Charge(
            id=self._store.ids.next("ch"),
            created=self._store.now,
            payment_intent=intent.id,
            amount_cents=intent.amount_cents,
            metadata=dict(intent.metadata),
            status="succeeded" if decline is None else "failed",
            payment_method=payment_method,
            customer=intent.customer,
            available_at=self._store.charge_available_at(),
            description=intent.description,
            receipt_email=intent.receipt_email,
            transfer_group=intent.transfer_group,
            failure_code=decline.code if decline else None,
            failure_message=decline.message if decline else None,
        )

    def _post(self, intent: PaymentIntent, charge: Charge, trigger: Trigger) -> str:
        posting = Posting(
            movement="charge",
            amount_cents=charge.amount_cents,
            fee_cents=self._store.fee_cents(charge.amount_cents),
            available_at=charge.available_at,
            source_id=charge.id,
            metadata=charge.metadata,
            payment_intent_id=intent.id,
        )
        return self._store.balance.post(posting, trigger=trigger).id

    def _decline(self, intent: PaymentIntent, charge: Charge, decline: Decline, trigger: Trigger) -> None:
        details: JsonObject = {"charge": charge.id, "decline_code": decline.decline_code}
        intent.status, intent.payment_method = "requires_payment_method", None
        intent.last_payment_error = {
            "type": "card_error",
            "code": decline.code,
            "message": decline.message,
            **details,
        }
        self._emit("charge.failed", charge.render(), trigger)
        self._emit("payment_intent.payment_failed", intent.render(), trigger)
        raise Refused(
            decline.message,
            status=402,
            error_type="card_error",
            code=decline.code,
            details={**details, "payment_intent": intent.render()},
        )

    def _emit(self, event_type: str, snapshot: JsonObject, trigger: Trigger) -> None:
        self._store.log.emit(event_type, snapshot, trigger=trigger)
