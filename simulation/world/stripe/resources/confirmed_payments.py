"""What happens to an intent that is confirmed: it is paid at once, declined, waits for the cardholder, or takes days.

Source: fixtures/spec/stripe.md 20.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulation.world.stripe.api import BY_THE_WORLD, Trigger
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import ApiError, JsonObject, Refused
from simulation.world.stripe.objects.charge import Charge, ChargeStatus
from simulation.world.stripe.objects.payment_intent import PaymentIntent
from simulation.world.stripe.objects.payment_method import BANK_DEBIT, NEEDS_AUTHENTICATION
from simulation.world.stripe.resources.payment_methods import test_method_of
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
_DEBIT_RETURNED = Decline(
    code="payment_intent_payment_attempt_failed",
    decline_code="insufficient_funds",
    message="The bank returned the debit: the account has too little money.",
)


def decline_of(store: Store, payment_method: str) -> Decline | None:
    """Why a payment method is declined, or None where it pays."""
    return _DECLINES.get(test_method_of(store, payment_method).replace("pm_card_visa_", "pm_card_"))


class ConfirmedPayments:
    """Charges a confirmed intent: charge, balance transaction, events."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pay(self, intent: PaymentIntent, *, payment_method: str, trigger: Trigger) -> None:
        """Pay a confirmed intent: by card at once, unless the cardholder must be authenticated; by bank debit later.

        :raises Refused: 402 for a declined card; the failed charge stays on record.
        """
        kept = self._store.payment_methods.find(payment_method)
        if kept is not None and kept.customer != intent.customer:
            raise ApiError("The payment method belongs to a customer: send that customer too.", param="payment_method")
        test_method = test_method_of(self._store, payment_method)
        if test_method == NEEDS_AUTHENTICATION:
            self._ask_for_authentication(intent, payment_method, trigger)
        elif test_method == BANK_DEBIT:
            self._begin_debit(intent, payment_method, trigger)
        else:
            self._charge_card(intent, payment_method, trigger)

    def arrive(self, payment_intent_id: str) -> None:
        """The money of a bank debit that was under way has come."""
        intent, charge = self._under_way(payment_intent_id)
        charge.available_at = self._store.charge_available_at()
        self._succeed(intent, charge, BY_THE_WORLD)

    def bounce(self, payment_intent_id: str) -> None:
        """The bank returns a debit that was under way: there never was a payment."""
        intent, charge = self._under_way(payment_intent_id)
        self._fail(intent, charge, _DEBIT_RETURNED, BY_THE_WORLD)

    def change_amount(self, payment_intent_id: str, *, amount_cents: int) -> None:
        """The amount of an intent that nobody has paid is changed at Stripe's dashboard; Stripe sends no event."""
        intent = self._store.payment_intents.get(payment_intent_id)
        assert intent.status not in ("succeeded", "canceled", "processing"), f"{intent.id} is {intent.status}"
        intent.amount_cents = amount_cents

    def change_currency(self, payment_intent_id: str, *, currency: str) -> None:
        """The same number, but of another currency: changed at Stripe's dashboard before it is paid, without event."""
        intent = self._store.payment_intents.get(payment_intent_id)
        assert intent.status not in ("succeeded", "canceled", "processing"), f"{intent.id} is {intent.status}"
        intent.currency = currency

    def cancel(self, payment_intent_id: str) -> None:
        """An intent that nobody has paid is canceled at Stripe's dashboard."""
        intent = self._store.payment_intents.get(payment_intent_id)
        assert intent.status not in ("succeeded", "canceled", "processing"), f"{intent.id} is {intent.status}"
        intent.status, intent.canceled_at, intent.cancellation_reason = "canceled", self._store.now, None
        self._emit("payment_intent.canceled", intent.render(), BY_THE_WORLD)

    def _charge_card(self, intent: PaymentIntent, payment_method: str, trigger: Trigger) -> None:
        decline = decline_of(self._store, payment_method)
        charge = self._charge(intent, payment_method, "pending")
        if decline is None:
            self._succeed(intent, charge, trigger)
            return
        self._fail(intent, charge, decline, trigger)
        details: JsonObject = {"charge": charge.id, "decline_code": decline.decline_code}
        raise Refused(
            decline.message,
            status=402,
            error_type="card_error",
            code=decline.code,
            details={**details, "payment_intent": intent.render()},
        )

    def _ask_for_authentication(self, intent: PaymentIntent, payment_method: str, trigger: Trigger) -> None:
        intent.payment_method, intent.status = payment_method, "requires_action"
        self._emit("payment_intent.requires_action", intent.render(), trigger)

    def _begin_debit(self, intent: PaymentIntent, payment_method: str, trigger: Trigger) -> None:
        charge = self._charge(intent, payment_method, "pending")
        intent.payment_method, intent.status = payment_method, "processing"
        self._emit("charge.pending", charge.render(), trigger)
        self._emit("payment_intent.processing", intent.render(), trigger)

    def _under_way(self, payment_intent_id: str) -> tuple[PaymentIntent, Charge]:
        intent = self._store.payment_intents.get(payment_intent_id)
        assert intent.status == "processing", f"{intent.id} is {intent.status}: no debit is under way"
        return intent, self._store.charges.get(intent.latest_charge or "")

    def _succeed(self, intent: PaymentIntent, charge: Charge, trigger: Trigger) -> None:
        charge.status = "succeeded"
        intent.payment_method, intent.status, intent.last_payment_error = charge.payment_method, "succeeded", None
        charge.balance_transaction = self._post(intent, charge, trigger)
        self._emit("charge.succeeded", charge.render(), trigger)
        self._emit("payment_intent.succeeded", intent.render(), trigger)

    def _charge(self, intent: PaymentIntent, payment_method: str, status: ChargeStatus) -> Charge:
        charge = self._store.charges.add(
            Charge(
                id=self._store.ids.next("ch"),
                created=self._store.now,
                payment_intent=intent.id,
                amount_cents=intent.amount_cents,
                currency=intent.currency,
                metadata=dict(intent.metadata),
                status=status,
                payment_method=payment_method,
                by_bank_debit=test_method_of(self._store, payment_method) == BANK_DEBIT,
                customer=intent.customer,
                available_at=self._store.charge_available_at(),
                description=intent.description,
                receipt_email=intent.receipt_email,
                transfer_group=intent.transfer_group,
            )
        )
        intent.latest_charge = charge.id
        return charge

    def _post(self, intent: PaymentIntent, charge: Charge, trigger: Trigger) -> str:
        posting = Posting(
            movement="charge",
            amount_cents=charge.amount_cents,
            currency=charge.currency,
            fee_cents=self._store.fee_cents(charge.amount_cents, charge.currency),
            available_at=charge.available_at,
            source_id=charge.id,
            metadata=charge.metadata,
            payment_intent_id=intent.id,
        )
        return self._store.balance.post(posting, trigger=trigger).id

    def _fail(self, intent: PaymentIntent, charge: Charge, decline: Decline, trigger: Trigger) -> None:
        charge.status, charge.failure_code, charge.failure_message = "failed", decline.code, decline.message
        intent.status, intent.payment_method = "requires_payment_method", None
        intent.last_payment_error = {
            "type": "card_error" if not charge.by_bank_debit else "invalid_request_error",
            "code": decline.code,
            "message": decline.message,
            "charge": charge.id,
            "decline_code": decline.decline_code,
        }
        self._emit("charge.failed", charge.render(), trigger)
        self._emit("payment_intent.payment_failed", intent.render(), trigger)

    def _emit(self, event_type: str, snapshot: JsonObject, trigger: Trigger) -> None:
        self._store.log.emit(event_type, snapshot, trigger=trigger)
