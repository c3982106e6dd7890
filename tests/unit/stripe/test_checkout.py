"""Checkout sessions: the page at Stripe where somebody pays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import stripe

from simulation.world.stripe.errors import ApiError
from tests.unit.stripe.conftest import START, World

ITEM = {"price_data": {"currency": "usd", "unit_amount": 2500, "product_data": {"name": "Entry"}}, "quantity": 2}
TERMS: dict[str, Any] = {
    "mode": "payment",
    "success_url": "https://shop.test/thanks",
    "line_items": [ITEM],
    "metadata": {"order": "o-1"},
    "payment_intent_data": {"metadata": {"user_id": "u1"}},
}


@pytest.fixture
def session(world: World) -> str:
    return str(world.stripe.checkout.sessions.create(TERMS).id)


def test_a_session_is_open_and_makes_no_payment_intent_until_somebody_pays(world: World, session: str) -> None:
    shown = world.stripe.checkout.sessions.retrieve(session)
    assert (shown.status, shown.payment_status, shown.amount_total, shown.payment_intent) == (
        "open",
        "unpaid",
        5000,
        None,
    )
    assert (shown.url or "").endswith(session)
    assert world.stripe.payment_intents.list().data == []


def test_paying_makes_the_payment_with_the_sessions_metadata_and_tells_of_it(world: World, session: str) -> None:
    paid = world.twin.pay(reference=session, client_secret="")
    intent = world.stripe.payment_intents.retrieve(paid)
    assert (intent.status, intent.amount, intent.metadata.to_dict()) == ("succeeded", 5000, {"user_id": "u1"})
    shown = world.stripe.checkout.sessions.retrieve(session)
    assert (shown.status, shown.payment_status, shown.payment_intent, shown.url) == ("complete", "paid", paid, None)
    types = [event.type for event in world.stripe.events.list()]
    assert types[:3] == ["checkout.session.completed", "payment_intent.succeeded", "charge.succeeded"]
    with pytest.raises(ApiError, match="complete"):
        world.twin.pay(reference=session, client_secret="")


def test_a_declined_card_leaves_the_session_open_for_another_try_with_the_same_intent(
    world: World, session: str
) -> None:
    with pytest.raises(ApiError):
        world.twin.pay(reference=session, client_secret="", payment_method="pm_card_chargeDeclined")
    tried = world.stripe.checkout.sessions.retrieve(session)
    assert (tried.status, tried.payment_status) == ("open", "unpaid")
    assert world.twin.pay(reference=session, client_secret="") == tried.payment_intent


def test_a_session_that_nobody_uses_expires_after_a_day_by_itself(world: World, session: str) -> None:
    world.pass_time(hours=23, minutes=59)
    assert world.stripe.checkout.sessions.retrieve(session).status == "open"
    world.pass_time(minutes=1)
    assert world.stripe.checkout.sessions.retrieve(session).status == "expired"
    assert [event.type for event in world.stripe.events.list()] == ["checkout.session.expired"]


def test_the_platform_may_end_a_session_once(world: World, session: str) -> None:
    assert world.stripe.checkout.sessions.expire(session).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        world.stripe.checkout.sessions.expire(session)
    world.pass_time(days=2)
    assert len(world.stripe.events.list().data) == 1


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"expires_at": int((START + timedelta(minutes=5)).timestamp())}, "expires_at"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"line_items": [{"price": "price_1"}]}, "line_items[0][price]"),
    ],
)
def test_wrong_terms_are_refused_by_name(world: World, change: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.checkout.sessions.create({**TERMS, **change})
    assert refused.value.param == param


def test_what_was_ordered_is_listed(world: World, session: str) -> None:
    (item,) = world.stripe.checkout.sessions.line_items.list(session).data
    assert (item.description, item.quantity, item.amount_total) == ("Entry", 2, 5000)


def test_an_endpoint_that_asked_for_it_is_told(make_world: Any) -> None:
    world = make_world()
    world.twin._store.webhook_endpoints.get(world.stripe.webhook_endpoints.list().data[0].id).enabled_events = ("*",)
    session = world.stripe.checkout.sessions.create(TERMS).id
    world.twin.pay(reference=session, client_secret="")
    world.pass_time(minutes=1)
    assert len(world.mailbox.events("checkout.session.completed")) == 1
