"""/v1/payouts of a connected account (header ``Stripe-Account``): from its balance to its owner's bank.

Stripe's automatic payouts are switched off: what is transferred to an account stays in it until the platform or its
owner asks.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import ApiError, JsonObject, Refused
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.payout import Payout
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/payouts"
_DAYS = {"standard": 2, "instant": 0}
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
        params, ids = call.params, self._store.ids
        amount_cents, method = params.required_integer("amount"), params.text("method", choices=_DAYS) or "standard"
        params.dollars()
        account = self._account(call)
        if amount_cents > self._store.connected_cents(account):
            raise Refused("The account has too little money for this payout.", code="balance_insufficient")
        payout = Payout(
            id=ids.next("po"),
            created=self._store.now,
            arrival=self._store.now + timedelta(days=_DAYS[method]),
            account=account,
            bank_account=ids.next("ba"),
            amount_cents=amount_cents,
            method=method,
            metadata=params.mapping("metadata"),
            description=params.text("description"),
        )
        self._store.payouts.add(payout)
        self._emit("created", payout, call)
        self._store.at(payout.arrival, lambda: self._arrive(payout, call))
        return payout.render()

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
        self._end(payout, "canceled", call)
        return payout.render()

    def _arrive(self, payout: Payout, call: Call) -> None:
        if payout.status == "pending":
            self._end(payout, "paid", call)

    def _end(self, payout: Payout, status: Literal["paid", "canceled"], call: Call) -> None:
        payout.status = status
        self._emit(status, payout, call)

    def _found(self, call: Call) -> Payout:
        payout = self._store.payouts.get(call.object_id)
        if payout.account != self._account(call):
            raise ApiError(f"No such payout: '{payout.id}'", status=404, code="resource_missing", param="id")
        return payout

    def _account(self, call: Call) -> str:
        assert call.account is not None, "the router lets only calls for a connected account come here"
        return call.account

    def _emit(self, change: str, payout: Payout, call: Call) -> None:
        self._store.log.emit(f"payout.{change}", payout.render(), trigger=call.trigger, account=payout.account)
