"""Webhooks: events pushed to the platform, at least once, in no promised order (fixtures/spec/stripe.md 8 to 12)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from simulation.chance import chance
from simulation.clock import Kernel, SimProcess
from simulation.events import WebhookAttempt
from simulation.faults.effects import Injector, PendingWebhook, WebhookEffect
from simulation.history import Recorder, caused_by
from simulation.scenario.settings import StripeSettings
from simulation.world.stripe.objects.event import StripeEvent
from simulation.world.stripe.objects.webhook_endpoint import WebhookEndpoint
from simulation.world.stripe.signature import signature_header
from simulation.world.stripe.store import Store

Deliver = Callable[[bytes, Mapping[str, str], str], int | None]
"""POSTs a webhook: body, headers, query of the endpoint's URL. Returns the status, or None when no answer came."""

GIVES_UP_AFTER = timedelta(days=3)
DISABLES_AFTER = timedelta(days=3)
"""An endpoint to which nothing came through for so long is disabled (fixtures/spec/stripe.md 23)."""
_APART_SECONDS = 30
"""The deliveries of one event to several endpoints are at most this far apart."""
_TURNED_AWAY = 403
"""What a firewall or a proxy in front of the platform answers."""


class Deliveries:
    """Pushes events to the platform, each in a SimPy process of its own.

    A delivery that fails is tried again by the schedule in the settings, for three days. After that the event can only
    be listed.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        injector: Injector,
        settings: StripeSettings,
        store: Store,
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._injector = injector
        self._settings = settings
        self._store = store
        self._deliver: Deliver | None = None
        self._kill: Callable[[], None] | None = None
        self.pending = 0
        """Number of deliveries that are neither acknowledged nor given up."""
        self._held: dict[tuple[str, str], WebhookEffect] = {}
        """By object and type of event: what becomes of the next one."""
        self._losing: str | None = None
        """Fault for which the events of this instant are lost."""
        self._turned_away_by: str | None = None
        """Fault by which nothing comes through."""
        self._tell: Callable[[str, str], None] = lambda _endpoint, _what: None
        """Told what that does to an endpoint."""
        store.log.subscribe(self._on_event)

    def turn_away(self, fault_id: str, tell: Callable[[str, str], None]) -> None:
        """From now on something before the platform refuses every delivery, until an endpoint is disabled for it."""
        self._turned_away_by, self._tell = fault_id, tell

    def hold_back(self, object_id: str, event_type: str, *, seconds: int, fault_id: str) -> None:
        """The next event of this type about an object is first delivered so many seconds later."""
        self._held[object_id, event_type] = WebhookEffect(
            fault_id=fault_id, fault_kind="held_back", mode="delay", delay_seconds=seconds
        )

    @contextmanager
    def losing(self, fault_id: str | None) -> Iterator[None]:
        """Events that are made meanwhile are delivered to nobody, for this fault; None: they are as ever."""
        self._losing = fault_id
        try:
            yield
        finally:
            self._losing = None

    def attach(self, deliver: Deliver, *, kill: Callable[[], None] | None = None) -> None:
        """Say how the platform is reached; until then every delivery fails. ``kill`` has the platform killed before it
        answers the next request."""
        self._deliver = deliver
        self._kill = kill

    def _on_event(self, event: StripeEvent) -> None:
        endpoints = self._wanting(event)
        if not endpoints:
            return
        event.fault_id = event.fault_id or self._fault_of(event)
        event.pending_webhooks = len(endpoints)
        if self._losing is not None:
            lost = WebhookEffect(fault_id=self._losing, fault_kind="lost", mode="lost")
            self._held[event.object_id, event.event_type] = lost
        self._start(self._first_push(event, endpoints))

    def _wanting(self, event: StripeEvent) -> list[WebhookEndpoint]:
        """Endpoints that are enabled now and subscribe to this event; one that is enabled later gets later events
        only."""
        return [endpoint for endpoint in self._store.webhook_endpoints if endpoint.wants(event.event_type)]

    def _start(self, steps: SimProcess) -> None:
        self.pending += 1
        self._kernel.spawn(self._counted(steps))

    def _counted(self, steps: SimProcess) -> SimProcess:
        yield from steps
        self.pending -= 1

    def _first_push(self, event: StripeEvent, endpoints: list[WebhookEndpoint]) -> SimProcess:
        yield self._kernel.sleep(self._settings.webhook_latency_seconds)
        effect, resets, apart = self._effect_on(event), 0, chance(0, "endpoints", event.id)
        first, *others = apart.sample(endpoints, len(endpoints))
        if effect is not None:
            if effect.takes_over or event.fault_id is None:
                event.fault_id = effect.fault_id
            if effect.mode == "lost":
                self._lose(event, first)
                return
            if effect.mode == "killed" and self._kill is not None:
                self._kill()
            elif effect.mode == "delay":
                yield self._kernel.sleep(effect.delay_seconds)
            elif effect.mode == "reset":
                resets = effect.copies
            else:
                self._repeat(event, effect, first)
        for other in others:
            self._start(self._later_push(event, other, apart.randint(0, _APART_SECONDS)))
        yield from self._push(event, first, resets=resets)

    def _repeat(self, event: StripeEvent, effect: WebhookEffect, endpoint: WebhookEndpoint) -> None:
        """``duplicate``: the same event again; ``second_event``: the same change under another id."""
        for copy in range(1, effect.copies + 1):
            again = event if effect.mode == "duplicate" else self._store.log.emit_again(event)
            self._start(self._sent_again(again, endpoint, effect.delay_seconds * copy))

    def _sent_again(self, event: StripeEvent, endpoint: WebhookEndpoint, delay_seconds: int) -> SimProcess:
        """To the same endpoint, or to one that is enabled by then."""
        yield self._kernel.sleep(delay_seconds)
        enabled = endpoint if not endpoint.disabled else next(iter(self._wanting(event)), endpoint)
        yield from self._push(event, enabled)

    def _later_push(self, event: StripeEvent, endpoint: WebhookEndpoint, delay_seconds: int) -> SimProcess:
        yield self._kernel.sleep(delay_seconds)
        yield from self._push(event, endpoint)

    def _push(self, event: StripeEvent, endpoint: WebhookEndpoint, *, resets: int = 0) -> SimProcess:
        """Attempt after attempt, until the delivery is acknowledged or given up, or the endpoint is disabled.

        :param resets: attempts, from the first on, whose answer is lost: the platform has the event all the same.
        """
        give_up_at = self._kernel.now + GIVES_UP_AFTER
        waits = iter(self._settings.webhook_retry_seconds)
        acknowledged = event.pending_webhooks == 0
        while not endpoint.disabled:
            status = self._attempt(event, endpoint)
            if resets:
                status, resets = None, resets - 1
            self._note(endpoint, failed=status is None or not 200 <= status < 300)
            if status is not None and 200 <= status < 300:
                event.pending_webhooks -= 0 if acknowledged else 1
                self._record(event, endpoint, status, next_attempt_at=None)
                return
            wait_seconds = next(waits, None)
            again_at = None if wait_seconds is None else self._kernel.now + timedelta(seconds=wait_seconds)
            if again_at is not None and again_at > give_up_at:
                again_at = None
            self._record(event, endpoint, status, next_attempt_at=again_at)
            if again_at is None:
                return
            yield self._kernel.until(again_at)
        self._record(event, endpoint, None, next_attempt_at=None)

    def _note(self, endpoint: WebhookEndpoint, *, failed: bool) -> None:
        """An endpoint that has failed for days in a row is disabled, at the instant at which they are over."""
        if not failed:
            endpoint.failing_since = None
        elif endpoint.failing_since is None:
            endpoint.failing_since = self._kernel.now
            if self._turned_away_by is not None:
                self._tell(endpoint.id, "the first delivery is turned away before the platform")
            self._kernel.spawn(self._disable_unless_it_recovers(endpoint, self._kernel.now))

    def _disable_unless_it_recovers(self, endpoint: WebhookEndpoint, since: datetime) -> SimProcess:
        yield self._kernel.until(since + DISABLES_AFTER + timedelta(seconds=1))  # after an attempt of that very instant
        if endpoint.failing_since != since or endpoint.disabled:
            return
        self._store.switch(endpoint, enabled=False)
        if self._turned_away_by is not None:
            self._turned_away_by = None
            self._tell(endpoint.id, "Stripe disables the endpoint, and the way to the platform is free again")

    def _attempt(self, event: StripeEvent, endpoint: WebhookEndpoint) -> int | None:
        event.attempts[endpoint.id] += 1
        body = event.payload = event.payload or json.dumps(event.render(), separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature_header(body, secret=endpoint.secret, at=self._kernel.now),
        }
        if self._deliver is None or not endpoint.reaches_platform:
            return None
        if self._turned_away_by is not None:
            return _TURNED_AWAY
        with caused_by(_cause(event)):
            return self._deliver(body, headers, urlsplit(endpoint.url).query)

    def _lose(self, event: StripeEvent, endpoint: WebhookEndpoint) -> None:
        event.attempts[endpoint.id] += 1
        self._record(event, endpoint, None, next_attempt_at=None)

    def _effect_on(self, event: StripeEvent) -> WebhookEffect | None:
        held = self._held.pop((event.object_id, event.event_type), None)
        if held is not None:
            return held
        webhook = PendingWebhook(
            event_id=event.id,
            event_type=event.event_type,
            object_id=event.object_id,
            contest_id=self._store.names.contest_id(event.metadata),
            user_id=self._store.names.user_id(event.metadata),
        )
        with caused_by(_cause(event)):
            return self._injector.on_webhook(webhook)

    def _fault_of(self, event: StripeEvent) -> str | None:
        keys = (event.id, event.object_id, self._store.names.row_id(event.metadata))
        return next((fault for key in keys if key and (fault := self._injector.fault_of(key))), None)

    def _record(
        self, event: StripeEvent, endpoint: WebhookEndpoint, status: int | None, *, next_attempt_at: datetime | None
    ) -> None:
        attempt = WebhookAttempt(
            event_id=event.id,
            event_type=event.event_type,
            object_id=event.object_id,
            attempt=event.attempts[endpoint.id],
            status=status,
            next_attempt_at=next_attempt_at,
            fault_id=endpoint.rolled_by or self._turned_away_by or event.fault_id or endpoint.enabled_by,
            endpoint_id=endpoint.id,
        )
        self._recorder.record(attempt, cause=_cause(event))


def _cause(event: StripeEvent) -> str:
    return f"fault:{event.fault_id}" if event.fault_id else f"stripe:{event.id}"
