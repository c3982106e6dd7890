"""A page at Stripe on which somebody pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix

SessionStatus = Literal["open", "complete", "expired"]


@dataclass(frozen=True, kw_only=True)
class LineItem:
    """``price_id`` and ``product_id`` are made up by the twin: it keeps no price list."""

    id: str
    price_id: str
    product_id: str
    name: str
    unit_cents: int
    currency: str
    quantity: int
    created: datetime

    @property
    def total_cents(self) -> int:
        return self.unit_cents * self.quantity

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "item",
            "adjustable_quantity": None,
            "amount_discount": 0,
            "amount_subtotal": self.total_cents,
            "amount_tax": 0,
            "amount_total": self.total_cents,
            "currency": self.currency,
            "description": self.name,
            "metadata": {},
            "price": {
                "id": self.price_id,
                "object": "price",
                "active": False,
                "billing_scheme": "per_unit",
                "created": unix(self.created),
                "currency": self.currency,
                "custom_unit_amount": None,
                "livemode": False,
                "lookup_key": None,
                "metadata": {},
                "nickname": None,
                "product": self.product_id,
                "recurring": None,
                "tax_behavior": "unspecified",
                "tiers_mode": None,
                "transform_quantity": None,
                "type": "one_time",
                "unit_amount": self.unit_cents,
                "unit_amount_decimal": str(self.unit_cents),
            },
            "quantity": self.quantity,
        }


_UNUSED = (
    "adaptive_pricing after_expiration allow_promotion_codes billing_address_collection client_secret"
    " collected_information consent consent_collection currency_conversion customer_account"
    " integration_identifier invoice invoice_creation locale origin_context payment_link payment_method_collection"
    " payment_method_configuration_details permissions recovered_from saved_payment_method_options setup_intent"
    " shipping_address_collection shipping_cost submit_type subscription"
)


@dataclass(kw_only=True)
class CheckoutSession:
    """``payment``: parameters of the payment intent that paying makes: metadata, description, transfer group."""

    id: str
    created: datetime
    expires_at: datetime
    url: str
    items: tuple[LineItem, ...]
    success_url: str
    cancel_url: str | None
    metadata: dict[str, str]
    payment: dict[str, str | None]
    payment_metadata: dict[str, str]
    client_reference_id: str | None = None
    customer: str | None = None
    customer_email: str | None = None
    status: SessionStatus = "open"
    payment_intent: str | None = None

    @property
    def currency(self) -> str:
        return self.items[0].currency

    @property
    def total_cents(self) -> int:
        return sum(item.total_cents for item in self.items)

    def render(self) -> JsonObject:
        paid = self.status == "complete"
        who: JsonObject = {
            "email": self.customer_email,
            "tax_exempt": "none",
            **dict.fromkeys(("address", "business_name", "individual_name", "name", "phone", "tax_ids")),
        }
        return {
            "id": self.id,
            "object": "checkout.session",
            **dict.fromkeys(_UNUSED.split()),
            "amount_subtotal": self.total_cents,
            "amount_total": self.total_cents,
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "created": unix(self.created),
            "currency": self.currency,
            "custom_fields": [],
            "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
            "customer": self.customer,
            "customer_creation": "if_required",
            "customer_details": who if paid or self.customer_email else None,
            "customer_email": self.customer_email,
            "discounts": [],
            "expires_at": unix(self.expires_at),
            "livemode": False,
            "managed_payments": {"enabled": False},
            "metadata": {**self.metadata},
            "mode": "payment",
            "payment_intent": self.payment_intent,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "payment_status": "paid" if paid else "unpaid",
            "phone_number_collection": {"enabled": False},
            "shipping_options": [],
            "status": self.status,
            "success_url": self.success_url,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": self.url if self.status == "open" else None,
            "wallet_options": None,
        }
