"""/v1/accounts: where winners are paid.

Onboarding is finished as soon as the account exists, unless the world says otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from simulation.faults.effects import CallEffect
from simulation.world.stripe.api import BY_THE_WORLD, Call, Trigger
from simulation.world.stripe.errors import ApiError, JsonObject
from simulation.world.stripe.listing import PAGING, page
from simulation.world.stripe.objects.account import Account
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/accounts"
_TYPES = ("express", "custom", "standard")
_CREATE = names(
    """account_token business_profile business_type capabilities company controller country default_currency
    documents email external_account groups individual metadata settings tos_acceptance type"""
)


class Accounts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        one = f"{_URL}/{{id}}"
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=_CREATE),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=PAGING | {"created"}),
            Route(method="GET", template=one, endpoint=self.get),
            Route(
                method="POST", template=one, endpoint=self.update, accepts=_CREATE - {"type", "country", "controller"}
            ),
            Route(method="DELETE", template=one, endpoint=self.delete),
        )

    def create(self, call: Call) -> JsonObject:
        params = call.params
        account = Account(
            id=self._store.ids.next("acct"),
            created=self._store.now,
            account_type=params.text("type", choices=_TYPES) or "none",
            metadata=params.mapping("metadata"),
            email=params.text("email"),
            country=params.text("country") or "US",
            business_type=params.text("business_type"),
        )
        self._store.accounts.add(account)
        self._emit_updated(account, {"details_submitted": False, "payouts_enabled": False}, call.trigger)
        return account.render()

    def list(self, call: Call) -> JsonObject:
        period = call.params.period()
        return page(
            self._store.accounts,
            call.params,
            url=_URL,
            render=Account.render,
            wanted=lambda account: account.created in period and account.status != "deleted",
        )

    def get(self, call: Call) -> JsonObject:
        return self._found(call).render()

    def update(self, call: Call) -> JsonObject:
        account, params = self._found(call), call.params
        account.metadata = params.merged("metadata", account.metadata)
        account.email = params.text("email") or account.email
        account.business_type = params.text("business_type") or account.business_type
        return account.render()

    def delete(self, call: Call) -> JsonObject:
        account = self._found(call)
        account.status = "deleted"
        return {"id": account.id, "object": "account", "deleted": True}

    def apply(self, account_id: str, effect: CallEffect) -> None:
        """Apply a fault's effect to the account that the call is about, before the call is served."""
        if effect.mode == "close_account":
            self.close(account_id, fault_id=effect.fault_id)
        elif effect.mode == "suspend_account":
            self.suspend(account_id, fault_id=effect.fault_id)

    def close(self, account_id: str, *, fault_id: str | None = None) -> None:
        """Stripe closes the account for good; closing it twice changes nothing."""
        account = self._store.accounts.find(account_id)
        if account is None or account.is_gone:
            return
        before: JsonObject = {"payouts_enabled": account.can_be_paid}
        account.status, account.closed_by = "closed", fault_id
        self._emit_updated(account, before, replace(BY_THE_WORLD, fault_id=fault_id))

    def suspend(self, account_id: str, *, fault_id: str | None = None) -> None:
        """Stripe suspends the account: it cannot receive transfers until its owner has answered Stripe's questions."""
        account = self._store.accounts.find(account_id)
        if account is None or not account.can_be_paid:
            return
        account.status, account.closed_by, account.due_by = "restricted", fault_id, None
        self._emit_updated(account, {"payouts_enabled": True}, replace(BY_THE_WORLD, fault_id=fault_id))
        self._store.record_account(account)

    def ask_for_document(self, account_id: str, *, until: datetime) -> None:
        """Stripe asks the account's owner for a document; until then nothing is stopped."""
        account = self._store.accounts.get(account_id)
        if account.can_be_paid:
            account.due_by = until
            self._emit_updated(account, {"requirements": {"currently_due": []}}, BY_THE_WORLD)

    def pause_payouts(self, account_id: str, *, paused: bool) -> None:
        """Somebody at the dashboard pauses what leaves the account for its owner's bank; transfers to it go on."""
        account = self._store.accounts.get(account_id)
        if account.can_be_paid and account.payouts_paused != paused:
            account.payouts_paused = paused
            self._emit_updated(account, {"payouts_enabled": paused}, BY_THE_WORLD)

    def of_user(self, user_id: str) -> str | None:
        """The account of a user of the platform that can be paid, by how the platform labelled it."""
        names, accounts = self._store.names, self._store.accounts
        own = (one for one in accounts if names.user_id(one.metadata) == user_id and one.can_be_paid)
        return next((account.id for account in own), None)

    def set_onboarding(self, account_id: str, *, finished: bool) -> None:
        """The account's owner leaves onboarding unfinished, or finishes it. A closed account stays closed."""
        account = self._store.accounts.get(account_id)
        if account.is_gone or account.can_be_paid == finished:
            return
        before: JsonObject = {"payouts_enabled": account.can_be_paid}
        account.status, account.due_by = "enabled" if finished else "restricted", None
        self._emit_updated(account, before, BY_THE_WORLD)
        self._store.record_account(account)

    def _found(self, call: Call) -> Account:
        account = self._store.accounts.find(call.object_id)
        if account is None or account.status == "deleted":
            # Stripe does not say whether an account does not exist or is somebody else's.
            raise ApiError(
                f"The key has no access to the account '{call.object_id}', or it does not exist.",
                status=403,
                code="account_invalid",
            )
        return account

    def _emit_updated(self, account: Account, before: JsonObject, trigger: Trigger) -> None:
        self._store.log.emit(
            "account.updated", account.render(), trigger=trigger, previous_attributes=before, account=account.id
        )
