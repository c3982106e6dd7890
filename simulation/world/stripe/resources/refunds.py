"""/v1/refunds: entry fees given back.

They debit the platform and leave transfers alone (fixtures/spec/stripe.md 16); Stripe keeps its fee.
"""

from __future__ import annotations

from simulation.world.stripe.api import Call
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import ApiError, JsonObject, Refused, missing
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.objects.refund import Refund
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
        amount_cents = call.params.integer("amount")
        charge = self._charge(call)
        amount_cents = amount_cents or charge.refundable_cents
        self._require_refundable(charge, amount_cents)
        refund = self._make(call, charge, amount_cents, reason)
        before: JsonObject = {"amount_refunded": charge.refunded_cents, "refunded": False}
        charge.refunded_cents += amount_cents
        log = self._store.log
        log.emit("charge.refunded", charge.render(), trigger=call.trigger, previous_attributes=before)
        log.emit("refund.created", refund.render(), trigger=call.trigger)
        return refund.render()

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
        intent = self._store.payment_intents.referenced(intent_id, param="payment_intent")
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

    def _make(self, call: Call, charge: Charge, amount_cents: int, reason: str | None) -> Refund:
        identity, metadata = self._store.ids.next("re"), call.params.mapping("metadata")
        posting = Posting(
            movement="refund",
            amount_cents=-amount_cents,
            # A refund of money that is still pending is taken from pending, not from what others have available.
            available_at=max(self._store.now, charge.available_at),
            source_id=identity,
            metadata=charge.metadata | metadata,
            payment_intent_id=charge.payment_intent,
        )
        return self._store.refunds.add(
            Refund(
                id=identity,
                created=self._store.now,
                amount_cents=amount_cents,
                charge=charge.id,
                payment_intent=charge.payment_intent,
                metadata=metadata,
                balance_transaction=self._store.balance.post(posting, trigger=call.trigger).id,
                reason=reason,
            )
        )
