"""A small world around the twin: frozen clock, kernel, recorder, a script of faults, the official SDK in front."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from simulation.clock import Kernel, SimulationClock
from simulation.faults.effects import CallEffect, Calm, PendingCall, PendingWebhook, WebhookEffect
from simulation.history import Recorder
from simulation.scenario.settings import StripeSettings
from simulation.world.network.in_process import intercepted
from simulation.world.stripe.twin import StripeTwin, stripe_app

START = datetime(2026, 3, 1, tzinfo=UTC)
PLATFORM_KEY, PUBLISHABLE_KEY, DASHBOARD_KEY = "sk_test_platform", "pk_test_platform", "sk_test_dashboard"
WEBHOOK_SECRET, STANDBY_SECRET = "whsec_test", "whsec_standby"


class Script(Calm):
    """An injector that does what a test lines up: the next POST meets the next call effect, and so for webhooks."""

    def __init__(self) -> None:
        self.calls: deque[CallEffect] = deque()
        self.webhooks: deque[WebhookEffect] = deque()
        self.touched: dict[str, str] = {}
        self.asked: list[PendingCall] = []

    def on_stripe_call(self, call: PendingCall) -> CallEffect | None:
        self.asked.append(call)
        if call.method == "GET" or not self.calls:
            return None
        effect = self.calls.popleft()
        if call.business_key:
            self.touched[call.business_key] = effect.fault_id
        return effect

    def on_webhook(self, webhook: PendingWebhook) -> WebhookEffect | None:
        return self.webhooks.popleft() if self.webhooks else None

    def fault_of(self, business_key: str) -> str | None:
        return self.touched.get(business_key)

    def line_up(self, mode: str, **fields: Any) -> None:
        self.calls.append(CallEffect(fault_id=f"f-{mode}", fault_kind="scripted", mode=mode, **fields))

    def line_up_webhook(self, mode: str, **fields: Any) -> None:
        self.webhooks.append(WebhookEffect(fault_id=f"f-{mode}", fault_kind="scripted", mode=mode, **fields))


@dataclass
class Mailbox:
    """The platform's webhook endpoint: keeps what arrives, answers what it is told to."""

    clock: SimulationClock
    answer: Callable[[dict[str, Any]], int | None] = lambda event: 200
    arrived: list[tuple[datetime, bytes, Mapping[str, str]]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    def __call__(self, body: bytes, headers: Mapping[str, str], query: str) -> int | None:
        self.arrived.append((self.clock.now, body, headers))
        self.queries.append(query)
        return self.answer(json.loads(body))

    def events(self, event_type: str | None = None) -> list[dict[str, Any]]:
        events = [json.loads(body) for _, body, _ in self.arrived]
        return [event for event in events if event_type in (None, event["type"])]

    def times(self, event_type: str) -> list[datetime]:
        return [at for at, body, _ in self.arrived if json.loads(body)["type"] == event_type]


class World:
    """One twin with its surroundings. ``stripe`` is the platform's SDK client, without retries."""

    def __init__(self, *, seed: int = 1, **settings: Any) -> None:
        self.clock = SimulationClock(start=START)
        self.kernel = Kernel(self.clock)
        self.recorder = Recorder(clock=self.clock)
        self.script = Script()
        self.twin = StripeTwin(
            kernel=self.kernel,
            recorder=self.recorder,
            injector=self.script,
            settings=StripeSettings(**settings),
            seed=seed,
            webhook_secret=WEBHOOK_SECRET,
            standby_webhook_secret=STANDBY_SECRET,
            platform_key=PLATFORM_KEY,
            publishable_key=PUBLISHABLE_KEY,
            dashboard_key=DASHBOARD_KEY,
        )
        self.mailbox = Mailbox(self.clock)
        self.twin.attach(self.mailbox)
        self.stripe = self.client(PLATFORM_KEY).v1

    def client(self, key: str, *, retries: int = 0) -> stripe.StripeClient:
        return stripe.StripeClient(key, max_network_retries=retries, http_client=stripe.RequestsClient(timeout=30))

    def pass_time(self, **delta: float) -> None:
        self.kernel.run_until(self.clock.now + timedelta(**delta))

    def recorded(self, kind: type) -> list[Any]:
        return [event for event in self.recorder.events if isinstance(event, kind)]

    def account(self, user: str = "u1") -> str:
        return self.stripe.accounts.create({"type": "express", "metadata": {"user_id": user}}).id

    def intent(self, amount: int = 10_000, user: str = "u1") -> Any:
        metadata = {"contest_id": "c1", "user_id": user, "payment_intent_id": f"row-{user}"}
        return self.stripe.payment_intents.create({"amount": amount, "currency": "usd", "metadata": metadata})

    def paid(self, amount: int = 10_000, user: str = "u1") -> Any:
        intent = self.intent(amount, user)
        self.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret=intent.client_secret)
        return self.stripe.payment_intents.retrieve(intent.id)

    def transfer(self, account: str, amount: int = 5_000, *, key: str = "payout:t1", **extra: Any) -> Any:
        params = {
            "amount": amount,
            "currency": "usd",
            "destination": account,
            "transfer_group": "contest:c1",
            "metadata": {"contest_id": "c1", "user_id": "u1", "payout_transfer_id": key.removeprefix("payout:")},
        }
        return self.stripe.transfers.create(params | extra, {"idempotency_key": key})

    def raw(self, method: str, path: str, body: str = "", *, key: str = PLATFORM_KEY, **headers: str) -> Any:
        """The twin without the SDK; returns (status, headers, parsed body)."""
        answer = self.twin.handle(
            method=method,
            path=path.partition("?")[0],
            query=path.partition("?")[2],
            headers={"Authorization": f"Bearer {key}"} | {k.replace("_", "-"): v for k, v in headers.items()},
            body=body.encode(),
        )
        return answer.status_code, answer.headers, json.loads(answer.get_data())


@pytest.fixture
def make_world() -> Iterator[Callable[..., World]]:
    """Worlds with settings of their own; each is frozen and mocked until the test ends."""
    with ExitStack() as stack:

        def make(**options: Any) -> World:
            world = World(**options)
            stack.enter_context(world.clock.frozen())
            stack.enter_context(intercepted(stripe_app(world.twin), clock=world.clock))
            return world

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Funded, so that transfers need no charges first."""
    return make_world(opening_balance_cents=1_000_000)
