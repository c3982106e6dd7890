"""/v1/balance and /v1/balance_transactions."""

from __future__ import annotations

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/balance_transactions"


class Balances:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        return (
            Route(method="GET", template="/v1/balance", endpoint=self.balance, connected=None),
            Route(
                method="GET",
                template=_URL,
                endpoint=self.list,
                accepts=PAGING | {"created", "currency", "source", "type"},
                unmodelled=names("payout"),
            ),
            Route(method="GET", template=f"{_URL}/{{id}}", endpoint=self.get),
        )

    def balance(self, call: Call) -> JsonObject:
        balance = self._store.balance
        if call.account is not None:
            return _shown(self._store.connected_cents(call.account), pending_cents=0)
        return _shown(balance.available_cents, pending_cents=balance.pending_cents)

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, kind = params.period(), params.text("type")
        source, currency = params.text("source"), params.text("currency")
        return page(
            self._store.balance.transactions,
            params,
            url=_URL,
            wanted=lambda line: (
                line.created in period
                and matches(kind, line.transaction_type)
                and matches(source, line.source)
                and matches(currency, line.currency)
            ),
            render=lambda line: line.render_at(self._store.now),
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.balance.transactions.get(call.object_id).render_at(self._store.now)


def _shown(available_cents: int, *, pending_cents: int) -> JsonObject:
    available, pending = _money(available_cents), _money(pending_cents)
    return {
        "object": "balance",
        "available": [available],
        "connect_reserved": [{"amount": 0, "currency": "usd"}],
        "livemode": False,
        "pending": [pending],
    }


def _money(amount_cents: int) -> JsonObject:
    return {"amount": amount_cents, "currency": "usd", "source_types": {"card": amount_cents}}
