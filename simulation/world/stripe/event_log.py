"""All events of the run at Stripe, and subscribers that are told of new ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from simulation.clock import SimulationClock
from simulation.documents.canonical import canonical_sha256
from simulation.events import StripeEventMade
from simulation.history import Recorder
from simulation.world.stripe.api import API_VERSION, Trigger
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.ids import Ids
from simulation.world.stripe.objects.event import StripeEvent
from simulation.world.stripe.older_version import OLDER_VERSION, OlderVersion
from simulation.world.stripe.table import Table

RETENTION = timedelta(days=30)
"""Events older than this are no longer listed (fixtures/spec/stripe.md 10)."""

_PENDING = (0, 1, 2)
"""How many of at most two endpoints may still have to acknowledge an event when it is shown."""


class EventLog:
    """Append-only; a subscriber is told of each event at the instant of its creation."""

    def __init__(self, *, clock: SimulationClock, ids: Ids, recorder: Recorder) -> None:
        self._recorder = recorder
        self._clock = clock
        self._ids = ids
        self._subscribers: list[Callable[[StripeEvent], None]] = []
        self.events: Table[StripeEvent] = Table(kind="event")
        self.api_version = API_VERSION
        """With which the platform's endpoint was made."""
        self.older: OlderVersion | None = None
        """Shows events while their endpoint has an older API version."""

    def subscribe(self, subscriber: Callable[[StripeEvent], None]) -> None:
        self._subscribers.append(subscriber)

    def emit(
        self,
        event_type: str,
        snapshot: JsonObject,
        *,
        trigger: Trigger,
        previous_attributes: JsonObject | None = None,
        account: str | None = None,
    ) -> StripeEvent:
        """A new event about ``snapshot``, which must not be changed afterwards."""
        event = self.events.add(
            StripeEvent(
                id=self._ids.next("evt"),
                created=self._clock.now,
                event_type=event_type,
                api_version=self.api_version if self.older is None else OLDER_VERSION,
                snapshot=snapshot if self.older is None else self.older.show(snapshot),
                previous_attributes=previous_attributes,
                account=account,
                request_id=trigger.request_id,
                idempotency_key=trigger.idempotency_key,
                fault_id=trigger.fault_id,
            )
        )
        self._record(event)
        for subscriber in self._subscribers:
            subscriber(event)
        return event

    def emit_again(self, event: StripeEvent) -> StripeEvent:
        """A second event about the same change, with another id (fixtures/spec/stripe.md 11). No subscriber is told:
        the caller delivers it."""
        again = self.events.add(
            StripeEvent(
                id=self._ids.next("evt"),
                created=self._clock.now,
                event_type=event.event_type,
                api_version=event.api_version,
                snapshot=event.snapshot,
                previous_attributes=event.previous_attributes,
                account=event.account,
                request_id=event.request_id,
                idempotency_key=event.idempotency_key,
                fault_id=event.fault_id,
                pending_webhooks=1,
            )
        )
        self._record(again)
        return again

    def _record(self, event: StripeEvent) -> None:
        shown = event.render()
        self._recorder.record(
            StripeEventMade(
                event_id=event.id,
                event_type=event.event_type,
                object_id=event.object_id,
                payload_sha256=tuple(canonical_sha256({**shown, "pending_webhooks": count}) for count in _PENDING),
            )
        )

    def is_listed(self, event: StripeEvent) -> bool:
        """Whether the event is young enough to be listed."""
        return self._clock.now - event.created <= RETENTION
