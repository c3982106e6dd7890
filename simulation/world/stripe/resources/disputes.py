"""Chargebacks: opened by the cardholder's bank, not through the API. They debit the platform.

Source: fixtures/spec/stripe.md 16.
"""

from __future__ import annotations

from simulation.world.stripe.api import BY_THE_WORLD, Call
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.dispute import Dispute
from simulation.world.stripe.routing import Route
from simulation.world.stripe.store import Store

_URL = "/v1/disputes"


class Disputes:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        filters = PAGING | {"charge", "created", "payment_intent"}
        return (Route(method="GET", template=_URL, endpoint=self.list, accepts=filters),)

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, charge, intent = params.period(), params.text("charge"), params.text("payment_intent")
        return page(
            self._store.disputes,
            params,
            url=_URL,
            render=Dispute.render,
            wanted=lambda dispute: (
                dispute.created in period
                and matches(charge, dispute.charge)
                and matches(intent, dispute.payment_intent)
            ),
        )

    def open(self, payment_intent_id: str, *, reason: str) -> Dispute:
        """Open a dispute: the bank takes the rest of the payment back at once."""
        intent = self._store.payment_intents.get(payment_intent_id)
        assert intent.latest_charge is not None, f"{intent.id} was never paid; there is nothing to dispute"
        charge = self._store.charges.get(intent.latest_charge)
        identity = self._store.ids.next("dp")
        posting = Posting(
            movement="adjustment",
            amount_cents=-charge.refundable_cents,
            fee_cents=self._store.dispute_fee_cents,
            available_at=self._store.now,
            source_id=identity,
            metadata=charge.metadata,
            payment_intent_id=intent.id,
        )
        line = self._store.balance.post(posting, trigger=BY_THE_WORLD)
        dispute = Dispute(
            id=identity,
            created=self._store.now,
            amount_cents=charge.refundable_cents,
            charge=charge.id,
            payment_intent=intent.id,
            reason=reason,
            withdrawal=line.render_at(self._store.now),
            metadata=dict(charge.metadata),
        )
        charge.disputed = True
        self._store.disputes.add(dispute)
        self._store.log.emit("charge.dispute.created", dispute.render(), trigger=BY_THE_WORLD)
        return dispute
