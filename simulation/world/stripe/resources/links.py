"""Links and keys for a moment: onboarding, the express dashboard, embedded components, a customer's app.

Nothing of them lasts at Stripe, and nobody in the simulation opens the pages: onboarding is what the world says it is.
"""

from __future__ import annotations

from datetime import timedelta

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import ApiError, JsonObject, missing
from simulation.world.stripe.objects.account import Account
from simulation.world.stripe.objects.resource import unix
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_LINK_LIVES = timedelta(minutes=5)
_KEY_LIVES = timedelta(hours=1)
_COMPONENTS = (
    "account_management", "account_onboarding", "balance_report", "balances", "disputes_list", "documents",
    "financial_account", "financial_account_transactions", "instant_payouts_promotion", "issuing_card",
    "issuing_cards_list", "notification_banner", "payment_details", "payment_disputes", "payment_method_settings",
    "payments", "payout_details", "payout_reconciliation_report", "payouts", "payouts_list", "tax_registrations",
    "tax_settings",
)  # fmt: skip
"""What can be embedded; every answer names all of them."""
_LINK_TYPES = ("account_onboarding", "account_update")


class Links:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        link = names("account collect collection_options refresh_url return_url type")
        return (
            Route(method="POST", template="/v1/account_links", endpoint=self.account_link, accepts=link),
            Route(method="POST", template="/v1/accounts/{id}/login_links", endpoint=self.login_link),
            Route(
                method="POST",
                template="/v1/account_sessions",
                endpoint=self.account_session,
                accepts=names("account components"),
            ),
            Route(
                method="POST",
                template="/v1/ephemeral_keys",
                endpoint=self.ephemeral_key,
                accepts=names("customer"),
                unmodelled=names("issuing_card nonce verification_session"),
            ),
            Route(method="DELETE", template="/v1/ephemeral_keys/{id}", endpoint=self.end_ephemeral_key),
        )

    def account_link(self, call: Call) -> JsonObject:
        kind = call.params.required_text("type")
        if kind not in _LINK_TYPES:
            raise ApiError(f"Invalid type: must be one of {', '.join(_LINK_TYPES)}", param="type")
        for url in ("refresh_url", "return_url"):
            call.params.required_text(url)
        account = self._account(call)
        token = self._store.ids.secret("account_link", 12)
        return {
            "object": "account_link",
            "created": unix(self._store.now),
            "expires_at": unix(self._store.now + _LINK_LIVES),
            "url": f"https://connect.stripe.com/setup/s/{account.id}/{token}",
        }

    def login_link(self, call: Call) -> JsonObject:
        account = self._found(call.object_id)
        if account.account_type != "express":
            raise ApiError("Login links are for Express accounts that have finished onboarding.")
        token = self._store.ids.secret("login_link", 12)
        return {
            "object": "login_link",
            "created": unix(self._store.now),
            "url": f"https://connect.stripe.com/express/{account.id}/{token}",
        }

    def account_session(self, call: Call) -> JsonObject:
        account = self._account(call)
        wanted = call.params.nested("components")
        if not wanted.names:
            raise missing("components")
        if unknown := [name for name in wanted.names if name not in _COMPONENTS]:
            raise ApiError(f"Received unknown parameter: components[{unknown[0]}]", code="parameter_unknown")
        components: JsonObject = {
            name: {"enabled": wanted.nested(name).boolean("enabled") or False, "features": {}} for name in _COMPONENTS
        }
        return {
            "object": "account_session",
            "account": account.id,
            "client_secret": f"accs_secret__{self._store.ids.secret('account_session', 40)}",
            "components": components,
            "expires_at": unix(self._store.now + _KEY_LIVES),
            "livemode": False,
        }

    def ephemeral_key(self, call: Call) -> JsonObject:
        customer = self._store.customers.referenced(call.params.required_text("customer"), param="customer")
        identity = self._store.ids.next("ephkey")
        return {
            "id": identity,
            "object": "ephemeral_key",
            "associated_objects": [{"id": customer.id, "type": "customer"}],
            "created": unix(self._store.now),
            "expires": unix(self._store.now + _KEY_LIVES),
            "livemode": False,
            "secret": f"ek_test_{self._store.ids.secret('ephemeral_key', 40)}",
        }

    def end_ephemeral_key(self, call: Call) -> JsonObject:
        return {
            "id": call.object_id,
            "object": "ephemeral_key",
            "created": unix(self._store.now),
            "expires": unix(self._store.now),
            "livemode": False,
        }

    def _account(self, call: Call) -> Account:
        return self._found(call.params.required_text("account"))

    def _found(self, account_id: str) -> Account:
        account = self._store.accounts.find(account_id)
        if account is None or account.status == "deleted":
            raise ApiError(f"No such account: '{account_id}'", code="resource_missing", param="account")
        return account
