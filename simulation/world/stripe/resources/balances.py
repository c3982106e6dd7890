"""/v1/balance and /v1/balance_transactions."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.currency import USD
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
            account = call.account
            connected = self._store.connected_currencies(account) or (USD,)
            return _shown({name: (self._store.connected_cents(account, name), 0) for name in connected})
        return _shown(
            {name: (balance.available_cents(name), balance.pending_cents(name)) for name in balance.currencies}
        )

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


def _shown(sums: Mapping[str, tuple[int, int]]) -> JsonObject:
    """:param sums: currency → what is available and what is pending."""
    return {
        "object": "balance",
        "available": [_money(available, currency) for currency, (available, _) in sums.items()],
        "connect_reserved": [{"amount": 0, "currency": currency} for currency in sums],
        "livemode": False,
        "pending": [_money(pending, currency) for currency, (_, pending) in sums.items()],
    }


def _money(amount_cents: int, currency: str) -> JsonObject:
    return {"amount": amount_cents, "currency": currency, "source_types": {"card": amount_cents}}
