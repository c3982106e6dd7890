"""Money moved from the platform's balance to a connected account, and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import embedded_list, unix


@dataclass(kw_only=True)
class Reversal:
    id: str
    created: datetime
    transfer: str
    amount_cents: int
    metadata: dict[str, str]
    balance_transaction: str
    currency: str

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "transfer_reversal",
            "amount": self.amount_cents,
            "balance_transaction": self.balance_transaction,
            "created": unix(self.created),
            "currency": self.currency,
            "destination_payment_refund": None,
            "metadata": {**self.metadata},
            "source_refund": None,
            "transfer": self.transfer,
        }


@dataclass(kw_only=True)
class Transfer:
    id: str
    created: datetime
    amount_cents: int
    destination: str
    destination_payment: str
    metadata: dict[str, str]
    balance_transaction: str
    currency: str
    description: str | None = None
    source_transaction: str | None = None
    transfer_group: str | None = None
    reversals: list[Reversal] = field(default_factory=list)

    @property
    def reversed_cents(self) -> int:
        return sum(reversal.amount_cents for reversal in self.reversals)

    @property
    def kept_cents(self) -> int:
        """What has not been reversed."""
        return self.amount_cents - self.reversed_cents

    @property
    def status(self) -> str:
        """Our word for its final state; Stripe's API has none, since a transfer exists or was refused."""
        if not self.reversals:
            return "paid"
        return "reversed" if self.reversed_cents == self.amount_cents else "partially_reversed"

    def render(self) -> JsonObject:
        reversals = [reversal.render() for reversal in reversed(self.reversals)]
        return {
            "id": self.id,
            "object": "transfer",
            "amount": self.amount_cents,
            "amount_reversed": self.reversed_cents,
            "balance_transaction": self.balance_transaction,
            "created": unix(self.created),
            "currency": self.currency,
            "description": self.description,
            "destination": self.destination,
            "destination_payment": self.destination_payment,
            "livemode": False,
            "metadata": {**self.metadata},
            "reversals": embedded_list(f"/v1/transfers/{self.id}/reversals", reversals),
            "reversed": self.reversed_cents == self.amount_cents,
            "source_transaction": self.source_transaction,
            "source_type": "card",
            "transfer_group": self.transfer_group,
        }
