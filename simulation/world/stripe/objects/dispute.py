"""A cardholder's bank asks about a payment, or takes it back (fixtures/spec/stripe.md 16, 19)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix
from simulation.world.stripe.objects.unused_features import DISPUTE_EVIDENCE, DISPUTED_CARD

DisputeStatus = Literal[
    "warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review", "won", "lost"
]


@dataclass(kw_only=True)
class Dispute:
    id: str
    created: datetime
    amount_cents: int
    currency: str
    charge: str
    payment_intent: str
    reason: str
    lines: list[JsonObject] = field(default_factory=list)
    """The balance transactions: what took amount and fee from the platform, and what gave the amount back."""
    metadata: dict[str, str]
    status: DisputeStatus = "needs_response"

    @property
    def _case_type(self) -> str:
        return "inquiry" if self.status.startswith("warning") else "chargeback"

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "dispute",
            "amount": self.amount_cents,
            "balance_transactions": [{**line} for line in self.lines],
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
            "is_charge_refundable": self.status.startswith("warning"),
            "livemode": False,
            "metadata": {**self.metadata},
            "payment_intent": self.payment_intent,
            "payment_method_details": {"card": {**DISPUTED_CARD, "case_type": self._case_type}, "type": "card"},
            "reason": self.reason,
            "status": self.status,
        }
