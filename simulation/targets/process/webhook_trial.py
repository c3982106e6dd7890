"""What ``simulate target check`` tries of a running backend's webhooks: which events it takes, and which it refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from simulation.checks.webhooks import event_names
from simulation.events import Exchange, StripeCall
from simulation.targets.process.target_checks import Bench, Wrong, shown
from simulation.targets.process.target_file import TargetFile
from simulation.words import plural
from simulation.world.stripe.signature import signature_header

_LEAST_REFUSAL, _LEAST_BREAKDOWN = 300, 500
_TIME_TO_TELL = timedelta(minutes=1)
_NOT_FOUND = (404, 405)
_NOBODYS_SECRET = "whsec_of_somebody_else"  # noqa: S105 - of no endpoint
_LATER = "the events of the payment will show whether it looks at signatures"


def webhook(bench: Bench) -> str:
    """An event about nothing that the backend knows. A signature with the right secret is taken, any other refused; one
    that breaks off at such an event, or takes it whatever its signature, is tried once more by a payment's."""
    event = {
        "id": "evt_target_check", "object": "event", "type": "customer.created", "livemode": False,
        "api_version": bench.choice.file.stripe.api_version,
        "created": int(bench.site.kernel.now.timestamp()), "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": {"id": "cus_target_check", "object": "customer", "livemode": False, "metadata": {}}},
    }  # fmt: skip
    if bench.choice.file.stripe.webhooks == "fetched":
        return _asked_for_at_stripe(bench, event)
    good = _sent(bench, event, secret=bench.site.keys.stripe_webhook_secret)
    if good.status_code in _NOT_FOUND or _LEAST_REFUSAL <= good.status_code < _LEAST_BREAKDOWN:
        raise Wrong(_refused(bench, good.status_code, good.text.strip()[:200]))
    if good.status_code >= _LEAST_BREAKDOWN:
        return f"an event about nothing that it knows is answered {good.status_code}: {_LATER}"
    bad = _sent(bench, event, secret=_NOBODYS_SECRET)
    if bad.status_code < _LEAST_REFUSAL:
        return f"an event about nothing that it knows is taken whatever its signature: {_LATER}"
    return "a good signature is taken, a bad one refused"


def told_of_the_payment(bench: Bench) -> str:
    """The true events of the payment are taken; and one like them that Stripe did not send is not."""
    began = len(bench.site.recorder.events)
    bench.site.kernel.run_until(bench.site.kernel.now + _TIME_TO_TELL)
    events = bench.site.recorder.events[began:]
    told = [one for one in events if isinstance(one, Exchange) and one.actor == "stripe"]
    place = bench.choice.file.place("stripe")
    if not told:
        raise Wrong(
            f"{place}: nothing was told of it\n  remedy: do `events` hold what Stripe tells of a payment "
            "(payment_intent.succeeded, charge.succeeded)?"
        )
    refused = [one for one in told if one.status >= _LEAST_REFUSAL]
    if refused:
        last = refused[-1]
        raise Wrong(
            _refused(bench, last.status, shown(last.response_body)) + "".join(f"\n  log: {line}" for line in last.log)
        )
    if bench.choice.file.stripe.webhooks == "fetched":
        calls = [one for one in events if isinstance(one, StripeCall) and one.origin == "platform"]
        return f"{plural(len(told), 'event')} taken; {_fetched(bench, told, calls)}"
    document = told[-1].request_body
    assert isinstance(document, dict)
    bad = _sent(bench, {**document, "id": "evt_target_check_forged"}, secret=_NOBODYS_SECRET)
    if bad.status_code < _LEAST_REFUSAL:
        raise Wrong(
            f"{bench.choice.file.place('stripe', 'webhook_path')}: an event of the payment, signed with another "
            f"secret, was taken ({bad.status_code})\n  remedy: verify the signature before anything else; or write "
            '`webhooks = "fetched"`, where it takes ids only and asks Stripe'
        )
    return f"{plural(len(told), 'event')} taken; one that another secret signed is refused ({bad.status_code})"


def _sent(bench: Bench, event: Mapping[str, Any], *, secret: str) -> httpx.Response:
    body = json.dumps(event).encode()
    header = signature_header(body, secret=secret, at=bench.site.kernel.now)
    with bench.context.acting("stripe"):
        return bench.http.post(
            bench.target.routes.webhook,
            content=body,
            headers={"Stripe-Signature": header, "Content-Type": "application/json"},
        )


def _refused(bench: Bench, status: int, answer: str) -> str:
    """What to say of an event of Stripe's that was refused."""
    place, what = bench.choice.file.place("stripe", "webhook_path"), f"was answered {status}: {answer}".rstrip(": ")
    if bench.choice.file.stripe.webhooks == "fetched":
        return f"{place}: an event of Stripe's {what}"
    if "api version" in answer.lower():
        version = bench.choice.file.stripe.api_version
        return (
            f"{bench.choice.file.place('stripe', 'api_version')}: an event of version {version} {what}\n  remedy: "
            "write [stripe] api_version = the version that the backend's library speaks"
        )
    return (
        f"{place}: a webhook signed with the endpoint's secret {what}\n  remedy: is webhook_path its route, and does "
        "the backend take its secret from a variable that is set to ${STRIPE_WEBHOOK_SECRET} "
        f"({_given_the_secret(bench.choice.file)})?"
    )


def _asked_for_at_stripe(bench: Bench, event: Mapping[str, Any]) -> str:
    """An event that nobody signed and that Stripe does not have: it must be asked for, and not be believed."""
    began = len(bench.site.recorder.events)
    with bench.context.acting("stripe"):
        answer = bench.http.post(bench.target.routes.webhook, json=event)
    calls = [one for one in bench.site.recorder.events[began:] if isinstance(one, StripeCall)]
    if answer.status_code in _NOT_FOUND:
        raise Wrong(
            f"{bench.choice.file.place('stripe', 'webhook_path')}: an event was answered {answer.status_code}\n"
            "  remedy: is webhook_path its route?"
        )
    if not any(call.path == f"/v1/events/{event['id']}" for call in calls):
        return f"an unsigned event about nothing that it knows is answered {answer.status_code}; Stripe was not asked"
    return f"an unsigned event is asked for at Stripe, which does not have it: answered {answer.status_code}"


def _fetched(bench: Bench, told: list[Exchange], calls: list[StripeCall]) -> str:
    """What was asked of Stripe about events that nobody signed."""
    asked = [
        call.path for call in calls if any(call.path.endswith(f"/{name}") for one in told for name in event_names(one))
    ]
    if not asked:
        raise Wrong(
            f"{bench.choice.file.place('stripe', 'webhooks')}: events that nobody signed were answered "
            f"{told[0].status}, and Stripe was asked neither for one of them nor for what it is about\n  remedy: fetch "
            "the event, or its object, by its id before you believe it, or check its signature and write "
            '`webhooks = "signed"`'
        )
    return f"of Stripe it asked {', '.join(dict.fromkeys(asked))}"


def _given_the_secret(file: TargetFile) -> str:
    """Where target.toml hands out the webhooks' secret."""
    places = [
        f"{table.name} has {name} at {file.place('process', number, 'environment', name)}"
        for number, table in enumerate(file.process)
        for name, text in table.environment.items()
        if "${STRIPE_WEBHOOK_SECRET}" in text
    ]
    return "; ".join(places) or "which no variable is"
