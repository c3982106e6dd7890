"""Fields that every answer of Stripe has and that nothing here uses, with their default values.

The conformance test against stripe-mock says which there are. They are shared by all rendered objects: never change
them.
"""

from __future__ import annotations

from typing import Final

from simulation.world.stripe.errors import JsonObject


def _nothing(spaced: str) -> JsonObject:
    return dict.fromkeys(spaced.split())


PAYMENT_INTENT: Final[JsonObject] = {
    **_nothing("allowed_payment_method_types customer_account excluded_payment_method_types"),
    "managed_payments": {"enabled": False},
    "payment_method_configuration_details": None,
}
REFUND: Final[JsonObject] = _nothing("customer customer_account payment_method")
OUTCOME: Final[JsonObject] = _nothing("advice_code network_advice_code network_decline_code")
CARD: Final[JsonObject] = {
    **_nothing("amount_authorized authorization_code mandate network_transaction_id regulated_status"),
    **_nothing("installments three_d_secure transaction_link_id wallet"),
    "checks": {"cvc_check": "pass", **_nothing("address_line1_check address_postal_code_check")},
    "exp_month": 12,
    "exp_year": 2034,
    "extended_authorization": {"status": "disabled"},
    "fingerprint": "FounderlessCard1",
    "incremental_authorization": {"status": "unavailable"},
    "multicapture": {"status": "unavailable"},
    "network": "visa",
    "network_token": {"used": False},
    "overcapture": {"maximum_amount_capturable": None, "status": "unavailable"},
}
ACCOUNT_SETTINGS: Final[JsonObject] = {
    "bacs_debit_payments": _nothing("display_name service_user_number"),
    "branding": _nothing("icon logo primary_color secondary_color"),
    "card_issuing": {"tos_acceptance": _nothing("date ip")},
    "card_payments": {
        "decline_on": {"avs_failure": False, "cvc_failure": False},
        **_nothing("statement_descriptor_prefix statement_descriptor_prefix_kana statement_descriptor_prefix_kanji"),
    },
    "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
    "invoices": _nothing("default_account_tax_ids hosted_payment_method_save"),
    "payments": _nothing("statement_descriptor statement_descriptor_kana statement_descriptor_kanji"),
    "payouts": {
        "debit_negative_balances": False,
        "schedule": {"delay_days": 2, "interval": "daily"},
        "statement_descriptor": None,
    },
    "sepa_debit_payments": {},
}
DISPUTE_EVIDENCE: Final[JsonObject] = {
    **_nothing("access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"),
    **_nothing("cancellation_rebuttal customer_communication customer_email_address customer_name"),
    **_nothing("customer_purchase_ip customer_signature duplicate_charge_documentation"),
    **_nothing("duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"),
    **_nothing("refund_policy_disclosure refund_refusal_explanation service_date service_documentation"),
    **_nothing("shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"),
    **_nothing("uncategorized_file uncategorized_text"),
    "enhanced_evidence": {},
}
DISPUTED_CARD: Final[JsonObject] = {
    "brand": "visa",
    "case_type": "chargeback",
    "network": "visa",
    "network_reason_code": None,
}
