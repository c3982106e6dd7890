"""What went between Stripe and the platform has a line in the report for each thing that occurred."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simulation.events import Event, StripeCall, StripeEventMade, WebhookAttempt
from simulation.history import History
from simulation.reporting.parts.stripe_traffic import stripe_traffic_of

AT = datetime(2026, 3, 9, tzinfo=UTC)


def made(number: int, *taken: float, minutes: float = 0, failed: int = 0) -> list[Event]:
    """An event about one intent, made at ``minutes``, and its deliveries, which were taken at these minutes."""
    event = {"event_id": f"evt_{number}", "event_type": "payment_intent.processing", "object_id": "pi_1"}
    attempts = [(200, at) for at in taken] + [(500, minutes)] * failed
    return [
        StripeEventMade(**event, payload_sha256=(), at=AT + timedelta(minutes=minutes)),
        *(
            WebhookAttempt(**event, attempt=1, status=status, next_attempt_at=None, at=AT + timedelta(minutes=at))
            for status, at in attempts
        ),
    ]


def called(status: int | None, **more: Any) -> StripeCall:
    facts: dict[str, Any] = {"request_id": "r", "origin": "platform", "method": "GET", "path": "/v1/balance"}
    return StripeCall(**facts, status=status, executed=False, **more)


def lines(*events: Event) -> dict[str, int]:
    return {line.what: line.number for line in stripe_traffic_of(History(events))}


def test_events_that_came_late_again_or_after_a_newer_one_are_counted() -> None:
    found = lines(*made(1, 90, 95), *made(2, 11, minutes=10), *made(3, minutes=20, failed=2))
    assert found == {
        "events that Stripe pushed": 3,
        "deliveries of events that the same endpoint had brought before": 1,
        "deliveries that failed": 2,
        "events taken more than an hour after they were made": 1,
        "events taken after a newer one about the same object": 1,
        "events that never came through": 1,
    }


def test_what_a_second_endpoint_brings_is_counted_apart() -> None:
    event, first, second = made(1, 1, 2)
    other = second.model_copy(update={"endpoint_id": "we_standby"})
    found = lines(event, first, other, other)
    assert found == {
        "events that Stripe pushed": 1,
        "deliveries of events that the same endpoint had brought before": 1,
        "deliveries of events that another endpoint had brought": 1,
    }


def test_calls_are_counted_by_how_they_were_answered() -> None:
    found = lines(called(200), called(None), called(500, replayed=True), called(429, retry_after_seconds=9))
    assert found == {
        "calls of the platform to Stripe": 4,
        "calls without an answer": 1,
        "calls answered with an error": 2,
        "answers that only repeated the first to their key": 1,
        "answers that named a time to wait": 1,
    }
