"""/v1/checkout/sessions: the payment page that Stripe shows; somebody who pays there makes the payment intent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from simulation.world.stripe.api import BY_THE_WORLD, Call, Trigger
from simulation.world.stripe.errors import ApiError, JsonObject, Refused, Unmodelled, missing
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.checkout_session import CheckoutSession, LineItem
from simulation.world.stripe.objects.payment_intent import PaymentIntent
from simulation.world.stripe.params import Params, require_steps
from simulation.world.stripe.resources.confirmed_payments import ConfirmedPayments
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/checkout/sessions"
_LIVES = timedelta(hours=24)
_SHORTEST = timedelta(minutes=30)
_CREATE = names(
    """billing_address_collection cancel_url client_reference_id currency customer customer_creation customer_email
    expires_at line_items locale metadata mode payment_intent_data payment_method_types submit_type success_url
    custom_text phone_number_collection"""
)
_UNMODELLED = names(
    """adaptive_pricing after_expiration allow_promotion_codes automatic_tax consent_collection custom_fields
    customer_account customer_update discounts invoice_creation payment_method_collection
    payment_method_configuration payment_method_data payment_method_options redirect_on_completion return_url
    saved_payment_method_options setup_intent_data shipping_address_collection shipping_options subscription_data
    tax_id_collection ui_mode wallet_options"""
)
_PAYMENT = ("description", "receipt_email", "transfer_group")


class CheckoutSessions:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._payments = ConfirmedPayments(store)

    def routes(self) -> tuple[Route, ...]:
        one = f"{_URL}/{{id}}"
        lists = PAGING | {"created", "customer", "payment_intent", "status"}
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=_CREATE, unmodelled=_UNMODELLED),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=lists),
            Route(method="GET", template=one, endpoint=self.get),
            Route(method="POST", template=f"{one}/expire", endpoint=self.expire),
            Route(method="GET", template=f"{one}/line_items", endpoint=self.line_items, accepts=PAGING),
        )

    def create(self, call: Call) -> JsonObject:
        params, ids = call.params, self._store.ids
        if (mode := params.text("mode") or "payment") != "payment":
            raise Unmodelled(f"The Stripe twin does not model checkout in the mode {mode}", param="mode")
        customer = params.text("customer")
        if customer is not None:
            self._store.customers.referenced(customer, param="customer")
        payment = params.nested("payment_intent_data")
        items, expires_at = self._items(params), self._expiry(params)
        identity = f"cs_test_{ids.secret('cs', 40)}"
        session = CheckoutSession(
            id=identity,
            created=self._store.now,
            expires_at=expires_at,
            url=f"https://checkout.stripe.com/c/pay/{identity}",
            items=items,
            success_url=params.required_text("success_url"),
            cancel_url=params.text("cancel_url"),
            metadata=params.mapping("metadata"),
            payment={name: payment.text(name) for name in _PAYMENT},
            payment_metadata=payment.mapping("metadata"),
            client_reference_id=params.text("client_reference_id"),
            customer=customer,
            customer_email=params.text("customer_email"),
        )
        self._store.checkout_sessions.add(session)
        self._store.at(session.expires_at, lambda: self._expire(session, BY_THE_WORLD))
        return session.render()

    def list(self, call: Call) -> JsonObject:
        params = call.params
        period, customer, status = params.period(), params.text("customer"), params.text("status")
        intent = params.text("payment_intent")
        return page(
            self._store.checkout_sessions,
            params,
            url=_URL,
            render=CheckoutSession.render,
            wanted=lambda session: (
                session.created in period
                and matches(customer, session.customer)
                and matches(status, session.status)
                and matches(intent, session.payment_intent)
            ),
        )

    def get(self, call: Call) -> JsonObject:
        return self._store.checkout_sessions.get(call.object_id).render()

    def expire(self, call: Call) -> JsonObject:
        session = self._store.checkout_sessions.get(call.object_id)
        if session.status != "open":
            raise Refused(f"Only open checkout sessions can be expired; this one is {session.status}.", code=None)
        self._expire(session, call.trigger)
        return session.render()

    def line_items(self, call: Call) -> JsonObject:
        session = self._store.checkout_sessions.get(call.object_id)
        shown = [item.render() for item in session.items]
        return {"object": "list", "data": [*shown], "has_more": False, "url": f"{_URL}/{session.id}/line_items"}

    def pay(self, session_id: str, *, payment_method: str) -> str:
        """Somebody opens the page and pays. Returns the id of the payment intent.

        :raises ApiError: the session is over, or the card was declined.
        """
        session = self._store.checkout_sessions.get(session_id)
        if session.status != "open":
            raise ApiError(f"The checkout session {session_id} is {session.status}.")
        trigger = Trigger(origin="entrant")
        intent = self._intent(session, trigger)
        self._payments.pay(intent, payment_method=payment_method, trigger=trigger)
        session.status = "complete"
        self._store.log.emit("checkout.session.completed", session.render(), trigger=trigger)
        return intent.id

    def _intent(self, session: CheckoutSession, trigger: Trigger) -> PaymentIntent:
        """The session's payment intent; a second try to pay has the same."""
        if session.payment_intent is not None:
            return self._store.payment_intents.get(session.payment_intent)
        identity = self._store.ids.next("pi")
        intent = PaymentIntent(
            id=identity,
            created=self._store.now,
            client_secret=f"{identity}_secret_{self._store.ids.secret('client_secret', 25)}",
            amount_cents=session.total_cents,
            currency=session.currency,
            metadata=dict(session.payment_metadata),
            customer=session.customer,
            description=session.payment["description"],
            receipt_email=session.payment["receipt_email"],
            transfer_group=session.payment["transfer_group"],
        )
        session.payment_intent = self._store.payment_intents.add(intent).id
        self._store.log.emit("payment_intent.created", intent.render(), trigger=trigger)
        return intent

    def _expire(self, session: CheckoutSession, trigger: Trigger) -> None:
        if session.status == "open":
            session.status = "expired"
            self._store.log.emit("checkout.session.expired", session.render(), trigger=trigger)

    def _items(self, params: Params) -> tuple[LineItem, ...]:
        given = params.each("line_items")
        if not given:
            raise missing("line_items")
        items = tuple(self._item(item, f"line_items[{number}]") for number, item in enumerate(given))
        if len({item.currency for item in items}) > 1:
            raise ApiError("All prices on a checkout session must be in the same currency.", param="line_items")
        require_steps(sum(item.total_cents for item in items), items[0].currency)
        return items

    def _item(self, item: Params, place: str) -> LineItem:
        ids, price = self._store.ids, item.nested("price_data")
        if item.text("price") is not None:
            raise Unmodelled("The Stripe twin keeps no price list: send price_data", param=f"{place}[price]")
        currency = price.currency()
        product = price.nested("product_data").text("name") or price.text("product")
        if product is None:
            raise missing(f"{place}[price_data][product_data]")
        return LineItem(
            id=ids.next("li"),
            price_id=ids.next("price"),
            product_id=ids.next("prod"),
            name=product,
            unit_cents=price.required_integer("unit_amount", minimum=0),
            currency=currency,
            quantity=item.integer("quantity") or 1,
            created=self._store.now,
        )

    def _expiry(self, params: Params) -> datetime:
        asked = params.integer("expires_at")
        if asked is None:
            return self._store.now + _LIVES
        expires_at = datetime.fromtimestamp(asked, UTC)
        if not _SHORTEST <= expires_at - self._store.now <= _LIVES:
            raise ApiError("expires_at must be between 30 minutes and 24 hours from now.", param="expires_at")
        return expires_at
