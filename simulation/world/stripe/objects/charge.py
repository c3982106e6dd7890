"""One attempt to take money from a card or a bank account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix
from simulation.world.stripe.objects.unused_features import CARD, OUTCOME

_BILLING: JsonObject = {"address": None, "name": None, "phone": None, "tax_id": None}
_DEBITED: JsonObject = {
    "type": "us_bank_account",
    "us_bank_account": {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "expected_debit_date": None,
        "fingerprint": "FounderlessBank1",
        "last4": "6789",
        "mandate": None,
        "payment_reference": None,
        "routing_number": "110000000",
    },
}


ChargeStatus = Literal["pending", "succeeded", "failed"]
"""``pending``: a bank debit under way."""


@dataclass(kw_only=True)
class Charge:
    id: str
    created: datetime
    payment_intent: str
    amount_cents: int
    currency: str
    metadata: dict[str, str]
    status: ChargeStatus
    payment_method: str
    by_bank_debit: bool = False
    available_at: datetime
    customer: str | None = None
    description: str | None = None
    receipt_email: str | None = None
    transfer_group: str | None = None
    balance_transaction: str | None = None
    refunded_cents: int = 0
    transferred_cents: int = 0
    """Sum of the transfers that name this charge as their source."""
    disputed: bool = False
    disputed_cents: int = 0
    """What the cardholder's bank has taken back and not given back."""
    refunds_take_long: bool = False
    """The cardholder's bank takes days to credit a refund: until then it is pending."""
    failure_code: str | None = None
    failure_message: str | None = None

    @property
    def refundable_cents(self) -> int:
        return self.amount_cents - self.refunded_cents if self.status == "succeeded" else 0

    def render(self) -> JsonObject:
        paid = self.status == "succeeded"
        card: JsonObject = {"brand": "visa", "country": "US", "funding": "credit", "last4": "4242", **CARD}
        return {
            "id": self.id,
            "object": "charge",
            "amount": self.amount_cents,
            "amount_captured": self.amount_cents if paid else 0,
            "amount_refunded": self.refunded_cents,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": self.balance_transaction,
            "billing_details": {**_BILLING, "email": self.receipt_email},
            "calculated_statement_descriptor": None,
            "captured": paid,
            "created": unix(self.created),
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "disputed": self.disputed,
            "failure_balance_transaction": None,
            "failure_code": self.failure_code,
            "failure_message": self.failure_message,
            "fraud_details": {},
            "livemode": False,
            "metadata": {**self.metadata},
            "on_behalf_of": None,
            "outcome": self._outcome(),
            "paid": paid,
            "payment_intent": self.payment_intent,
            "payment_method": self.payment_method,
            "payment_method_details": _DEBITED if self.by_bank_debit else {"card": card, "type": "card"},
            "receipt_email": self.receipt_email,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": paid and self.refunded_cents == self.amount_cents,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": self.status,
            "transfer_data": None,
            "transfer_group": self.transfer_group,
        }

    def _outcome(self) -> JsonObject | None:
        if self.status == "pending":
            return None
        if self.status == "succeeded":
            return {
                "network_status": "approved_by_network",
                "reason": None,
                "risk_level": "normal",
                "seller_message": "Payment complete.",
                "type": "authorized",
                **OUTCOME,
            }
        return {
            "network_status": "declined_by_network",
            "reason": self.failure_code,
            "risk_level": "normal",
            "seller_message": "The bank did not accept the payment.",
            "type": "issuer_declined",
            **OUTCOME,
        }
