"""What went back and forth between Stripe and the platform, and how much of it came late, again, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.events import StripeCall, StripeEventMade, WebhookAttempt
from simulation.history import History

_LATE = timedelta(hours=1)
_OK, _ERROR = 300, 400


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """One line: how many of what."""

    what: str
    number: int


def stripe_traffic_of(history: History) -> tuple[Traffic, ...]:
    """Lines about events, then about calls; what did not occur has none."""
    lines = (*_events(history), *_calls(history))
    return tuple(line for line in lines if line.number)


def _events(history: History) -> Iterator[Traffic]:
    attempts = list(history.of(WebhookAttempt))
    pushed = {attempt.event_id for attempt in attempts}
    taken = [attempt for attempt in attempts if attempt.status is not None and attempt.status < _OK]
    first: dict[str, datetime] = {}
    for attempt in taken:
        first.setdefault(attempt.event_id, attempt.at)
    made = [event for event in history.of(StripeEventMade) if event.event_id in pushed]
    yield Traffic(what="events that Stripe pushed", number=len(made))
    by_endpoint = len({(attempt.event_id, attempt.endpoint_id) for attempt in taken})
    yield Traffic(
        what="deliveries of events that the same endpoint had brought before", number=len(taken) - by_endpoint
    )
    yield Traffic(what="deliveries of events that another endpoint had brought", number=by_endpoint - len(first))
    yield Traffic(what="deliveries that failed", number=len(attempts) - len(taken))
    late = sum(event.event_id in first and first[event.event_id] - event.at > _LATE for event in made)
    yield Traffic(what="events taken more than an hour after they were made", number=late)
    yield Traffic(what="events taken after a newer one about the same object", number=_overtaken(made, first))
    yield Traffic(what="events that never came through", number=len(pushed) - len(first))


def _overtaken(made: list[StripeEventMade], first: Mapping[str, datetime]) -> int:
    earliest: dict[str, datetime] = {}
    overtaken = 0
    for event in reversed(made):
        at = first.get(event.event_id)
        if at is None:
            continue
        overtaken += event.object_id in earliest and earliest[event.object_id] < at
        earliest[event.object_id] = min(at, earliest.get(event.object_id, at))
    return overtaken


def _calls(history: History) -> Iterator[Traffic]:
    calls = [call for call in history.of(StripeCall) if call.origin == "platform"]
    yield Traffic(what="calls of the platform to Stripe", number=len(calls))
    yield Traffic(what="calls without an answer", number=sum(call.status is None for call in calls))
    errors = sum(call.status is not None and call.status >= _ERROR for call in calls)
    yield Traffic(what="calls answered with an error", number=errors)
    yield Traffic(what="answers that only repeated the first to their key", number=sum(call.replayed for call in calls))
    waits = sum(call.retry_after_seconds is not None for call in calls)
    yield Traffic(what="answers that named a time to wait", number=waits)
