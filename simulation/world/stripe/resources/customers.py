"""/v1/customers: who pays, and the cards they keep."""

from __future__ import annotations

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import ApiError, JsonObject
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.customer import Customer
from simulation.world.stripe.objects.payment_method import PaymentMethod
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.search import SEARCHING, found
from simulation.world.stripe.store import Store

_URL = "/v1/customers"
_FIELDS = names("description email invoice_settings metadata name phone")
_HARMLESS = names("address preferred_locales shipping tax_exempt")
_UNMODELLED = names(
    "balance business_name cash_balance default_source individual_name invoice_prefix next_invoice_sequence"
    " payment_method source tax tax_id_data test_clock"
)


class Customers:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        one, accepts = f"{_URL}/{{id}}", _FIELDS | _HARMLESS
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=accepts, unmodelled=_UNMODELLED),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=PAGING | {"created", "email"}),
            Route(method="GET", template=f"{_URL}/search", endpoint=self.search, accepts=SEARCHING),
            Route(method="GET", template=one, endpoint=self.get),
            Route(method="POST", template=one, endpoint=self.update, accepts=accepts, unmodelled=_UNMODELLED),
            Route(method="DELETE", template=one, endpoint=self.delete),
            Route(
                method="GET",
                template=f"{one}/payment_methods",
                endpoint=self.payment_methods,
                accepts=PAGING | {"type"},
            ),
        )

    def create(self, call: Call) -> JsonObject:
        customer = Customer(id=self._store.ids.next("cus"), created=self._store.now, metadata={})
        self._change(customer, call)
        self._store.customers.add(customer)
        self._emit("created", customer, call)
        return customer.render()

    def update(self, call: Call) -> JsonObject:
        customer = self._found(call)
        self._change(customer, call)
        self._emit("updated", customer, call)
        return customer.render()

    def list(self, call: Call) -> JsonObject:
        period, email = call.params.period(), call.params.text("email")
        return page(
            self._store.customers,
            call.params,
            url=_URL,
            render=Customer.render,
            wanted=lambda one: one.created in period and matches(email, one.email) and not one.deleted,
        )

    def search(self, call: Call) -> JsonObject:
        existing = [one.render() for one in self._store.customers.newest_first() if not one.deleted]
        return found(existing, call.params, url=f"{_URL}/search", fields=("created", "email", "name", "phone"))

    def get(self, call: Call) -> JsonObject:
        return self._store.customers.get(call.object_id).render()

    def delete(self, call: Call) -> JsonObject:
        customer = self._found(call)
        self._emit("deleted", customer, call)
        customer.deleted = True
        return customer.render()

    def payment_methods(self, call: Call) -> JsonObject:
        customer, kind = self._found(call), call.params.text("type")
        return page(
            self._store.payment_methods,
            call.params,
            url=f"{_URL}/{customer.id}/payment_methods",
            render=PaymentMethod.render,
            wanted=lambda method: method.customer == customer.id and matches(kind, "card"),
        )

    def _change(self, customer: Customer, call: Call) -> None:
        params = call.params
        default = params.nested("invoice_settings").text("default_payment_method")
        if default is not None and self._store.payment_methods.find(default) is None:
            raise ApiError(f"No such PaymentMethod: '{default}'", code="resource_missing", param="invoice_settings")
        customer.metadata = params.merged("metadata", customer.metadata)
        customer.email = params.text("email") or customer.email
        customer.name = params.text("name") or customer.name
        customer.phone = params.text("phone") or customer.phone
        customer.description = params.text("description") or customer.description
        customer.default_payment_method = default or customer.default_payment_method

    def _found(self, call: Call) -> Customer:
        customer = self._store.customers.get(call.object_id)
        if customer.deleted:
            raise ApiError(f"No such customer: '{customer.id}'", status=404, code="resource_missing", param="id")
        return customer

    def _emit(self, change: str, customer: Customer, call: Call) -> None:
        self._store.log.emit(f"customer.{change}", customer.render(), trigger=call.trigger)
