"""A cardholder's bank takes a payment back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix


@dataclass(kw_only=True)
class Dispute:
    id: str
    created: datetime
    amount_cents: int
    charge: str
    payment_intent: str
    reason: str
    balance_transaction: str
    metadata: dict[str, str]
    status: str = "needs_response"
    currency: str = "usd"

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "dispute",
            "amount": self.amount_cents,
            "balance_transactions": [],
            "charge": self.charge,
            "created": unix(self.created),
            "currency": self.currency,
            "evidence": {},
            "evidence_details": {"due_by": None, "has_evidence": False, "past_due": False, "submission_count": 0},
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {**self.metadata},
            "payment_intent": self.payment_intent,
            "reason": self.reason,
            "status": self.status,
        }
