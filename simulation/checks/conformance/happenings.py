"""Facts that statements speak of as they are at an instant: Stripe's balance and deliveries, the provider's answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl

from pydantic import JsonValue

from simulation.checks.evidence.case import Case
from simulation.contract.facts import (
    Account,
    BalanceChange,
    BrokenOff,
    Delivery,
    EndpointChange,
    Fact,
    Polled,
    Probe,
    Refused,
)
from simulation.currency import USD
from simulation.events import (
    AccessProbe,
    AdminAppointed,
    Exchange,
    JobFailed,
    ProviderAnswer,
    StripeBalance,
    StripeCall,
    StripeEndpointChange,
    StripeMovement,
    StripeObject,
)

_FOUNDER = "founder"
_PRIMARY = "primary"
"""The role of the endpoint at Stripe whose URL names none."""
_OPENS_AN_ACCOUNT = "/v1/accounts"


def balance_changes(case: Case) -> Sequence[Fact]:
    start = case.started.at
    return [
        *(
            BalanceChange(
                at=start, amount_cents=balance.opening_cents, currency=balance.currency.upper(), available_at=start
            )
            for balance in case.events(StripeBalance)
            if balance.opening_cents
            or balance.currency == USD  # of others there is no balance before their first money
        ),
        *(
            BalanceChange(
                at=movement.at,
                amount_cents=movement.net_cents,
                currency=movement.currency.upper(),
                available_at=movement.available_at,
            )
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
                endpoint=dict(parse_qsl(exchange.query)).get("endpoint", _PRIMARY),
            )
        )
        if taken:
            accepted.add(event_id)
    return found


def endpoint_changes(*, enabled: bool) -> Callable[[Case], Sequence[Fact]]:
    def find(case: Case) -> list[Fact]:
        return [
            EndpointChange(at=change.at, id=change.endpoint_id, role=change.role)
            for change in case.events(StripeEndpointChange)
            if change.enabled == enabled
        ]

    return find


def refused(case: Case) -> Sequence[Fact]:
    """Answers 4xx and 5xx, whoever asked; and every use of a token that is valid for some requests only."""
    return [
        Refused(
            at=exchange.at,
            id=exchange.request_id,
            path=exchange.path,
            status=exchange.status,
            code=_text(exchange.response_body, "error"),
            message=_text(exchange.response_body, "message"),
            body=exchange.request_body,
            subject=exchange.token_subject,
            scope=exchange.token_scope,
        )
        for exchange in case.events(Exchange)
        if exchange.status >= 400 or exchange.token_scope is not None
    ]


def _text(answer: JsonValue, name: str) -> str | None:
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, str) else None


def probes(case: Case) -> Sequence[Fact]:
    founders = [admin.user_id for admin in case.events(AdminAppointed) if admin.role == _FOUNDER]
    return [
        Probe(
            at=probe.at,
            subject=probe.subject,
            refused=probe.refused,
            detail=probe.detail,
            founder_id=founders[0] if founders else None,
        )
        for probe in case.events(AccessProbe)
    ]


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


def jobs_failed(case: Case) -> Sequence[Fact]:
    return [BrokenOff(at=failure.at, job=failure.job) for failure in case.events(JobFailed)]


def accounts(case: Case) -> Sequence[Fact]:
    told = {
        call.object_id: _text(call.params, "email")
        for call in case.events(StripeCall)
        if call.path == _OPENS_AN_ACCOUNT
    }
    return [
        Account(at=event.at, required=False, id=event.object_id, user_id=event.user_id, email=told.get(event.object_id))
        for event in case.events(StripeObject)
        if event.object_type == "account"
    ]
