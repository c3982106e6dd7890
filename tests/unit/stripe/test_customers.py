"""Customers, the cards they keep, and setup intents, asked for with the official SDK."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.unit.stripe.conftest import PUBLISHABLE_KEY, World


@pytest.fixture
def customer(world: World) -> str:
    return str(world.stripe.customers.create({"email": "ada@example.test", "metadata": {"user_id": "u1"}}).id)


def test_a_customer_is_changed_field_by_field_and_an_empty_value_removes_metadata(world: World, customer: str) -> None:
    world.stripe.customers.update(customer, {"name": "Ada", "metadata": {"seat": "7", "user_id": ""}})
    found = world.stripe.customers.retrieve(customer)
    assert (found.name, found.email, found.metadata.to_dict()) == ("Ada", "ada@example.test", {"seat": "7"})


def test_a_deleted_customer_is_shown_as_deleted_and_cannot_pay(world: World, customer: str) -> None:
    world.stripe.customers.delete(customer)
    assert world.stripe.customers.retrieve(customer).deleted is True
    assert world.stripe.customers.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        world.stripe.customers.update(customer, {"name": "Ada"})


def test_a_payment_belongs_to_its_customer(world: World, customer: str) -> None:
    made = world.stripe.payment_intents.create({"amount": 900, "currency": "usd", "customer": customer})
    world.twin.confirm_payment_intent(payment_intent_id=made.id, client_secret=str(made.client_secret))
    world.paid(user="u2")
    assert [one.id for one in world.stripe.payment_intents.list({"customer": customer})] == [made.id]
    assert [one.amount for one in world.stripe.charges.list({"customer": customer})] == [900]
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        world.stripe.payment_intents.create({"amount": 900, "currency": "usd", "customer": "cus_nobody"})


def test_a_kept_card_pays_for_its_customer_only(world: World, customer: str) -> None:
    card = world.stripe.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    terms: Any = {"amount": 900, "currency": "usd", "payment_method": card, "confirm": True}
    with pytest.raises(stripe.InvalidRequestError, match="belongs to a customer"):
        world.stripe.payment_intents.create(terms)
    terms["customer"] = customer
    assert world.stripe.payment_intents.create(terms).status == "succeeded"
    assert [one.id for one in world.stripe.customers.payment_methods.list(customer)] == [card]
    world.stripe.payment_methods.detach(card)
    assert world.stripe.customers.payment_methods.list(customer).data == []


def test_a_card_that_declines_still_declines_when_it_was_kept(world: World, customer: str) -> None:
    token = {"type": "card", "card": {"token": "tok_chargeDeclinedInsufficientFunds"}}
    card = world.stripe.payment_methods.create(token).id
    world.stripe.payment_methods.attach(card, {"customer": customer})
    with pytest.raises(stripe.CardError) as refused:
        world.stripe.payment_intents.create(
            {"amount": 900, "currency": "usd", "customer": customer, "payment_method": card, "confirm": True}
        )
    assert refused.value.error is not None
    assert refused.value.error.decline_code == "insufficient_funds"


def test_a_setup_intent_keeps_a_card_without_a_payment(world: World, customer: str) -> None:
    made = world.stripe.setup_intents.create({"customer": customer})
    browser = world.client(PUBLISHABLE_KEY).v1
    with pytest.raises(stripe.InvalidRequestError):
        browser.setup_intents.confirm(made.id, {"client_secret": "wrong", "payment_method": "pm_card_visa"})
    status, _, answer = world.raw(
        "POST", f"/v1/setup_intents/{made.id}/confirm",
        f"client_secret={made.client_secret}&payment_method=pm_card_visa", key=PUBLISHABLE_KEY,
    )  # fmt: skip
    assert (status, answer["status"]) == (200, "succeeded")
    assert [one.id for one in world.stripe.customers.payment_methods.list(customer)] == [answer["payment_method"]]
    assert world.stripe.charges.list().data == []


@pytest.mark.parametrize(
    ("query", "fitting"),
    [
        ("email:'ada@example.test'", 1),
        ("email:'ADA@example.test' AND metadata['user_id']:'u1'", 1),
        ("email~'example' OR name:'nobody'", 1),
        ("-metadata['user_id']:'u1'", 0),
        ("name:null", 1),
        ("created>1", 1),
        ("created<1", 0),
    ],
)
def test_a_search_finds_what_fits(world: World, customer: str, query: str, fitting: int) -> None:
    assert len(world.stripe.customers.search({"query": query}).data) == fitting


@pytest.mark.parametrize("query", ["email", "email:'a' AND", "email:'a' AND name:'b' OR phone:'c'", "balance:'1'"])
def test_a_query_that_cannot_be_read_is_refused(world: World, query: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.customers.search({"query": query})
    assert refused.value.param == "query"


def test_payments_are_found_by_their_metadata(world: World) -> None:
    paid = world.paid(user="u7")
    world.intent(user="u8")
    found = world.stripe.payment_intents.search({"query": "metadata['user_id']:'u7' AND status:'succeeded'"})
    assert [one.id for one in found.data] == [paid.id]
    assert [one.payment_intent for one in world.stripe.charges.search({"query": "amount:10000"}).data] == [paid.id]
