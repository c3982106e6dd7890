"""Inquiries and chargebacks: opened and decided by the cardholder's bank, not through the API.

A chargeback debits the platform; one that is won gives the amount back. Source: fixtures/spec/stripe.md 16, 19.
"""

from __future__ import annotations

from typing import Literal

from simulation.world.stripe.api import BY_THE_WORLD, Call
from simulation.world.stripe.balance import Posting
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.dispute import Dispute
from simulation.world.stripe.routing import Route
from simulation.world.stripe.store import Store

_URL = "/v1/disputes"
_CLOSED = ("won", "lost", "warning_closed")


class Disputes:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        filters = PAGING | {"charge", "created", "payment_intent"}
        return (
            Route(method="GET", template=_URL, endpoint=self.list, accepts=filters),
            Route(method="GET", template=f"{_URL}/{{id}}", endpoint=self.get),
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.disputes.get(call.object_id).render()

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

    def open(self, payment_intent_id: str, *, reason: str, amount_cents: int | None = None) -> Dispute:
        """Open a dispute: the bank takes the payment back at once.

        :param amount_cents: a part of it; None: all that is left. Several parts of one payment may be disputed.
        """
        dispute = self._about(payment_intent_id, reason=reason, amount_cents=amount_cents)
        charge = self._store.charges.get(dispute.charge)
        charge.disputed_cents += dispute.amount_cents
        self._move(dispute, -dispute.amount_cents, fee_cents=self._store.dispute_fee_cents(dispute.currency))
        charge.disputed = True
        self._store.disputes.add(dispute)
        self._emit("created", dispute)
        self._emit("funds_withdrawn", dispute)
        return dispute

    def inquire(self, payment_intent_id: str, *, reason: str) -> Dispute:
        """The bank asks about a payment, and moves no money."""
        dispute = self._about(payment_intent_id, reason=reason, amount_cents=None)
        dispute.status = "warning_needs_response"
        self._store.disputes.add(dispute)
        self._emit("created", dispute)
        return dispute

    def close(self, dispute_id: str, status: Literal["won", "lost", "warning_closed"]) -> Dispute:
        """The bank has decided. Of a dispute that is won the amount comes back, and Stripe keeps its fee."""
        dispute = self._store.disputes.get(dispute_id)
        is_inquiry = dispute.status.startswith("warning")
        assert dispute.status not in _CLOSED, f"{dispute.id} is {dispute.status} already"
        assert is_inquiry == (status == "warning_closed"), f"{dispute.id}, {dispute.status}, cannot be {status}"
        dispute.status = status
        if status == "won":
            self._store.charges.get(dispute.charge).disputed_cents -= dispute.amount_cents
            self._move(dispute, dispute.amount_cents, fee_cents=0)
        self._emit("closed", dispute)
        if status == "won":
            self._emit("funds_reinstated", dispute)
        return dispute

    def _about(self, payment_intent_id: str, *, reason: str, amount_cents: int | None) -> Dispute:
        intent = self._store.payment_intents.get(payment_intent_id)
        assert intent.latest_charge is not None, f"{intent.id} was never paid; there is nothing to dispute"
        charge = self._store.charges.get(intent.latest_charge)
        left_cents = charge.refundable_cents - charge.disputed_cents
        assert 0 < (amount_cents or left_cents) <= left_cents, f"{charge.id}: {left_cents} left, not {amount_cents}"
        return Dispute(
            id=self._store.ids.next("dp"),
            created=self._store.now,
            amount_cents=amount_cents or left_cents,
            currency=charge.currency,
            charge=charge.id,
            payment_intent=intent.id,
            reason=reason,
            metadata=dict(charge.metadata),
        )

    def _move(self, dispute: Dispute, amount_cents: int, *, fee_cents: int) -> None:
        posting = Posting(
            movement="adjustment",
            amount_cents=amount_cents,
            currency=dispute.currency,
            fee_cents=fee_cents,
            available_at=self._store.now,
            source_id=dispute.id,
            metadata=dispute.metadata,
            payment_intent_id=dispute.payment_intent,
        )
        line = self._store.balance.post(posting, trigger=BY_THE_WORLD)
        dispute.lines.append(line.render_at(self._store.now))

    def _emit(self, change: str, dispute: Dispute) -> None:
        self._store.log.emit(f"charge.dispute.{change}", dispute.render(), trigger=BY_THE_WORLD)
