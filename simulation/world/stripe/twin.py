"""The Stripe twin: state, behaviour and journal of api.stripe.com for one run (``fixtures/spec/stripe.md``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from urllib.parse import urlencode
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Request, Response

from simulation.clock import Kernel, SimulationClock
from simulation.faults.effects import Injector
from simulation.history import Recorder, caused_by
from simulation.scenario.settings import StripeSettings
from simulation.world.network.external import Lost
from simulation.world.stripe.api import API_VERSION, Answer, ApiRequest
from simulation.world.stripe.deliveries import Deliver, Deliveries
from simulation.world.stripe.entrance import Entrance
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.faulty_line import FaultyLine
from simulation.world.stripe.final_state import record_final_state
from simulation.world.stripe.idempotency import IdempotencyKeys
from simulation.world.stripe.ids import Ids
from simulation.world.stripe.integration import AS_DOCUMENTED, Integration
from simulation.world.stripe.journal import Journal
from simulation.world.stripe.objects.event import StripeEvent
from simulation.world.stripe.objects.payment_method import ANY_CARD
from simulation.world.stripe.objects.webhook_endpoint import PRIMARY, STANDBY
from simulation.world.stripe.older_version import OlderVersion
from simulation.world.stripe.resources.accounts import Accounts
from simulation.world.stripe.resources.checkout_sessions import CheckoutSessions
from simulation.world.stripe.resources.confirmed_payments import ConfirmedPayments
from simulation.world.stripe.resources.disputes import Disputes
from simulation.world.stripe.resources.payouts import Payouts
from simulation.world.stripe.resources.refunds import Refunds
from simulation.world.stripe.resources.reversals import Reversals
from simulation.world.stripe.service import Service
from simulation.world.stripe.store import Store
from simulation.world.stripe.subject import Subject, subject_of

API_HOST = "api.stripe.com"


class StripeTwin:
    """One implementation, whatever transport its callers use. Not thread-safe: a run has one thread.

    :param platform_key: secret key of the platform; ``publishable_key`` is the entrants' browsers', ``dashboard_key``
        that of a person with access to the dashboard. The key decides the origin that the history shows.
    :param integration: how the platform uses Stripe.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        injector: Injector,
        settings: StripeSettings,
        seed: int,
        webhook_secret: str,
        platform_key: str,
        publishable_key: str,
        dashboard_key: str,
        standby_webhook_secret: str = "",
        integration: Integration = AS_DOCUMENTED,
    ) -> None:
        self.clock: SimulationClock = kernel.clock
        self._recorder = recorder
        self._injector = injector
        self._publishable_key = publishable_key
        self._platform_key = platform_key
        ids = Ids(seed=seed)
        self.names = integration.names
        """By which the platform labels its objects."""
        self._store = Store(kernel=kernel, recorder=recorder, settings=settings, ids=ids, names=integration.names)
        self._store.log.api_version = integration.api_version
        self._journal = Journal(recorder)
        service = Service(
            store=self._store, keys=IdempotencyKeys(clock=kernel.clock), journal=self._journal, stubs=integration.stubs
        )
        self._line = FaultyLine(service=service, injector=injector)
        self._entrance = Entrance(
            origins={platform_key: "platform", publishable_key: "entrant", dashboard_key: "dashboard"},
            ids=ids,
            journal=self._journal,
        )
        secrets = {PRIMARY: webhook_secret, STANDBY: standby_webhook_secret}
        for endpoint in self._store.webhook_endpoints:
            endpoint.enabled_events = integration.events
            endpoint.api_version = integration.api_version
            endpoint.secret = secrets[endpoint.metadata["role"]]
        self.accounts = Accounts(self._store)
        self.disputes = Disputes(self._store)
        self.refunds = Refunds(self._store)
        self.reversals = Reversals(self._store)
        self.payouts = Payouts(self._store)
        self.payments = ConfirmedPayments(self._store)
        self._checkout = CheckoutSessions(self._store)
        self._deliveries = Deliveries(
            kernel=kernel,
            recorder=recorder,
            injector=injector,
            settings=settings,
            store=self._store,
        )

    def attach(self, deliver: Deliver, *, kill: Callable[[], None] | None = None) -> None:
        """Say how webhooks reach the platform: ``deliver(body, headers, query)`` → HTTP status, None when no answer
        came; ``kill()`` has the platform killed before it answers the next request."""
        self._deliveries.attach(deliver, kill=kill)

    def subscribe(self, subscriber: Callable[[StripeEvent], None]) -> None:
        """Tell ``subscriber`` of every event at the instant of its creation."""
        self._store.log.subscribe(subscriber)

    @property
    def problems(self) -> Sequence[str]:
        """Where the twin did not answer as Stripe would have, so far: ``METHOD /path: what it does not model``."""
        return self._journal.problems

    def is_refunded(self, payment_intent_id: str) -> bool:
        """Whether the whole payment has been refunded, or there never was one."""
        charge = self._store.charges.find(self._store.payment_intents.get(payment_intent_id).latest_charge)
        return charge is None or charge.refundable_cents == 0

    @property
    def pending_deliveries(self) -> int:
        """Webhooks that are neither acknowledged nor given up."""
        return self._deliveries.pending

    def handle(self, *, method: str, path: str, query: str = "", headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one HTTP request. Time that the answer takes has passed when it is returned.

        :param path: decoded, without the query. :raises Lost: no answer reaches the caller.
        """
        request, refusal = self._entrance.read(method=method, path=path, query=query, headers=headers, body=body)
        if refusal is not None:
            return self._turn_away(request, refusal)
        try:
            return self._handle(request)
        except Lost:
            raise
        except Exception as error:
            # The SDK takes any exception for a network problem, so a defect of the twin would look like a fault.
            self._journal.note(f"{request.method} {request.path}: the twin failed: {error!r}")
            raise

    def confirm_payment_intent(
        self, *, payment_intent_id: str, client_secret: str, payment_method: str = "pm_card_visa"
    ) -> None:
        """An entrant's browser confirms an intent by card, or by a debit of a bank account.

        :raises ApiError: the card was declined, the secret is wrong, or the intent cannot be paid any more.
        """
        response = self.handle(
            method="POST",
            path=f"/v1/payment_intents/{payment_intent_id}/confirm",
            headers={"Authorization": f"Bearer {self._publishable_key}"},
            body=urlencode({"client_secret": client_secret, "payment_method": payment_method}).encode(),
        )
        if response.status_code != 200:
            error = json.loads(response.get_data())["error"]
            raise ApiError(error["message"], status=response.status_code, code=error.get("code"))

    def pay(self, *, reference: str, client_secret: str, payment_method: str = ANY_CARD) -> str:
        """An entrant's browser pays: an intent by its secret, or on the page of a checkout session (``cs_…``).

        Returns the id of the payment intent. :raises ApiError: the card was declined, or it cannot be paid any more.
        """
        if reference.startswith("cs_"):
            return self._checkout.pay(reference, payment_method=payment_method)
        self.confirm_payment_intent(
            payment_intent_id=reference, client_secret=client_secret, payment_method=payment_method
        )
        return reference

    def intent_of(self, *, contest_id: str, user_id: str) -> str | None:
        """The newest payment intent that is labelled with this contest, or order, and is this user's; None."""
        names = self.names
        return next(
            (
                intent.id
                for intent in self._store.payment_intents.newest_first()
                if names.contest_id(intent.metadata) == contest_id and names.user_id(intent.metadata) == user_id
            ),
            None,
        )

    def intent_labels(self) -> Sequence[Mapping[str, str]]:
        """The metadata of every payment intent, the newest first."""
        return [intent.metadata for intent in self._store.payment_intents.newest_first()]

    def set_account_closed(self, account_id: str) -> None:
        """Stripe closes a connected account for good; transfers to it are refused with ``account_invalid``."""
        self.accounts.close(account_id)

    def set_account_onboarding(self, account_id: str, *, finished: bool) -> None:
        """An account's owner has (not) finished onboarding; until then it cannot be paid.

        Source: fixtures/spec/stripe.md 17.
        """
        self.accounts.set_onboarding(account_id, finished=finished)

    def open_dispute(self, *, payment_intent_id: str, reason: str = "fraudulent") -> str:
        """A cardholder charges a payment back; returns the dispute's id."""
        return self.disputes.open(payment_intent_id, reason=reason).id

    def roll_signing_secret(self, *, fault_id: str) -> str:
        """Change the signing secret of the platform's endpoint without telling the platform. Returns the endpoint's
        id."""
        endpoint = self._store.endpoint(PRIMARY)
        endpoint.secret = f"whsec_{hashlib.sha256(endpoint.secret.encode()).hexdigest()[:32]}"
        endpoint.rolled_by = fault_id
        return endpoint.id

    def enable_standby(self, *, fault_id: str) -> str:
        """Somebody has events pushed to the standby endpoint as well, until :meth:`disable_standby`. Returns its id."""
        endpoint = self._store.endpoint(STANDBY)
        self._store.switch(endpoint, enabled=True)
        endpoint.enabled_by = fault_id
        return endpoint.id

    def disable_standby(self) -> None:
        """The standby endpoint gets no event any more."""
        endpoint = self._store.endpoint(STANDBY)
        self._store.switch(endpoint, enabled=False)
        endpoint.enabled_by = None

    def hold_back(self, object_id: str, event_type: str, *, seconds: int, fault_id: str) -> None:
        """The next event of this type about an object is first delivered so many seconds later."""
        self._deliveries.hold_back(object_id, event_type, seconds=seconds, fault_id=fault_id)

    def undelivered(self, fault_id: str | None) -> AbstractContextManager[None]:
        """Events that Stripe makes meanwhile are delivered to nobody, for this fault; None: they are as ever."""
        return self._deliveries.losing(fault_id)

    def turn_deliveries_away(self, fault_id: str, tell: Callable[[str, str], None]) -> None:
        """Nothing that is pushed reaches the platform, until Stripe disables an endpoint for it.

        :param tell: the endpoint's id and what happened to it: the first time that it is met, and when it is disabled.
        """
        self._deliveries.turn_away(fault_id, tell)

    def show_older_events(self, older: bool) -> None:
        """From now on events are made in an older API version, or in the SDK's again."""
        store = self._store
        store.log.older = OlderVersion(charges=store.charges, refunds=store.refunds) if older else None

    def roll_api_key(self, *, fault_id: str) -> str:
        """The platform's secret key expires at once; returns the one that takes its place."""
        new_key = f"sk_test_{hashlib.sha256(self._platform_key.encode()).hexdigest()[:24]}"
        self._entrance.roll(self._platform_key, new_key=new_key, fault_id=fault_id)
        self._platform_key = new_key
        return new_key

    def record_final_state(self) -> None:
        """Record balance, objects and the journal's summary at the end of a run."""
        record_final_state(self._store, self._recorder)
        self._journal.summarize()

    def _handle(self, request: ApiRequest) -> Response:
        subject = subject_of(request, self._store)
        effect = self._line.effect_on(request, subject)
        striking = effect.fault_id if effect else self._closed_by(subject)
        slow = effect is not None and effect.mode == "slow"  # what a right answer brings about is not the fault's doing
        request = replace(request, fault_id=(None if slow else striking) or self._fault_of(subject))
        with caused_by(f"fault:{request.fault_id}") if request.fault_id else nullcontext():
            if effect is not None and subject.destination is not None:
                self.accounts.apply(subject.destination, effect)
            outcome = self._line.carry(request, effect)
            self._journal.record(request, outcome.answer, heard=outcome.failure is None, fault_id=striking)
        if outcome.failure is not None:
            raise outcome.failure
        assert outcome.answer is not None, "a call that did not fail has an answer"
        self.clock.advance(outcome.sim_seconds)
        return _response(request, outcome.answer)

    def _closed_by(self, subject: Subject) -> str | None:
        """The fault that closed or suspended the destination account: every later call to that account goes back to
        it."""
        account = self._store.accounts.find(subject.destination)
        return None if account is None else account.closed_by

    def _fault_of(self, subject: Subject) -> str | None:
        """The fault that struck this business key before: whatever Stripe does about the key goes back to it."""
        return self._injector.fault_of(subject.business_key) if subject.business_key else None

    def _turn_away(self, request: ApiRequest, refusal: ApiError) -> Response:
        answer = Answer.of_error(refusal, request_id=request.request_id)
        self._journal.record(request, answer, heard=True, fault_id=request.fault_id)
        return _response(request, answer)


def _response(request: ApiRequest, answer: Answer) -> Response:
    headers = {
        "Content-Type": "application/json",
        "Request-Id": request.request_id,
        "Stripe-Request-Id": request.request_id,
        "Stripe-Version": API_VERSION,
        **answer.headers,
    }
    if request.idempotency_key is not None:
        headers |= {"Idempotency-Key": request.idempotency_key, "Original-Request": answer.request_id}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(json.dumps(answer.body), status=answer.status, headers=headers)


def stripe_app(twin: StripeTwin) -> WSGIApplication:
    """Stripe's HTTP API."""

    @Request.application
    def answer(request: Request) -> Response:
        return twin.handle(
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            headers=dict(request.headers),
            body=request.get_data(),
        )

    return answer
