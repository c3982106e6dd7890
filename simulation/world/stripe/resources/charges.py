"""/v1/charges: read only; charges are made by confirming intents."""

from __future__ import annotations

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.charge import Charge
from simulation.world.stripe.routing import Route
from simulation.world.stripe.search import SEARCHING, found
from simulation.world.stripe.store import Store

_URL = "/v1/charges"
_SEARCHED = ("amount", "created", "currency", "customer", "disputed", "refunded", "status")


class Charges:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        filters = PAGING | {"created", "customer", "payment_intent", "transfer_group"}
        return (
            Route(method="GET", template=_URL, endpoint=self.list, accepts=filters),
            Route(method="GET", template=f"{_URL}/search", endpoint=self.search, accepts=SEARCHING),
            Route(method="GET", template=f"{_URL}/{{id}}", endpoint=self.get),
        )

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, customer = params.period(), params.text("customer")
        intent, group = params.text("payment_intent"), params.text("transfer_group")
        return page(
            self._store.charges,
            params,
            url=_URL,
            render=Charge.render,
            wanted=lambda charge: (
                charge.created in period
                and matches(customer, charge.customer)
                and matches(intent, charge.payment_intent)
                and matches(group, charge.transfer_group)
            ),
        )

    def search(self, call: Call) -> JsonObject:
        shown = [charge.render() for charge in self._store.charges.newest_first()]
        return found(shown, call.params, url=f"{_URL}/search", fields=_SEARCHED)

    def get(self, call: Call) -> JsonObject:
        return self._store.charges.get(call.object_id).render()
