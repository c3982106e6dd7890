"""Stripe's API without any fault: routes, idempotency and execution of a request."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import replace

from simulation.world.stripe.api import Answer, ApiRequest, Call
from simulation.world.stripe.errors import ApiError, Refused, Unmodelled
from simulation.world.stripe.expansion import unexpandable
from simulation.world.stripe.idempotency import IdempotencyKeys
from simulation.world.stripe.integration import Stub
from simulation.world.stripe.journal import Journal
from simulation.world.stripe.resources.accounts import Accounts
from simulation.world.stripe.resources.balances import Balances
from simulation.world.stripe.resources.charges import Charges
from simulation.world.stripe.resources.checkout_sessions import CheckoutSessions
from simulation.world.stripe.resources.customers import Customers
from simulation.world.stripe.resources.disputes import Disputes
from simulation.world.stripe.resources.events import Events
from simulation.world.stripe.resources.links import Links
from simulation.world.stripe.resources.payment_intents import PaymentIntents
from simulation.world.stripe.resources.payment_methods import PaymentMethods
from simulation.world.stripe.resources.payouts import Payouts
from simulation.world.stripe.resources.refunds import Refunds
from simulation.world.stripe.resources.reversals import Reversals
from simulation.world.stripe.resources.setup_intents import SetupIntents
from simulation.world.stripe.resources.transfers import Transfers
from simulation.world.stripe.resources.webhook_endpoints import WebhookEndpoints
from simulation.world.stripe.routing import Route, Router, object_id_of
from simulation.world.stripe.store import Store


class Service:
    """Routes, idempotency and execution. Only POST honours an idempotency key, as in API v1."""

    def __init__(self, *, store: Store, keys: IdempotencyKeys, journal: Journal, stubs: Iterable[Stub] = ()) -> None:
        self._store = store
        self._keys = keys
        self._journal = journal
        resources = (
            PaymentIntents(store),
            Charges(store),
            Accounts(store),
            Transfers(store),
            Reversals(store),
            Refunds(store),
            Disputes(store),
            Balances(store),
            Events(store),
            WebhookEndpoints(store),
            Customers(store),
            PaymentMethods(store),
            SetupIntents(store),
            CheckoutSessions(store),
            Links(store),
            Payouts(store),
        )
        modelled = [route for resource in resources for route in resource.routes()]
        self._router = Router(
            [*(stub.route() for stub in stubs), *modelled]
        )  # what the twin models comes last, and wins

    def serve(self, request: ApiRequest, *, disguise: ApiError | None = None) -> Answer:
        """Answer a request.

        :param disguise: the error that is answered (and kept for the key) although the request executes: a 500 after
        the effect.
        """
        try:
            route = self._router.find(request)
            if request.method == "POST" and request.idempotency_key:
                return self._serve_once(route, request, disguise)
            return self._execute(route, request, disguise)
        except Unmodelled as error:
            self._journal.note(f"{request.method} {request.path}: {error}")
            return Answer.of_error(error, request_id=request.request_id)
        except ApiError as error:
            return Answer.of_error(error, request_id=request.request_id)

    def occupy_key(self, request: ApiRequest) -> None:
        """Make the key one that an earlier transfer of another amount used, which was refused for lack of money."""
        refusal = Refused("The available balance is too low for this transfer.", code="balance_insufficient")
        earlier = self._store.ids.next("req")
        self._keys.keep_for_another_amount(request, Answer.of_error(refusal, request_id=earlier))

    def reserve(self) -> AbstractContextManager[None]:
        """While this block lasts, the available balance is held back."""
        return self._store.balance.held_back()

    def _serve_once(self, route: Route, request: ApiRequest, disguise: ApiError | None) -> Answer:
        kept = self._keys.find(request)
        if kept is not None:
            return kept
        with self._keys.in_flight(request):
            answer = self._execute(route, request, disguise)
        self._keys.keep(request, answer)
        return answer

    def _execute(self, route: Route, request: ApiRequest, disguise: ApiError | None) -> Answer:
        """An answer that is returned is kept for the key; an error that is raised is not (fixtures/spec/stripe.md
        2)."""
        route.check(request)
        call = Call(
            object_id=object_id_of(request), params=request.params, trigger=request.trigger, account=request.account
        )
        if request.account is not None:
            self._store.accounts.referenced(request.account, param="Stripe-Account")
        paths = request.params.texts("expand")
        try:
            answer = self._success(route, request, call, paths)
        except ApiError as error:
            if not error.kept:
                raise
            answer = Answer.of_error(error, request_id=request.request_id)
        return answer if disguise is None else _disguised(answer, disguise)

    def _success(self, route: Route, request: ApiRequest, call: Call, paths: tuple[str, ...]) -> Answer:
        body = route.endpoint(call)
        if paths:
            # Events show stored snapshots, which nothing may change.
            body = copy.deepcopy(body)
        identity = body.get("id")
        for path in unexpandable(body, paths, self._store.rendered, self._store.included):
            self._journal.note(f"{request.method} {request.path}: the twin cannot expand {path}")
        return Answer(
            status=200,
            body=body,
            request_id=request.request_id,
            object_id=None if identity is None else str(identity),
            executed=route.writes,
        )


def _disguised(answer: Answer, disguise: ApiError) -> Answer:
    return replace(
        answer,
        status=disguise.status,
        body=disguise.body(),
        # Every retry would get the kept 500 again, so Stripe tells its SDKs not to retry.
        headers={"Stripe-Should-Retry": "false"},
    )
