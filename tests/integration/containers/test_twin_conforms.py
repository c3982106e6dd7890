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
FREE_FORM = ("metadata", "previous_attributes")
READ = {
    "account": "/v1/accounts/acct_1",
    "charge": "/v1/charges/ch_1",
    "dispute": "/v1/disputes/dp_1",
    "payment_intent": "/v1/payment_intents/pi_1",
    "refund": "/v1/refunds/re_1",
    "transfer": "/v1/transfers/tr_1",
}
"""Where stripe-mock shows an object of each kind that events are about."""


@dataclass
class Log:
    """What was asked of the twin, and its answers."""

    world: World
    entries: list[tuple[str, str, Parameters, dict[str, Any]]] = field(default_factory=list)

    def ask(self, method: str, path: str, *parameters: tuple[str, str]) -> dict[str, Any]:
        encoded = urlencode(parameters)
        answer = self.world.twin.handle(
            method=method,
            path=path,
            query="" if method == "POST" else encoded,
            headers={"Authorization": f"Bearer {PLATFORM_KEY}"},
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
    world.twin.open_dispute(payment_intent_id=intent)
    ask("GET", "/v1/disputes")
    world.twin.set_account_onboarding(account, finished=False)
    event = ask("GET", "/v1/events", ("limit", "100"))["data"][0]["id"]
    ask("GET", f"/v1/events/{event}")
    ask("DELETE", f"/v1/accounts/{world.account('u9')}")
    return log


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
    return str(paid)


def _transfers(log: Log, account: str) -> None:
    parameters = (("amount", "100"), ("currency", "usd"), ("destination", account), ("transfer_group", "g"))
    transfer = log.ask("POST", "/v1/transfers", *parameters)["id"]
    log.ask("GET", "/v1/transfers")
    log.ask("GET", f"/v1/transfers/{transfer}")
    log.ask("POST", f"/v1/transfers/{transfer}/reversals", ("amount", "10"))
    log.ask("GET", f"/v1/transfers/{transfer}/reversals")


def test_every_answer_of_the_twin_has_stripe_mocks_fields_and_types(log: Log, mock: StripeMock) -> None:
    differences = []
    for method, path, parameters, ours in log.entries:
        theirs = mock.ask(method, path, parameters)
        assert theirs.status == 200, (method, path, theirs.complaint)
        if not path.startswith("/v1/events"):  # what they are about differs: see the next test
            differences += [f"{method} {path}: {line}" for line in _differences(theirs.body, ours)]
    assert differences == []


def test_no_endpoint_of_the_twin_was_left_out(log: Log) -> None:
    routes = log.world.twin._line._service._router._routes
    asked = {(method, _template(path)) for method, path, _, _ in log.entries}
    assert set(routes) - asked == set()


def test_every_event_has_the_envelope_and_its_object_the_fields_of_stripe_mocks(log: Log, mock: StripeMock) -> None:
    envelope = mock.ask("GET", "/v1/events/evt_1").body | {"data": {"object": {}}}
    *_, events = (body["data"] for _, path, _, body in log.entries if path == "/v1/events")  # the last list has all
    differences = []
    for event in events:
        differences += [f"{event['type']}: {line}" for line in _differences(envelope, event)]
        theirs = mock.ask("GET", READ[event["data"]["object"]["object"]]).body
        differences += [f"{event['type']}: {line}" for line in _differences(theirs, event["data"]["object"])]
    assert sorted(set(differences)) == []
    assert {event["type"] for event in events} == {
        "account.updated", "charge.dispute.created", "charge.failed", "charge.refunded", "charge.succeeded",
        "payment_intent.canceled", "payment_intent.created", "payment_intent.payment_failed",
        "payment_intent.succeeded", "refund.created", "transfer.created", "transfer.reversed",
    }  # fmt: skip


def _template(path: str) -> str:
    parts = path.split("/")
    return "/".join([*parts[:3], *("{id}" for _ in parts[3:4]), *parts[4:]])


def _differences(theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
    """What ``ours`` lacks of ``theirs``, and where their types differ."""
    if theirs is None or ours is None or where.endswith(FREE_FORM):
        return
    if _kind(theirs) != _kind(ours):
        yield f"{where or 'answer'} is {_kind(ours)}, at Stripe {_kind(theirs)}"
    elif isinstance(theirs, dict):
        left_out = ONLY_WHEN_ASKED.get(str(ours.get("object")), set())
        for name, value in theirs.items():
            if name in ours:
                yield from _differences(value, ours[name], f"{where}.{name}")
            elif name not in left_out:
                yield f"{where}.{name} is not there"
    elif isinstance(theirs, list) and theirs and ours:
        yield from _differences(theirs[0], ours[0], f"{where}[]")


def _kind(value: Any) -> str:
    return type(value).__name__
