"""Money of a connected account on its way to its owner's bank."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix


@dataclass(kw_only=True)
class Payout:
    """``account``: the connected account whose money it is. ``bank_account``: where it goes, made up by the twin."""

    id: str
    created: datetime
    arrival: datetime
    account: str
    bank_account: str
    amount_cents: int
    currency: str
    method: str
    metadata: dict[str, str]
    description: str | None = None
    status: Literal["pending", "paid", "canceled", "failed"] = "pending"
    automatic: bool = False
    failure_code: str | None = None
    failure_message: str | None = None

    def render(self) -> JsonObject:
        unused = (
            "application_fee application_fee_amount balance_transaction failure_balance_transaction"
            " original_payout payout_method reversed_by statement_descriptor trace_id"
        )
        return {
            "id": self.id,
            "object": "payout",
            **dict.fromkeys(unused.split()),
            "failure_code": self.failure_code,
            "failure_message": self.failure_message,
            "amount": self.amount_cents,
            "arrival_date": unix(self.arrival),
            "automatic": self.automatic,
            "created": unix(self.created),
            "currency": self.currency,
            "description": self.description,
            "destination": self.bank_account,
            "livemode": False,
            "metadata": {**self.metadata},
            "method": self.method,
            "reconciliation_status": "not_applicable",
            "source_type": "card",
            "status": self.status,
            "type": "bank_account",
        }
