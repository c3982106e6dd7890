"""/v1/payment_intents: entry fees on their way in."""

from __future__ import annotations

from simulation.currency import MOST_CHARGE, currency_of
from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import ApiError, JsonObject, Refused, Unmodelled, no_such
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.payment_intent import IntentStatus, PaymentIntent
from simulation.world.stripe.params import require_steps
from simulation.world.stripe.resources.confirmed_payments import ConfirmedPayments
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.search import SEARCHING, found
from simulation.world.stripe.store import Store

_URL = "/v1/payment_intents"
_CANCELLATION_REASONS = ("duplicate", "fraudulent", "requested_by_customer", "abandoned")
_HARMLESS = names(
    """mandate mandate_data off_session payment_method_options radar_options receipt_email return_url shipping
    use_stripe_sdk error_on_requires_action"""
)
_CREATE = _HARMLESS | names(
    """amount automatic_payment_methods confirm confirmation_method currency customer description metadata
    payment_method payment_method_configuration payment_method_types setup_future_usage statement_descriptor
    statement_descriptor_suffix transfer_group capture_method"""
)
_UPDATE = _HARMLESS | names("amount currency customer description metadata payment_method transfer_group")
_SEARCHED = ("amount", "created", "currency", "customer", "status")
_MONEY_ELSEWHERE = names(
    """allowed_payment_method_types amount_details amount_to_confirm application_fee_amount confirmation_token
    customer_account excluded_payment_method_types hooks on_behalf_of payment_details
    payment_method_data transfer_data"""
)


class PaymentIntents:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._payments = ConfirmedPayments(store)

    def routes(self) -> tuple[Route, ...]:
        confirm = _HARMLESS | {"client_secret", "payment_method", "setup_future_usage"}
        one = f"{_URL}/{{id}}"
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=_CREATE, unmodelled=_MONEY_ELSEWHERE),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=PAGING | {"created", "customer"}),
            Route(method="GET", template=f"{_URL}/search", endpoint=self.search, accepts=SEARCHING),
            Route(method="POST", template=one, endpoint=self.update, accepts=_UPDATE, unmodelled=_MONEY_ELSEWHERE),
            Route(method="GET", template=one, endpoint=self.get, accepts=names("client_secret"), publishable=True),
            Route(
                method="POST",
                template=f"{one}/confirm",
                endpoint=self.confirm,
                accepts=confirm,
                unmodelled=_MONEY_ELSEWHERE | {"capture_method"},
                publishable=True,
            ),
            Route(
                method="POST",
                template=f"{one}/cancel",
                endpoint=self.cancel,
                accepts=names("cancellation_reason"),
            ),
        )

    def create(self, call: Call) -> JsonObject:
        params = call.params
        currency = params.currency()
        amount_cents = params.required_amount(currency)
        _require_size(amount_cents, currency)
        if params.text("capture_method") == "manual":
            raise Unmodelled("The Stripe twin captures automatically", param="capture_method")
        confirm = params.boolean("confirm")
        if confirm:
            params.required_text("payment_method")
        intent = self._build(call, amount_cents, currency)
        self._store.payment_intents.add(intent)
        self._emit("created", intent, call)
        if confirm:
            self._pay(intent, call)
        return intent.render()

    def _build(self, call: Call, amount_cents: int, currency: str) -> PaymentIntent:
        params, ids = call.params, self._store.ids
        method = params.text("payment_method")
        types = params.texts("payment_method_types")
        automatic = params.nested("automatic_payment_methods").boolean("enabled")
        identity = ids.next("pi")
        return PaymentIntent(
            id=identity,
            created=self._store.now,
            client_secret=f"{identity}_secret_{ids.secret('client_secret', 25)}",
            amount_cents=amount_cents,
            currency=currency,
            metadata=params.mapping("metadata"),
            customer=self._customer(call),
            status="requires_payment_method" if method is None else "requires_confirmation",
            description=params.text("description"),
            receipt_email=params.text("receipt_email"),
            transfer_group=params.text("transfer_group"),
            payment_method=method,
            payment_method_types=[*(types or ("card",))],
            # Stripe's default since API 2023-08-16, unless the types are named.
            automatic_payment_methods=not types if automatic is None else automatic,
        )

    def list(self, call: Call) -> JsonObject:
        period, customer = call.params.period(), call.params.text("customer")
        return page(
            self._store.payment_intents,
            call.params,
            url=_URL,
            render=PaymentIntent.render,
            wanted=lambda intent: intent.created in period and matches(customer, intent.customer),
        )

    def search(self, call: Call) -> JsonObject:
        shown = [intent.render() for intent in self._store.payment_intents.newest_first()]
        return found(shown, call.params, url=f"{_URL}/search", fields=_SEARCHED)

    def update(self, call: Call) -> JsonObject:
        params, intent = call.params, self._found(call)
        currency, customer = params.currency(before=intent.currency), self._customer(call)
        asked_cents = params.amount(currency)
        if asked_cents is not None or currency != intent.currency:
            amount_cents = intent.amount_cents if asked_cents is None else asked_cents
            self._require(intent, "requires_payment_method", "requires_confirmation")
            require_steps(amount_cents, currency)
            _require_size(amount_cents, currency)
            intent.amount_cents, intent.currency = amount_cents, currency
        intent.metadata = params.merged("metadata", intent.metadata)
        intent.customer = customer or intent.customer
        intent.description = params.text("description") or intent.description
        intent.transfer_group = params.text("transfer_group") or intent.transfer_group
        if (method := params.text("payment_method")) and intent.status == "requires_payment_method":
            intent.payment_method, intent.status = method, "requires_confirmation"
        return intent.render()

    def get(self, call: Call) -> JsonObject:
        return self._found(call).render()

    def confirm(self, call: Call) -> JsonObject:
        intent = self._found(call)
        self._require(intent, "requires_payment_method", "requires_confirmation", "requires_action")
        self._pay(intent, call)
        return intent.render()

    def cancel(self, call: Call) -> JsonObject:
        reason = call.params.text("cancellation_reason", choices=_CANCELLATION_REASONS)
        intent = self._found(call)
        self._require(intent, "requires_payment_method", "requires_confirmation", "requires_action")
        intent.status, intent.canceled_at, intent.cancellation_reason = "canceled", self._store.now, reason
        self._emit("canceled", intent, call)
        return intent.render()

    def _pay(self, intent: PaymentIntent, call: Call) -> None:
        method = call.params.text("payment_method") or intent.payment_method
        if method is None:
            raise Refused(
                "The payment intent has no payment method to confirm with.",
                code="payment_intent_unexpected_state",
                details={"payment_intent": intent.render()},
            )
        self._payments.pay(intent, payment_method=method, trigger=call.trigger)

    def _customer(self, call: Call) -> str | None:
        customer = call.params.text("customer")
        return None if customer is None else self._store.customers.referenced(customer, param="customer").id

    def _found(self, call: Call) -> PaymentIntent:
        intent = self._store.payment_intents.get(call.object_id)
        # A browser has the publishable key and proves by the secret that the intent is its own.
        if call.trigger.origin == "entrant" and call.params.text("client_secret") != intent.client_secret:
            raise no_such("payment_intent", intent.id, param="intent", status=404)
        return intent

    def _require(self, intent: PaymentIntent, *statuses: IntentStatus) -> None:
        if intent.status not in statuses:
            raise Refused(
                f"The payment intent has the status {intent.status}; this needs one of {', '.join(statuses)}.",
                code="payment_intent_unexpected_state",
                details={"payment_intent": intent.render()},
            )

    def _emit(self, change: str, intent: PaymentIntent, call: Call) -> None:
        self._store.log.emit(f"payment_intent.{change}", intent.render(), trigger=call.trigger)


def _require_size(amount_cents: int, currency: str) -> None:
    least = currency_of(currency).least_charge
    if not least <= amount_cents <= MOST_CHARGE:
        size = "small" if amount_cents < least else "large"
        raise ApiError(f"Amount {amount_cents} is too {size}.", code=f"amount_too_{size}", param="amount")
