"""/v1/payouts of a connected account (header ``Stripe-Account``): from its balance to its owner's bank.

Stripe's automatic payouts are switched off: what is transferred to an account stays in it until the platform or its
owner asks, or the world has Stripe send it (:meth:`Payouts.send_by_stripe`). From an account that is paused
nothing is sent, and what is under way waits; ten days after it was made it is canceled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from simulation.world.stripe.api import BY_THE_WORLD, Call, Trigger
from simulation.world.stripe.errors import ApiError, JsonObject, Refused
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.payout import Payout
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/payouts"
_DAYS = {"standard": 2, "instant": 0}
_WAITS = timedelta(days=10)
"""How long a payout waits for its account (fixtures/spec/stripe.md 27)."""
_LOOKS = timedelta(hours=1)
_FAILURES = {
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account details on file are probably incorrect: no such account could be located.",
}
_CREATE = names("amount currency description metadata method statement_descriptor")


class Payouts:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        one = f"{_URL}/{{id}}"
        return (
            Route(
                method="POST",
                template=_URL,
                endpoint=self.create,
                accepts=_CREATE,
                unmodelled=names("destination payout_method source_type"),
                connected=True,
            ),
            Route(
                method="GET",
                template=_URL,
                endpoint=self.list,
                accepts=PAGING | {"created", "status"},
                unmodelled=names("arrival_date destination"),
                connected=True,
            ),
            Route(method="GET", template=one, endpoint=self.get, connected=True),
            Route(method="POST", template=f"{one}/cancel", endpoint=self.cancel, connected=True),
        )

    def create(self, call: Call) -> JsonObject:
        params = call.params
        currency, method = params.currency(), params.text("method", choices=_DAYS) or "standard"
        amount_cents = params.required_amount(currency)
        account = self._account(call)
        if not self._store.accounts.get(account).payouts_enabled:
            raise Refused("Payouts have been disabled on the connected account.", code="payouts_not_allowed")
        if amount_cents > self._store.connected_cents(account, currency):
            raise Refused("The account has too little money for this payout.", code="balance_insufficient")
        payout = self._build(account, amount_cents, currency, method)
        payout.metadata, payout.description = params.mapping("metadata"), params.text("description")
        self._send(payout, call.trigger)
        return payout.render()

    def send_by_stripe(self, account: str, *, amount_cents: int, currency: str) -> Payout:
        """So much goes from the account to its owner's bank, as Stripe's schedule has it."""
        assert not self.is_paused(account), f"{account} is paused"
        payout = self._build(account, amount_cents, currency, "standard")
        payout.automatic = True
        self._send(payout, BY_THE_WORLD)
        return payout

    def is_paused(self, account: str) -> bool:
        """Whether somebody at the dashboard has paused what leaves the account."""
        return self._store.accounts.get(account).payouts_paused

    def fail(self, payout_id: str, *, code: Literal["account_closed", "no_account"]) -> None:
        """The bank does not take it, or sends it back after it had arrived: the account has the money again."""
        payout = self._store.payouts.get(payout_id)
        assert payout.status in ("pending", "paid"), f"{payout.id} is {payout.status}"
        payout.failure_code, payout.failure_message = code, _FAILURES[code]
        self._end(payout, "failed", BY_THE_WORLD)

    def _build(self, account: str, amount_cents: int, currency: str, method: str) -> Payout:
        return Payout(
            id=self._store.ids.next("po"),
            created=self._store.now,
            arrival=self._store.now + timedelta(days=_DAYS[method]),
            account=account,
            bank_account=self._store.ids.next("ba"),
            amount_cents=amount_cents,
            currency=currency,
            method=method,
            metadata={},
        )

    def _send(self, payout: Payout, trigger: Trigger) -> None:
        self._store.payouts.add(payout)
        self._emit("created", payout, trigger)
        self._store.at(payout.arrival, lambda: self._arrive(payout, trigger))

    def list(self, call: Call) -> JsonObject:
        period, status = call.params.period(), call.params.text("status")
        account = self._account(call)
        return page(
            self._store.payouts,
            call.params,
            url=_URL,
            render=Payout.render,
            wanted=lambda one: one.account == account and one.created in period and matches(status, one.status),
        )

    def get(self, call: Call) -> JsonObject:
        return self._found(call).render()

    def cancel(self, call: Call) -> JsonObject:
        payout = self._found(call)
        if payout.status != "pending":
            raise Refused(f"The payout is {payout.status} and cannot be canceled.", code=None)
        self._end(payout, "canceled", call.trigger)
        return payout.render()

    def _arrive(self, payout: Payout, trigger: Trigger) -> None:
        gives_up_at = payout.created + _WAITS
        if payout.status != "pending":
            return
        if not self.is_paused(payout.account):
            self._end(payout, "paid", trigger)
        elif self._store.now >= gives_up_at:
            self._end(payout, "canceled", trigger)
        else:
            again_at = min(self._store.now + _LOOKS, gives_up_at)
            self._store.at(again_at, lambda: self._arrive(payout, trigger))

    def _end(self, payout: Payout, status: Literal["paid", "canceled", "failed"], trigger: Trigger) -> None:
        payout.status = status
        self._emit(status, payout, trigger)

    def _found(self, call: Call) -> Payout:
        payout = self._store.payouts.get(call.object_id)
        if payout.account != self._account(call):
            raise ApiError(f"No such payout: '{payout.id}'", status=404, code="resource_missing", param="id")
        return payout

    def _account(self, call: Call) -> str:
        assert call.account is not None, "the router lets only calls for a connected account come here"
        return call.account

    def _emit(self, change: str, payout: Payout, trigger: Trigger) -> None:
        self._store.log.emit(f"payout.{change}", payout.render(), trigger=trigger, account=payout.account)
