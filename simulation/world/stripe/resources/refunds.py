"""/v1/refunds: entry fees given back, whole or in parts, by the platform or by Stripe itself.

They debit the platform and leave transfers alone (fixtures/spec/stripe.md 16); Stripe keeps its fee. The money of one
that fails or is canceled comes back (fixtures/spec/stripe.md 18).
"""

from __future__ import annotations

from simulation.world.stripe.api import BY_THE_WORLD, Call, Trigger
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import ApiError, JsonObject, Refused, missing
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.objects.payment_intent import PaymentIntent
from simulation.world.stripe.objects.refund import Refund, RefundStatus
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/refunds"
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_UNMODELLED = names("""customer instructions_email origin refund_application_fee reverse_transfer""")


class Refunds:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        accepts = names("amount charge currency metadata payment_intent reason")
        filters = PAGING | {"charge", "created", "payment_intent"}
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=accepts, unmodelled=_UNMODELLED),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=filters),
            Route(method="GET", template=f"{_URL}/{{id}}", endpoint=self.get),
        )

    def create(self, call: Call) -> JsonObject:
        reason = call.params.text("reason", choices=_REASONS)
        charge = self._charge(call)
        amount_cents = call.params.amount(charge.currency) or charge.refundable_cents
        self._require_refundable(charge, amount_cents)
        metadata = call.params.mapping("metadata")
        return self._make(charge, amount_cents, metadata=metadata, reason=reason, trigger=call.trigger).render()

    def make_by_stripe(self, payment_intent_id: str, *, amount_cents: int) -> Refund:
        """Stripe gives a part of a payment back without being asked by the platform."""
        charge = self._charge_of(self._store.payment_intents.get(payment_intent_id))
        self._require_refundable(charge, amount_cents)
        return self._make(charge, amount_cents, metadata={}, reason=None, trigger=BY_THE_WORLD)

    def take_long(self, payment_intent_id: str) -> None:
        """Refunds of this payment from now on are pending until :meth:`end` says how they end."""
        self._charge_of(self._store.payment_intents.get(payment_intent_id)).refunds_take_long = True

    def end(self, refund_id: str, status: RefundStatus, *, failure_reason: str | None = None) -> None:
        """A pending refund arrives, fails or is canceled; unless it arrives, its money is back in the balance.

        :param failure_reason: Stripe's word, for ``failed``.
        """
        refund = self._store.refunds.get(refund_id)
        assert refund.status == "pending", f"{refund.id} is {refund.status}: only a pending refund has its end to come"
        refund.status, refund.failure_reason = status, failure_reason
        if status != "succeeded":
            self._take_back(refund)
        types = ("charge.refund.updated", "refund.updated", *(("refund.failed",) if status == "failed" else ()))
        for event_type in types:
            self._store.log.emit(
                event_type, refund.render(), trigger=BY_THE_WORLD, previous_attributes={"status": "pending"}
            )

    def _take_back(self, refund: Refund) -> None:
        charge = self._store.charges.get(refund.charge)
        charge.refunded_cents -= refund.amount_cents
        posting = Posting(
            movement="refund_failure",
            amount_cents=refund.amount_cents,
            currency=refund.currency,
            available_at=self._store.now,
            source_id=refund.id,
            metadata=charge.metadata | refund.metadata,
            payment_intent_id=refund.payment_intent,
        )
        refund.failure_balance_transaction = self._store.balance.post(posting, trigger=BY_THE_WORLD).id

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, charge, intent = params.period(), params.text("charge"), params.text("payment_intent")
        return page(
            self._store.refunds,
            params,
            url=_URL,
            render=Refund.render,
            wanted=lambda refund: (
                refund.created in period and matches(charge, refund.charge) and matches(intent, refund.payment_intent)
            ),
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.refunds.get(call.object_id).render()

    def _charge(self, call: Call) -> Charge:
        charge_id, intent_id = call.params.text("charge"), call.params.text("payment_intent")
        if charge_id is not None:
            return self._store.charges.referenced(charge_id, param="charge")
        if intent_id is None:
            raise missing("payment_intent")
        return self._charge_of(self._store.payment_intents.referenced(intent_id, param="payment_intent"))

    def _charge_of(self, intent: PaymentIntent) -> Charge:
        if intent.status != "succeeded" or intent.latest_charge is None:
            raise ApiError(f"The payment intent {intent.id} has no successful charge.", param="payment_intent")
        return self._store.charges.get(intent.latest_charge)

    def _require_refundable(self, charge: Charge, amount_cents: int) -> None:
        if charge.disputed:
            raise Refused(f"The charge {charge.id} has been charged back.", code="charge_disputed")
        if charge.status == "succeeded" and charge.refundable_cents == 0:
            raise Refused(f"The charge {charge.id} has already been refunded.", code="charge_already_refunded")
        if not 0 < amount_cents <= charge.refundable_cents:
            raise Refused(
                f"Of the charge {charge.id} only {charge.refundable_cents} is left to refund.",
                code=None,
                param="amount",
            )

    def _make(
        self, charge: Charge, amount_cents: int, *, metadata: dict[str, str], reason: str | None, trigger: Trigger
    ) -> Refund:
        identity = self._store.ids.next("re")
        posting = Posting(
            movement="refund",
            amount_cents=-amount_cents,
            currency=charge.currency,
            # A refund of money that is still pending is taken from pending, not from what others have available.
            available_at=max(self._store.now, charge.available_at),
            source_id=identity,
            metadata=charge.metadata | metadata,
            payment_intent_id=charge.payment_intent,
        )
        refund = self._store.refunds.add(
            Refund(
                id=identity,
                created=self._store.now,
                amount_cents=amount_cents,
                currency=charge.currency,
                charge=charge.id,
                payment_intent=charge.payment_intent,
                metadata=metadata,
                balance_transaction=self._store.balance.post(posting, trigger=trigger).id,
                reason=reason,
                status="pending" if charge.refunds_take_long else "succeeded",
            )
        )
        before: JsonObject = {"amount_refunded": charge.refunded_cents, "refunded": False}
        charge.refunded_cents += amount_cents
        log = self._store.log
        log.emit("charge.refunded", charge.render(), trigger=trigger, previous_attributes=before)
        log.emit("refund.created", refund.render(), trigger=trigger)
        return refund
