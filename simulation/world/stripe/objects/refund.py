"""Money given back to a card, which may take days and may come back (fixtures/spec/stripe.md 18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix
from simulation.world.stripe.objects.unused_features import REFUND

RefundStatus = Literal["pending", "succeeded", "failed", "canceled"]


@dataclass(kw_only=True)
class Refund:
    id: str
    created: datetime
    amount_cents: int
    currency: str
    charge: str
    payment_intent: str
    metadata: dict[str, str]
    balance_transaction: str
    reason: str | None = None
    status: RefundStatus = "succeeded"
    failure_balance_transaction: str | None = None
    failure_reason: str | None = None
    """For ``failed``: Stripe's word for why the bank sent the money back."""

    def render(self) -> JsonObject:
        return {**self._always(), **self._while_pending(), **self._came_back()}

    def _while_pending(self) -> JsonObject:
        return {"pending_reason": "processing"} if self.status == "pending" else {}

    def _came_back(self) -> JsonObject:
        """Fields that a refund has only once its money is back."""
        shown = {
            "failure_balance_transaction": self.failure_balance_transaction,
            "failure_reason": self.failure_reason,
        }
        return {name: value for name, value in shown.items() if value is not None}

    def _always(self) -> JsonObject:
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
            "status": self.status,
            "transfer_reversal": None,
            **REFUND,
        }
