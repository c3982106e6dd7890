"""/v1/setup_intents: a card is kept for later without a payment."""

from __future__ import annotations

from simulation.world.stripe.api import Call
from simulation.world.stripe.errors import JsonObject, Refused, no_such
from simulation.world.stripe.listing import PAGING, matches, page
from simulation.world.stripe.objects.setup_intent import SetupIntent, SetupStatus
from simulation.world.stripe.resources.confirmed_payments import decline_of
from simulation.world.stripe.resources.payment_methods import kept_for
from simulation.world.stripe.routing import Route, names
from simulation.world.stripe.store import Store

_URL = "/v1/setup_intents"
_HARMLESS = names("automatic_payment_methods mandate_data payment_method_options payment_method_types return_url")
_CREATE = _HARMLESS | names("confirm customer description metadata payment_method usage use_stripe_sdk")
_UNMODELLED = names(
    "attach_to_self confirmation_token customer_account excluded_payment_method_types flow_directions on_behalf_of"
    " payment_method_configuration payment_method_data single_use allowed_payment_method_types"
)


class SetupIntents:
    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> tuple[Route, ...]:
        one = f"{_URL}/{{id}}"
        confirm = _HARMLESS | names("client_secret payment_method use_stripe_sdk")
        return (
            Route(method="POST", template=_URL, endpoint=self.create, accepts=_CREATE, unmodelled=_UNMODELLED),
            Route(method="GET", template=_URL, endpoint=self.list, accepts=PAGING | {"created", "customer"}),
            Route(method="GET", template=one, endpoint=self.get, accepts=names("client_secret"), publishable=True),
            Route(
                method="POST",
                template=f"{one}/confirm",
                endpoint=self.confirm,
                accepts=confirm,
                unmodelled=_UNMODELLED,
                publishable=True,
            ),
            Route(method="POST", template=f"{one}/cancel", endpoint=self.cancel, accepts=names("cancellation_reason")),
        )

    def create(self, call: Call) -> JsonObject:
        params, ids = call.params, self._store.ids
        customer, method = params.text("customer"), params.text("payment_method")
        if customer is not None:
            self._store.customers.referenced(customer, param="customer")
        identity = ids.next("seti")
        intent = SetupIntent(
            id=identity,
            created=self._store.now,
            client_secret=f"{identity}_secret_{ids.secret('client_secret_setup', 25)}",
            metadata=params.mapping("metadata"),
            status="requires_payment_method" if method is None else "requires_confirmation",
            customer=customer,
            payment_method=method,
            description=params.text("description"),
            usage=params.text("usage", choices=("off_session", "on_session")) or "off_session",
        )
        self._store.setup_intents.add(intent)
        self._emit("created", intent, call)
        if params.boolean("confirm"):
            self._keep(intent, call)
        return intent.render()

    def list(self, call: Call) -> JsonObject:
        period, customer = call.params.period(), call.params.text("customer")
        return page(
            self._store.setup_intents,
            call.params,
            url=_URL,
            render=SetupIntent.render,
            wanted=lambda intent: intent.created in period and matches(customer, intent.customer),
        )

    def get(self, call: Call) -> JsonObject:
        return self._found(call).render()

    def confirm(self, call: Call) -> JsonObject:
        intent = self._found(call)
        self._require(intent, "requires_payment_method", "requires_confirmation")
        self._keep(intent, call)
        return intent.render()

    def cancel(self, call: Call) -> JsonObject:
        intent = self._found(call)
        self._require(intent, "requires_payment_method", "requires_confirmation")
        intent.status, intent.cancellation_reason = "canceled", call.params.text("cancellation_reason")
        self._emit("canceled", intent, call)
        return intent.render()

    def _keep(self, intent: SetupIntent, call: Call) -> None:
        method = call.params.text("payment_method") or intent.payment_method
        if method is None:
            raise self._unexpected(intent, "The setup intent has no payment method to confirm with.")
        decline = decline_of(self._store, method)
        if decline is not None:
            intent.status = "requires_payment_method"
            self._emit("setup_failed", intent, call)
            raise Refused(decline.message, status=402, error_type="card_error", code=decline.code)
        if intent.customer is not None:
            method = kept_for(self._store, method, intent.customer, call.trigger).id
        intent.payment_method, intent.status = method, "succeeded"
        self._emit("succeeded", intent, call)

    def _found(self, call: Call) -> SetupIntent:
        intent = self._store.setup_intents.get(call.object_id)
        if call.trigger.origin == "entrant" and call.params.text("client_secret") != intent.client_secret:
            raise no_such("setup_intent", intent.id, param="intent", status=404)
        return intent

    def _require(self, intent: SetupIntent, *statuses: SetupStatus) -> None:
        if intent.status not in statuses:
            raise self._unexpected(intent, f"The setup intent has the status {intent.status}.")

    def _unexpected(self, intent: SetupIntent, message: str) -> Refused:
        return Refused(message, code="setup_intent_unexpected_state", details={"setup_intent": intent.render()})

    def _emit(self, change: str, intent: SetupIntent, call: Call) -> None:
        self._store.log.emit(f"setup_intent.{change}", intent.render(), trigger=call.trigger)
