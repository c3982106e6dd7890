"""Answers carry what the official SDK declares as always present."""

from typing import ClassVar, get_args, get_origin

import pytest
import stripe

RESOURCES = (
    stripe.PaymentIntent,
    stripe.Charge,
    stripe.Refund,
    stripe.Account,
    stripe.Transfer,
    stripe.TransferReversal,
    stripe.Balance,
    stripe.BalanceTransaction,
    stripe.Event,
    stripe.WebhookEndpoint,
)


def always_there(resource):
    """Names of the fields whose declared type does not allow None."""
    return {
        name
        for name, annotation in resource.__annotations__.items()
        if not name.startswith("_")
        and get_origin(annotation) is not ClassVar
        and type(None) not in get_args(annotation)
    }


@pytest.fixture
def answers(world):
    intent = world.paid()
    account = world.account()
    transfer = world.transfer(account)
    v1 = world.stripe
    return {
        stripe.PaymentIntent: intent,
        stripe.Charge: v1.charges.retrieve(intent.latest_charge),
        stripe.Refund: v1.refunds.create({"payment_intent": intent.id}),
        stripe.Account: v1.accounts.retrieve(account),
        stripe.Transfer: transfer,
        stripe.TransferReversal: v1.transfers.reversals.create(transfer.id),
        stripe.Balance: v1.balance.retrieve(),
        stripe.BalanceTransaction: v1.balance_transactions.list().data[0],
        stripe.Event: v1.events.list().data[0],
        stripe.WebhookEndpoint: v1.webhook_endpoints.list().data[0],
    }


@pytest.mark.parametrize("resource", RESOURCES)
def test_no_field_is_missing(answers, resource):
    answer = answers[resource]
    assert isinstance(answer, resource)
    expected = always_there(resource)
    assert "id" in expected or resource is stripe.Balance
    assert expected <= set(answer.to_dict()), expected - set(answer.to_dict())


def test_an_expanded_event_list_does_not_change_the_event(world):
    intent = world.paid()
    path = "data.data.object.latest_charge"
    listed = world.stripe.events.list({"type": "payment_intent.succeeded", "expand": [path]}).data[0]
    assert listed.data.object.latest_charge.id == intent.latest_charge
    assert world.stripe.events.retrieve(listed.id).data.object.latest_charge == intent.latest_charge
