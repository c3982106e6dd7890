"""Money given back to a card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix
from simulation.world.stripe.objects.unused_features import REFUND


@dataclass(kw_only=True)
class Refund:
    id: str
    created: datetime
    amount_cents: int
    charge: str
    payment_intent: str
    metadata: dict[str, str]
    balance_transaction: str
    reason: str | None = None
    currency: str = "usd"

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "refund",
            "amount": self.amount_cents,
            "balance_transaction": self.balance_transaction,
            "charge": self.charge,
            "created": unix(self.created),
            "currency": self.currency,
            "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
            "metadata": {**self.metadata},
            "payment_intent": self.payment_intent,
            "reason": self.reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
            **REFUND,
        }
