"""The twin against stripe-mock: every endpoint and every event, the same request to both, the fields and their types.

stripe-mock answers fixtures without state, so values are not compared, and null on either side fits every type.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from simulation.environment.stripe_mock import StripeMock, stripe_mock
from simulation.environment.workspace import workspace
from simulation.world.stripe.errors import ApiError
from tests.unit.stripe.conftest import PLATFORM_KEY, World, make_world, world  # noqa: F401 - fixtures

Parameters = Sequence[tuple[str, str]]

ONLY_WHEN_ASKED = {"charge": {"refunds"}}
"""Expandable lists: Stripe leaves them out, stripe-mock's fixtures do not."""
FREE_FORM = ("metadata", "previous_attributes", "features")
READ = {
    "account": "/v1/accounts/acct_1",
    "charge": "/v1/charges/ch_1",
    "checkout.session": "/v1/checkout/sessions/cs_1",
    "customer": "/v1/customers/cus_1",
    "dispute": "/v1/disputes/dp_1",
    "payment_intent": "/v1/payment_intents/pi_1",
    "payment_method": "/v1/payment_methods/pm_1",
    "payout": "/v1/payouts/po_1",
    "refund": "/v1/refunds/re_1",
    "setup_intent": "/v1/setup_intents/seti_1",
    "transfer": "/v1/transfers/tr_1",
}
"""Where stripe-mock shows an object of each kind that events are about."""


@dataclass
class Log:
    """What was asked of the twin, and its answers."""

    world: World
    entries: list[tuple[str, str, Parameters, dict[str, Any]]] = field(default_factory=list)

    def ask(self, method: str, path: str, *parameters: tuple[str, str], account: str = "") -> dict[str, Any]:
        """``account``: for which connected account; stripe-mock does not look at that header."""
        encoded = urlencode(parameters)
        acting = {"Stripe-Account": account} if account else {}
        answer = self.world.twin.handle(
            method=method,
            path=path,
            query="" if method == "POST" else encoded,
            headers={"Authorization": f"Bearer {PLATFORM_KEY}", **acting},
            body=encoded.encode() if method == "POST" else b"",
        )
        body: dict[str, Any] = json.loads(answer.get_data())
        assert answer.status_code == 200, (method, path, body)
        self.entries.append((method, path, parameters, body))
        return body


@pytest.fixture(scope="module")
def mock() -> Iterator[StripeMock]:
    """stripe-mock in a container."""
    with workspace() as folder, stripe_mock("containers", folder=folder) as mock:
        assert mock is not None
        mock.wait_until_up()
        yield mock


@pytest.fixture
def log(world: World) -> Log:  # noqa: F811 - the fixture
    """Every endpoint of the twin asked once, and every event brought about."""
    log = Log(world)
    ask = log.ask
    account = ask("POST", "/v1/accounts", ("type", "express"), ("capabilities[transfers][requested]", "true"))["id"]
    ask("GET", "/v1/accounts")
    ask("GET", f"/v1/accounts/{account}")
    intent = _payments(log)
    _transfers(log, account)
    refund = ask("POST", "/v1/refunds", ("payment_intent", intent), ("amount", "100"))["id"]
    ask("GET", "/v1/refunds")
    ask("GET", f"/v1/refunds/{refund}")
    ask("GET", "/v1/balance")
    movement = ask("GET", "/v1/balance_transactions")["data"][0]["id"]
    ask("GET", f"/v1/balance_transactions/{movement}")
    endpoint = ask("GET", "/v1/webhook_endpoints")["data"][0]["id"]
    ask("GET", f"/v1/webhook_endpoints/{endpoint}")
    ask("POST", f"/v1/webhook_endpoints/{endpoint}", ("description", "staging"))
    ask("POST", f"/v1/webhook_endpoints/{endpoint}", ("disabled", "true"))
    ask("GET", "/v1/events", ("delivery_success", "false"))
    world.twin.refunds.take_long(intent)
    pending = ask("POST", "/v1/refunds", ("payment_intent", intent), ("amount", "100"))["id"]
    world.twin.refunds.end(pending, "failed", failure_reason="lost_or_stolen_card")
    ask("GET", f"/v1/refunds/{pending}")
    world.twin.refunds.make_by_stripe(intent, amount_cents=50)
    asked = world.twin.disputes.inquire(intent, reason="unrecognized")
    world.twin.disputes.close(asked.id, "warning_closed")
    taken = world.twin.disputes.open(intent, reason="general", amount_cents=500)
    world.twin.disputes.close(taken.id, "won")
    ask("GET", "/v1/disputes")
    ask("GET", f"/v1/disputes/{taken.id}")
    world.twin.accounts.ask_for_document(account, until=world.twin.clock.now)
    world.twin.accounts.pause_payouts(account, paused=True)
    world.twin.set_account_onboarding(account, finished=False)
    event = ask("GET", "/v1/events", ("limit", "100"))["data"][0]["id"]
    ask("GET", f"/v1/events/{event}")
    ask("DELETE", f"/v1/accounts/{world.account('u9')}")
    _people_and_cards(log)
    _checkout(log)
    _connected(log, world.account("u10"))
    return log


def _people_and_cards(log: Log) -> None:
    ask = log.ask
    customer = ask("POST", "/v1/customers", ("email", "ada@example.test"), ("metadata[user_id]", "u1"))["id"]
    ask("POST", f"/v1/customers/{customer}", ("name", "Ada"))
    ask("GET", f"/v1/customers/{customer}")
    ask("GET", "/v1/customers")
    ask("GET", "/v1/customers/search", ("query", "email:'ada@example.test'"))
    card = ask("POST", "/v1/payment_methods", ("type", "card"), ("card[token]", "tok_visa"))["id"]
    ask("POST", f"/v1/payment_methods/{card}/attach", ("customer", customer))
    ask("GET", f"/v1/payment_methods/{card}")
    ask("GET", "/v1/payment_methods", ("customer", customer), ("type", "card"))
    ask("GET", f"/v1/customers/{customer}/payment_methods")
    ask("POST", f"/v1/payment_methods/{card}/detach")
    kept, dropped = (ask("POST", "/v1/setup_intents", ("customer", customer))["id"] for _ in range(2))
    ask("GET", "/v1/setup_intents")
    ask("GET", f"/v1/setup_intents/{kept}")
    ask("POST", f"/v1/setup_intents/{kept}/confirm", ("payment_method", "pm_card_visa"))
    ask("POST", f"/v1/setup_intents/{dropped}/cancel")
    changed = log.world.intent().id
    ask("POST", f"/v1/payment_intents/{changed}", ("metadata[seat]", "7"))
    ask("GET", "/v1/payment_intents/search", ("query", "status:'succeeded'"))
    ask("GET", "/v1/charges/search", ("query", "amount>100"))
    key = ask("POST", "/v1/ephemeral_keys", ("customer", customer))["id"]
    ask("DELETE", f"/v1/ephemeral_keys/{key}")
    ask("DELETE", f"/v1/customers/{customer}")


def _checkout(log: Log) -> None:
    price = "line_items[0][price_data]"
    wanted = (
        ("mode", "payment"), ("success_url", "https://shop.test/thanks"), (f"{price}[currency]", "usd"),
        (f"{price}[unit_amount]", "2500"), (f"{price}[product_data][name]", "Entry"), ("line_items[0][quantity]", "1"),
    )  # fmt: skip
    session, left = (log.ask("POST", "/v1/checkout/sessions", *wanted)["id"] for _ in range(2))
    log.world.twin.pay(reference=session, client_secret="")
    log.ask("GET", f"/v1/checkout/sessions/{session}")
    log.ask("GET", "/v1/checkout/sessions")
    log.ask("GET", f"/v1/checkout/sessions/{session}/line_items")
    log.ask("POST", f"/v1/checkout/sessions/{left}/expire")


def _connected(log: Log, account: str) -> None:
    ask = log.ask
    ask("POST", f"/v1/accounts/{account}", ("metadata[user_id]", "u11"))
    urls = (("refresh_url", "https://shop.test/again"), ("return_url", "https://shop.test/done"))
    ask("POST", "/v1/account_links", ("account", account), ("type", "account_onboarding"), *urls)
    ask("POST", f"/v1/accounts/{account}/login_links")
    ask("POST", "/v1/account_sessions", ("account", account), ("components[account_onboarding][enabled]", "true"))
    ask("POST", "/v1/transfers", ("amount", "900"), ("currency", "usd"), ("destination", account))
    ask("GET", "/v1/balance", account=account)
    sent, kept = (
        ask("POST", "/v1/payouts", ("amount", "100"), ("currency", "usd"), account=account)["id"] for _ in "12"
    )
    ask("GET", "/v1/payouts", account=account)
    ask("GET", f"/v1/payouts/{sent}", account=account)
    ask("POST", f"/v1/payouts/{kept}/cancel", account=account)
    log.world.pass_time(days=3)
    returned = log.world.twin.payouts.send_by_stripe(account, amount_cents=100, currency="usd")
    log.world.twin.payouts.fail(returned.id, code="account_closed")
    ask("GET", f"/v1/payouts/{returned.id}", account=account)


def _payments(log: Log) -> str:
    paid, canceled = (
        log.ask("POST", "/v1/payment_intents", ("amount", "10000"), ("currency", "usd"))["id"] for _ in range(2)
    )
    log.ask("GET", "/v1/payment_intents")
    log.ask("GET", f"/v1/payment_intents/{paid}")
    charge = log.ask("POST", f"/v1/payment_intents/{paid}/confirm", ("payment_method", "pm_card_visa"))["latest_charge"]
    log.ask("POST", f"/v1/payment_intents/{canceled}/cancel")
    log.ask("GET", "/v1/charges")
    log.ask("GET", f"/v1/charges/{charge}")
    declined = log.world.intent()
    with pytest.raises(ApiError, match="declined"):
        log.world.twin.confirm_payment_intent(
            payment_intent_id=declined.id, client_secret=declined.client_secret,
            payment_method="pm_card_chargeDeclined",
        )  # fmt: skip
    for method in ("pm_card_authenticationRequired", "pm_usBankAccount_success"):
        intent = log.ask("POST", "/v1/payment_intents", ("amount", "10000"), ("currency", "usd"))["id"]
        log.ask("POST", f"/v1/payment_intents/{intent}/confirm", ("payment_method", method))
    log.world.twin.payments.arrive(intent)
    return str(paid)


def _transfers(log: Log, account: str) -> None:
    parameters = (("amount", "100"), ("currency", "usd"), ("destination", account), ("transfer_group", "g"))
    transfer = log.ask("POST", "/v1/transfers", *parameters)["id"]
    log.ask("GET", "/v1/transfers")
    log.ask("GET", f"/v1/transfers/{transfer}")
    log.ask("POST", f"/v1/transfers/{transfer}/reversals", ("amount", "10"))
    log.ask("GET", f"/v1/transfers/{transfer}/reversals")
    log.world.twin.reversals.make_by_stripe(transfer, amount_cents=20)


def test_every_answer_of_the_twin_has_stripe_mocks_fields_and_types(log: Log, mock: StripeMock) -> None:
    differences = []
    for method, path, parameters, ours in log.entries:
        theirs = mock.ask(method, path, parameters)
        assert theirs.status == 200, (method, path, theirs.complaint)
        if not path.startswith("/v1/events"):  # what they are about differs: see the next test
            differences += [f"{method} {path}: {line}" for line in _differences(theirs.body, ours)]
    assert sorted(set(differences)) == [], "\n".join(sorted(set(differences)))


def test_no_endpoint_of_the_twin_was_left_out(log: Log) -> None:
    routes = log.world.twin._line._service._router._routes
    asked = {(method, _template(path)) for method, path, _, _ in log.entries}
    assert set(routes) - asked == set()


def test_every_event_has_the_envelope_and_its_object_the_fields_of_stripe_mocks(log: Log, mock: StripeMock) -> None:
    envelope = mock.ask("GET", "/v1/events/evt_1").body | {"data": {"object": {}}}
    events = log.ask("GET", "/v1/events", ("limit", "100"))["data"]
    differences = []
    for event in events:
        differences += [f"{event['type']}: {line}" for line in _differences(envelope, event)]
        theirs = mock.ask("GET", READ[event["data"]["object"]["object"]]).body
        differences += [f"{event['type']}: {line}" for line in _differences(theirs, event["data"]["object"])]
    assert sorted(set(differences)) == []
    assert {event["type"] for event in events} == {
        "account.updated", "checkout.session.completed", "checkout.session.expired", "customer.created",
        "customer.deleted", "customer.updated", "payment_method.attached", "payment_method.detached",
        "payout.canceled", "payout.created", "payout.failed", "payout.paid",
        "setup_intent.canceled", "setup_intent.created",
        "setup_intent.succeeded", "charge.dispute.closed", "charge.dispute.created",
        "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn",
        "charge.failed", "charge.pending", "charge.refunded", "charge.refund.updated",
        "charge.succeeded",
        "payment_intent.canceled", "payment_intent.created", "payment_intent.payment_failed",
        "payment_intent.processing", "payment_intent.requires_action",
        "payment_intent.succeeded", "refund.created", "refund.failed", "refund.updated", "transfer.created",
        "transfer.reversed",
    }  # fmt: skip


def _template(path: str) -> str:
    parts = path.split("/")
    position = 4 if parts[2] == "checkout" else 3
    if len(parts) > position and parts[position] != "search":
        parts[position] = "{id}"
    return "/".join(parts)


def _differences(theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
    """What ``ours`` lacks of ``theirs``, and where their types differ."""
    if theirs is None or ours is None or where.endswith(FREE_FORM):
        return
    if _kind(theirs) != _kind(ours):
        yield f"{where or 'answer'} is {_kind(ours)}, at Stripe {_kind(theirs)}"
    elif isinstance(theirs, dict):
        left_out = ONLY_WHEN_ASKED.get(str(ours.get("object")), set()) | _details_of_another_type(theirs, ours)
        for name, value in theirs.items():
            if name in ours:
                yield from _differences(value, ours[name], f"{where}.{name}")
            elif name not in left_out:
                yield f"{where}.{name} is not there"
    elif isinstance(theirs, list) and theirs and ours:
        yield from _differences(theirs[0], ours[0], f"{where}[]")


def _details_of_another_type(theirs: dict[str, Any], ours: dict[str, Any]) -> set[str]:
    """Of a document that says its `type`, the part with that name, where ours is of another: a debit has no card."""
    kinds = theirs.get("type"), ours.get("type")
    return {str(kinds[0])} if kinds[0] != kinds[1] and kinds[1] in ours else set()


def _kind(value: Any) -> str:
    return type(value).__name__
