"""A cardholder's bank takes a payment back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix
from simulation.world.stripe.objects.unused_features import DISPUTE_EVIDENCE, DISPUTED_CARD


@dataclass(kw_only=True)
class Dispute:
    id: str
    created: datetime
    amount_cents: int
    charge: str
    payment_intent: str
    reason: str
    withdrawal: JsonObject
    """The balance transaction that took amount and fee from the platform."""
    metadata: dict[str, str]
    status: str = "needs_response"
    currency: str = "usd"

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "dispute",
            "amount": self.amount_cents,
            "balance_transactions": [{**self.withdrawal}],
            "charge": self.charge,
            "created": unix(self.created),
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": DISPUTE_EVIDENCE,
            "evidence_details": {
                "due_by": None,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {**self.metadata},
            "payment_intent": self.payment_intent,
            "payment_method_details": {"card": DISPUTED_CARD, "type": "card"},
            "reason": self.reason,
            "status": self.status,
        }
