"""A card that can pay, perhaps one that a customer keeps for later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix

ANY_CARD = "pm_card_visa"
"""Stripe's test card that pays."""
NEEDS_AUTHENTICATION = "pm_card_authenticationRequired"
"""Stripe's test card whose bank asks the cardholder (3-D Secure) each time."""
BANK_DEBIT = "pm_usBankAccount_success"
"""Stripe's test bank account. How a debit of it ends, and when, the world says."""


@dataclass(kw_only=True)
class PaymentMethod:
    """``test_card``: the test card that it acts as, by which it pays or is declined."""

    id: str
    created: datetime
    metadata: dict[str, str]
    test_card: str = ANY_CARD
    customer: str | None = None
    email: str | None = None
    name: str | None = None

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {
                "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
                "email": self.email,
                "name": self.name,
                "phone": None,
                "tax_id": None,
            },
            "card": {
                "brand": "visa",
                "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
                "country": "US",
                "display_brand": "visa",
                "exp_month": 12,
                "exp_year": 2034,
                "fingerprint": "FounderlessCard1",
                "funding": "credit",
                "generated_from": None,
                "last4": "4242",
                "networks": {"available": ["visa"], "preferred": None},
                "regulated_status": None,
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": unix(self.created),
            "customer": self.customer,
            "customer_account": None,
            "livemode": False,
            "metadata": {**self.metadata},
            "type": "card",
        }
