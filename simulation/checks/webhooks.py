"""Webhooks: the platform accepts what Stripe really sent, and nothing else.

Source: fixtures/spec/platform.md (Webhooks), fixtures/spec/stripe.md (Webhooks).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.checks.evidence.relations import PaymentRow, RefundRow, StripeEventRow
from simulation.events import Exchange, FaultInjected, StripeCall, StripeEventMade, StripeObject, WebhookAttempt
from simulation.scenario.faults.stripe import SigningSecretRolled

_PATH = "/webhooks/stripe"
_EVENT, _FOUND, _REFUSAL = "/v1/events/", 200, 300
_OTHER_PATH = "this is not where it takes them (webhook_path of target.toml)"
_LOGIN = "it wants a login of Stripe"
_REFUSED = {
    400: "its secret is not the one Stripe signs with (see `simulate target check`)",
    401: _LOGIN,
    403: _LOGIN,
    404: _OTHER_PATH,
    405: _OTHER_PATH,
}
"""Status codes that reject an event for good, and what each usually means. Any other failure (busy, down) asks Stripe
to try again."""
_MOST_SHOWN = 200
_TELL_A_STATUS = frozenset(
    f"payment_intent.{what}" for what in ("succeeded", "payment_failed", "requires_action", "processing", "canceled")
)


@check("The platform took every webhook that Stripe sent for genuine, and no other")
def webhooks_authentic(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("exchange")
    sent = {attempt.event_id for attempt in case.events(WebhookAttempt)}
    doors = _doors(case)
    _unknown_secret_believed(case, inquiry)
    for exchange in case.events(Exchange):
        if exchange.path not in doors or not 200 <= exchange.status < 300:
            continue
        inquiry.examine()
        event_id = _event_id(exchange)
        if exchange.actor != "stripe" or event_id not in sent:
            if case.business.webhooks == "fetched":
                continue  # it may answer so without believing it: see below
            inquiry.find(
                f"event {event_id}",
                "the platform accepted an event that Stripe did not send",
                keys=Keys(stripe_event_id=event_id, request_id=exchange.request_id),
                expected="400",
                actual=f"{exchange.status} to {exchange.actor}",
                events=(exchange,),
            )
    _genuine_ones_refused(case, inquiry)
    if case.business.webhooks == "fetched":
        _believed_by_their_word(case, inquiry)


def _believed_by_their_word(case: Case, inquiry: Inquiry) -> None:
    """Events in the books about which the platform asked Stripe nothing: anybody could have sent them.

    It may ask for the event, or, from when the event was made, for what the event is about.
    """
    case.need_witness("stripe_journal")
    reads = [
        (place, call.path.rpartition("/")[2])
        for place, call in enumerate(case.history.events)
        if isinstance(call, StripeCall) and (call.origin, call.method, call.status) == ("platform", "GET", _FOUND)
    ]
    last_read = {name: place for place, name in reads}
    made = {
        event.event_id: place for place, event in enumerate(case.history.events) if isinstance(event, StripeEventMade)
    }
    doors = _doors(case)
    pushed = {_event_id(one): one for one in case.events(Exchange) if one.path in doors and one.status < _REFUSAL}
    for row in case.rows(StripeEventRow):
        inquiry.examine()
        exchange = pushed.get(row.stripe_event_id)
        if exchange is None:
            continue
        since = made.get(row.stripe_event_id, 0)
        if not any(last_read.get(name, -1) > since for name in event_names(exchange)):
            inquiry.find(
                f"event {row.stripe_event_id}",
                "the platform took an unsigned event by its word: it asked Stripe neither for it nor for its object",
                keys=row.keys,
                expected=f"GET {_EVENT}{row.stripe_event_id}",
                actual="no such call",
            )


def _genuine_ones_refused(case: Case, inquiry: Inquiry) -> None:
    """Genuine events that were rejected: one finding per status, because one defect usually rejects them all."""
    by_status: dict[int, list[Exchange]] = defaultdict(list)
    rolled = {(attempt.event_id, attempt.at) for attempt in _signed_with_an_unknown_secret(case)}
    calls = [
        exchange
        for exchange in case.events(Exchange)
        if exchange.actor == "stripe" and (_event_id(exchange), exchange.at) not in rolled
    ]
    for exchange in calls:
        by_status[exchange.status].append(exchange)
    for status in sorted(_REFUSED.keys() & by_status):
        refused = by_status[status]
        inquiry.find(
            "webhooks of Stripe",
            f"genuine ones were refused: {_REFUSED[status]}",
            keys=NO_KEYS,
            expected="200",
            actual=f"{status} to {len(refused)} of {len(calls)}: {str(refused[0].response_body)[:_MOST_SHOWN]}",
            events=tuple(refused[:10]),
            cause=True,
        )


def _signed_with_an_unknown_secret(case: Case) -> list[WebhookAttempt]:
    """Deliveries signed with a secret that a fault had changed at Stripe: no platform can verify them."""
    kind = SigningSecretRolled.name()
    rolled = {strike.fault_id for strike in case.events(FaultInjected) if strike.fault_kind == kind}
    return [attempt for attempt in case.events(WebhookAttempt) if attempt.fault_id in rolled]


def _unknown_secret_believed(case: Case, inquiry: Inquiry) -> None:
    for attempt in _signed_with_an_unknown_secret(case):
        inquiry.examine()
        if attempt.status is not None and 200 <= attempt.status < 300:
            inquiry.find(
                f"event {attempt.event_id}",
                "the platform accepted a delivery signed with a secret that it was never told",
                keys=Keys(fault_id=attempt.fault_id, stripe_event_id=attempt.event_id),
                expected="400",
                actual=str(attempt.status),
                events=(attempt,),
            )


_AT_STRIPE = {
    "REQUIRES_CONFIRMATION": "requires_confirmation",
    "REQUIRES_ACTION": "requires_action",
    "PROCESSING": "processing",
    "FAILED": "requires_payment_method",
    "CANCELED": "canceled",
}
"""What a payment that is not paid is called in the books → at Stripe. One that was never tried has no such name."""


@check(
    "Of each payment that is not paid, the books say what Stripe told last, in whatever order it was told",
    needs_end=True,
)
def payment_statuses_true(case: Case, inquiry: Inquiry) -> None:
    intents = {one.object_id: one for one in case.events(StripeObject) if one.object_type == "payment_intent"}
    last = {made.object_id: made for made in case.events(StripeEventMade) if made.event_type in _TELL_A_STATUS}
    taken = _acknowledged(case)
    for row in case.rows(PaymentRow):
        intent, told = intents.get(row.stripe_payment_intent_id or ""), last.get(row.stripe_payment_intent_id or "")
        said = _AT_STRIPE.get(row.status)
        if intent is None or told is None or told.event_id not in taken or said is None:
            continue
        inquiry.examine()
        if said != intent.status:
            inquiry.find(
                f"payment {row.payment_id}",
                "the books have a status that Stripe's last word has overtaken",
                keys=replace(row.keys, stripe_event_id=told.event_id),
                amount_cents=row.amount_cents,
                expected=f"{intent.status}, as {told.event_type} of {told.at:%Y-%m-%d %H:%M} says",
                actual=row.status,
                events=(told, intent),
            )
    if not inquiry.examined:
        inquiry.nothing_needed("no payment was told to be anything but paid")


def _acknowledged(case: Case) -> frozenset[str]:
    """Ids of the events that the platform took at their delivery."""
    attempts = case.events(WebhookAttempt)
    return frozenset(one.event_id for one in attempts if one.status is not None and one.status < _REFUSAL)


_CAME_BACK, _MADE = frozenset({"failed", "canceled"}), "completed"
_TELL_OF_A_REFUND = frozenset({"refund.failed", "refund.updated", "charge.refund.updated"})


@check("No refund that came back to Stripe stands in the books as made, once Stripe has told so", needs_end=True)
def refund_statuses_true(case: Case, inquiry: Inquiry) -> None:
    back = {
        one.object_id: one
        for one in case.events(StripeObject)
        if one.object_type == "refund" and one.status in _CAME_BACK
    }
    taken = _acknowledged(case)
    told = {
        made.object_id: made
        for made in case.events(StripeEventMade)
        if made.event_type in _TELL_OF_A_REFUND and made.event_id in taken
    }
    for row in case.rows(RefundRow):
        refund, event = back.get(row.stripe_refund_id or ""), told.get(row.stripe_refund_id or "")
        if refund is None or event is None:
            continue
        inquiry.examine()
        if row.status == _MADE:
            inquiry.find(
                f"refund {row.refund_id}",
                "the books say that it was made, and its money is back at Stripe: it is owed to whoever had paid",
                keys=replace(row.keys, stripe_event_id=event.event_id),
                amount_cents=row.amount_cents,
                expected=f"another status than {_MADE}, as {event.event_type} of {event.at:%Y-%m-%d %H:%M} says",
                actual=row.status,
                events=(event, refund),
            )
    if not inquiry.examined:
        inquiry.nothing_needed("no refund came back")


def _event_id(exchange: Exchange) -> str:
    body = exchange.request_body
    return str(body.get("id")) if isinstance(body, dict) else "(no event)"


def event_names(exchange: Exchange) -> Sequence[str]:
    """The ids of the event that a delivery brings, of the object that it is about, and of the payment of that."""
    body = exchange.request_body
    data = body.get("data") if isinstance(body, dict) else None
    about = data.get("object") if isinstance(data, dict) else None
    found = [about.get(key) for key in ("id", "charge", "payment_intent")] if isinstance(about, dict) else []
    return [_event_id(exchange), *(name for name in found if isinstance(name, str))]


def _doors(case: Case) -> frozenset[str]:
    """The paths at which this platform accepts webhooks: the documented one, and those that Stripe delivered to."""
    return frozenset(
        exchange.path
        for exchange in case.events(Exchange)
        if exchange.actor == "stripe" or exchange.path.endswith(_PATH)
    )
