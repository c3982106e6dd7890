"""Webhooks: the platform believes only what Stripe really sent.

Source: spec/platform.md (Endpoints: 400 bad signature), spec/stripe.md (Webhooks).
"""

from __future__ import annotations

from simulation.checks.base import Inquiry, check
from simulation.checks.case import Case
from simulation.events import Exchange, WebhookAttempt

_PATH = "/webhooks/stripe"


@check("Every webhook that the platform accepted was sent by Stripe")
def webhooks_authentic(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("exchange")
    sent = {attempt.event_id for attempt in case.events(WebhookAttempt)}
    doors = _doors(case)
    for exchange in case.events(Exchange):
        if exchange.path not in doors or not 200 <= exchange.status < 300:
            continue
        inquiry.examine()
        body = exchange.request_body
        event_id = str(body.get("id")) if isinstance(body, dict) else "(no event)"
        if exchange.actor != "stripe" or event_id not in sent:
            inquiry.find(
                f"event {event_id}",
                "the platform accepted an event that Stripe did not send",
                expected="400",
                actual=f"{exchange.status} to {exchange.actor}",
                events=(exchange,),
            )


def _doors(case: Case) -> frozenset[str]:
    """Where this platform takes webhooks: the documented path, and wherever Stripe itself came."""
    return frozenset(
        exchange.path
        for exchange in case.events(Exchange)
        if exchange.actor == "stripe" or exchange.path.endswith(_PATH)
    )
