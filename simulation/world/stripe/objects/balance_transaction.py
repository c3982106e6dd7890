"""One line of the platform's account at Stripe."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix


@dataclass(frozen=True, kw_only=True)
class BalanceTransaction:
    """``amount_cents`` is signed as Stripe signs it: money that leaves is negative. Net = amount − fee."""

    id: str
    created: datetime
    transaction_type: str
    amount_cents: int
    fee_cents: int
    available_at: datetime
    source: str
    currency: str

    @property
    def net_cents(self) -> int:
        return self.amount_cents - self.fee_cents

    def render_at(self, now: datetime) -> JsonObject:
        """``status`` depends on the time: pending until the money is available."""
        fee: JsonObject = {
            "amount": self.fee_cents,
            "application": None,
            "currency": self.currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
        return {
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount_cents,
            "available_on": unix(self.available_at),
            "balance_type": "payments",
            "created": unix(self.created),
            "currency": self.currency,
            "description": None,
            "exchange_rate": None,
            "fee": self.fee_cents,
            "fee_details": [fee] if self.fee_cents else [],
            "net": self.net_cents,
            "reporting_category": self.transaction_type,
            "source": self.source,
            "status": "available" if self.available_at <= now else "pending",
            "type": self.transaction_type,
        }
