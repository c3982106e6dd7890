"""Facts that statements speak of as they are at an instant: Stripe's balance and deliveries, the provider's answers."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.checks.evidence.case import Case
from simulation.contract.facts import BalanceChange, Delivery, Fact, Polled
from simulation.events import Exchange, ProviderAnswer, StripeBalance, StripeMovement


def balance_changes(case: Case) -> Sequence[Fact]:
    start = case.started.at
    opening = sum(balance.opening_cents for balance in case.events(StripeBalance))
    return [
        BalanceChange(at=start, amount_cents=opening, available_at=start),
        *(
            BalanceChange(at=movement.at, amount_cents=movement.net_cents, available_at=movement.available_at)
            for movement in case.events(StripeMovement)
        ),
    ]


def deliveries(case: Case) -> Sequence[Fact]:
    """By what the platform answered, which Stripe may not have got. An event too long to be kept counts alone."""
    accepted: set[str] = set()
    found = []
    for exchange in case.events(Exchange):
        if exchange.actor != "stripe":
            continue
        body = exchange.request_body if isinstance(exchange.request_body, dict) else {"id": exchange.request_id}
        event_id, taken = str(body.get("id")), exchange.status < 300
        found.append(
            Delivery(
                at=exchange.at,
                event_id=event_id,
                request_id=exchange.request_id,
                type=str(body.get("type")),
                accepted=taken,
                repeated=event_id in accepted,
            )
        )
        if taken:
            accepted.add(event_id)
    return found


def polled(case: Case) -> Sequence[Fact]:
    return [
        Polled(
            at=answer.at,
            tournament=answer.tournament,
            status=answer.status,
            failed=answer.payload_sha256 is None,
            payload_sha256=answer.payload_sha256,
        )
        for answer in case.events(ProviderAnswer)
    ]
