"""/v1/payment_methods: cards. A card's number never comes by here: a token or one of Stripe's test cards names it."""

from __future__ import annotations

from simulation.world.stripe.api import Call, Trigger
from simulation.world.stripe.errors import ApiError, JsonObject, Unmodelled, missing
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.payment_method import ANY_CARD, PaymentMethod
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/payment_methods"


class PaymentMethods:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        one, create = f"{_URL}/{{id}}", names("allow_redisplay billing_details card metadata type")
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=create, publishable=True),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=PAGING | {"customer", "type"}),
            Route(method="GET", template=one, endpoint=self.get),
            Route(method="POST", template=f"{one}/attach", endpoint=self.attach, accepts=names("customer")),
            Route(method="POST", template=f"{one}/detach", endpoint=self.detach),
        )

    def create(self, call: Call) -> JsonObject:
        params = call.params
        if (kind := params.required_text("type")) != "card":
            raise Unmodelled(f"The Stripe twin does not model payment methods of the type {kind}", param="type")
        token = params.nested("card").text("token") or "tok_visa"
        details = params.nested("billing_details")
        method = PaymentMethod(
            id=self._store.ids.next("pm"),
            created=self._store.now,
            metadata=params.mapping("metadata"),
            test_card=token.replace("tok_", "pm_card_", 1),
            email=details.text("email"),
            name=details.text("name"),
        )
        return self._store.payment_methods.add(method).render()

    def list(self, call: Call) -> JsonObject:
        customer, kind = call.params.text("customer"), call.params.text("type")
        return page(
            self._store.payment_methods,
            call.params,
            url=_URL,
            render=PaymentMethod.render,
            wanted=lambda one: matches(customer, one.customer) and one.customer is not None and matches(kind, "card"),
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.payment_methods.get(call.object_id).render()

    def attach(self, call: Call) -> JsonObject:
        customer = call.params.text("customer")
        if customer is None:
            raise missing("customer")
        return kept_for(self._store, call.object_id, customer, call.trigger).render()

    def detach(self, call: Call) -> JsonObject:
        method = self._store.payment_methods.get(call.object_id)
        if method.customer is None:
            raise ApiError(f"The payment method {method.id} is attached to no customer.", param="payment_method")
        method.customer = None
        self._store.log.emit("payment_method.detached", method.render(), trigger=call.trigger)
        return method.render()


def kept_for(store: Store, method_id: str, customer_id: str, trigger: Trigger) -> PaymentMethod:
    """Attach a payment method to a customer. A test card (``pm_card_…``) becomes a new payment method, as at Stripe.

    :raises ApiError: there is no such customer, or another one has it.
    """
    store.customers.referenced(customer_id, param="customer")
    if method_id.startswith("pm_card_"):
        made = PaymentMethod(id=store.ids.next("pm"), created=store.now, metadata={}, test_card=method_id)
        method = store.payment_methods.add(made)
    else:
        method = store.payment_methods.referenced(method_id, param="payment_method")
    if method.customer not in (None, customer_id):
        raise ApiError("The payment method is attached to another customer already.", param="payment_method")
    if method.customer is None:
        method.customer = customer_id
        store.log.emit("payment_method.attached", method.render(), trigger=trigger)
    return method


def test_method_of(store: Store, method_id: str) -> str:
    """The test card or account that a payment method acts as; an id that the twin did not make pays."""
    kept = store.payment_methods.find(method_id)
    if kept is not None:
        return kept.test_card
    return method_id if method_id.startswith(("pm_card_", "pm_usBankAccount_")) else ANY_CARD
