"""What platforms ask Stripe about connected accounts beside transfers: links, their balance, payouts to the bank."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import stripe

from simulation.events import WitnessSummary
from simulation.world.stripe.integration import Integration, Stub
from simulation.world.stripe.twin import StripeTwin
from tests.unit.stripe.conftest import World


@pytest.fixture
def account(world: World) -> str:
    found = world.account()
    world.transfer(found, 5_000)
    return found


def test_links_lead_to_stripe_and_name_the_account(world: World, account: str) -> None:
    asked: Any = {"account": account, "type": "account_onboarding"}
    asked |= {"refresh_url": "https://shop.test/again", "return_url": "https://shop.test/done"}
    link = world.stripe.account_links.create(asked)
    assert link.url.startswith(f"https://connect.stripe.com/setup/s/{account}/")
    assert link.expires_at - link.created == 300
    assert account in world.stripe.accounts.login_links.create(account).url
    assert (
        account
        == world.stripe.account_sessions.create(
            {"account": account, "components": {"account_onboarding": {"enabled": True}}}
        ).account
    )


def test_a_connected_account_has_what_was_transferred_to_it(world: World, account: str) -> None:
    acting = {"stripe_account": account}
    assert world.stripe.balance.retrieve({}, acting).available[0].amount == 5_000
    assert world.stripe.balance.retrieve().available[0].amount == 995_000


def test_a_payout_arrives_at_the_bank_two_days_later(world: World, account: str) -> None:
    acting = {"stripe_account": account}
    payout = world.stripe.payouts.create({"amount": 3_000, "currency": "usd"}, acting)
    assert (payout.status, world.stripe.balance.retrieve({}, acting).available[0].amount) == ("pending", 2_000)
    world.pass_time(days=2)
    assert world.stripe.payouts.retrieve(payout.id, {}, acting).status == "paid"
    events = [event for event in world.stripe.events.list() if event.type == "payout.paid"]
    assert [event.account for event in events] == [account]


def test_a_canceled_payout_stays_in_the_account(world: World, account: str) -> None:
    acting = {"stripe_account": account}
    payout = world.stripe.payouts.create({"amount": 3_000, "currency": "usd"}, acting)
    assert world.stripe.payouts.cancel(payout.id, {}, acting).status == "canceled"
    world.pass_time(days=3)
    assert world.stripe.payouts.retrieve(payout.id, {}, acting).status == "canceled"
    assert world.stripe.balance.retrieve({}, acting).available[0].amount == 5_000


def test_nobody_pays_out_more_than_there_is_nor_what_is_anothers(world: World, account: str) -> None:
    acting, other = {"stripe_account": account}, {"stripe_account": world.account("u2")}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.payouts.create({"amount": 5_001, "currency": "usd"}, acting)
    assert refused.value.code == "balance_insufficient"
    payout = world.stripe.payouts.create({"amount": 1, "currency": "usd"}, acting).id
    with pytest.raises(stripe.InvalidRequestError):
        world.stripe.payouts.retrieve(payout, {}, other)
    assert world.stripe.payouts.list({}, other).data == []


def test_a_call_for_an_account_that_is_not_modelled_puts_the_witness_in_doubt(world: World, account: str) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        world.stripe.payment_intents.create({"amount": 500, "currency": "usd"}, {"stripe_account": account})
    world.twin.record_final_state()
    (summary,) = world.recorded(WitnessSummary)
    assert "Stripe-Account" in (summary.problem or "")


def test_a_stub_answers_a_call_that_is_not_modelled_and_leaves_no_doubt(world: World) -> None:
    products = Stub(method="POST", path="/v1/products", answer={"id": "prod_1", "object": "product"})
    domains = Stub(method="POST", path="/v1/apple_pay/domains", answer={"object": "apple_pay_domain"})
    ours = Stub(method="GET", path="/v1/balance", answer={"object": "balance"})
    world.twin = StripeTwin(
        kernel=world.kernel, recorder=world.recorder, injector=world.script, settings=world.twin._store._settings,
        seed=1, webhook_secret="w", platform_key="sk_test_platform", publishable_key="pk", dashboard_key="dk",
        integration=Integration(stubs=(products, domains, ours)),
    )  # fmt: skip
    assert world.raw("POST", "/v1/products", "name=anything")[2] == {"id": "prod_1", "object": "product"}
    assert world.raw("POST", "/v1/apple_pay/domains", "")[2] == {"object": "apple_pay_domain"}
    assert "available" in world.raw("GET", "/v1/balance")[2]  # what the twin models is never a stub's
    world.twin.record_final_state()
    assert world.recorded(WitnessSummary)[-1].problem is None


def test_an_account_is_asked_for_a_document_restricted_and_active_again(world: World, account: str) -> None:
    deadline = world.twin.clock.now + timedelta(hours=1)
    world.twin.accounts.ask_for_document(account, until=deadline)
    world.twin.accounts.suspend(account)
    world.twin.set_account_onboarding(account, finished=True)
    world.pass_time(seconds=2)
    told = [event["data"]["object"] for event in world.mailbox.events("account.updated")][-3:]
    seen = [
        (one["capabilities"]["transfers"], one["requirements"]["currently_due"], one["requirements"]["disabled_reason"])
        for one in told
    ]
    document = ["individual.verification.document"]
    assert seen == [
        ("active", document, None), ("inactive", document, "requirements.past_due"), ("active", [], None),
    ]  # fmt: skip
    assert [one["requirements"]["current_deadline"] for one in told] == [int(deadline.timestamp()), None, None]


def test_an_account_whose_payouts_are_paused_takes_transfers(world: World, account: str) -> None:
    world.twin.accounts.pause_payouts(account, paused=True)
    seen = world.stripe.accounts.retrieve(account)
    assert (seen.payouts_enabled, seen.capabilities.transfers) == (False, "active")
    assert seen.requirements.disabled_reason == "platform_paused"
    assert world.transfer(account, 700, key="payout:t7").amount == 700
    world.twin.accounts.pause_payouts(account, paused=False)
    assert world.stripe.accounts.retrieve(account).payouts_enabled is True


def test_nothing_leaves_a_paused_account_and_what_is_under_way_waits(world: World, account: str) -> None:
    acting = {"stripe_account": account}
    under_way = world.twin.payouts.send_by_stripe(account, amount_cents=1_000, currency="usd")
    world.twin.accounts.pause_payouts(account, paused=True)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.payouts.create({"amount": 500, "currency": "usd"}, acting)
    assert refused.value.code == "payouts_not_allowed"
    world.pass_time(days=4)
    assert world.stripe.payouts.retrieve(under_way.id, {}, acting).status == "pending"
    world.twin.accounts.pause_payouts(account, paused=False)
    world.pass_time(seconds=3_600)
    assert world.stripe.payouts.retrieve(under_way.id, {}, acting).status == "paid"
    assert world.stripe.payouts.create({"amount": 500, "currency": "usd"}, acting).status == "pending"


def test_what_waits_for_a_paused_account_for_ten_days_is_in_it_again(world: World, account: str) -> None:
    acting = {"stripe_account": account}
    payout = world.twin.payouts.send_by_stripe(account, amount_cents=1_000, currency="usd")
    world.twin.accounts.pause_payouts(account, paused=True)
    world.pass_time(days=9, seconds=86_000)
    assert world.stripe.payouts.retrieve(payout.id, {}, acting).status == "pending"
    world.pass_time(seconds=400)
    assert world.stripe.payouts.retrieve(payout.id, {}, acting).status == "canceled"
    assert world.stripe.balance.retrieve({}, acting).available[0].amount == 5_000


@pytest.mark.parametrize(("after_days", "told"), [(0, ["created", "failed"]), (3, ["created", "paid", "failed"])])
def test_what_a_bank_does_not_keep_is_in_the_account_again(
    world: World, account: str, after_days: int, told: list[str]
) -> None:
    acting = {"stripe_account": account}
    payout = world.twin.payouts.send_by_stripe(account, amount_cents=5_000, currency="usd")
    assert world.stripe.balance.retrieve({}, acting).available[0].amount == 0
    world.pass_time(days=after_days)
    world.twin.payouts.fail(payout.id, code="no_account")
    world.pass_time(days=3)
    seen = world.stripe.payouts.retrieve(payout.id, {}, acting)
    assert (seen.status, seen.automatic, seen.failure_code) == ("failed", True, "no_account")
    assert world.stripe.balance.retrieve({}, acting).available[0].amount == 5_000
    assert world.stripe.balance.retrieve().available[0].amount == 995_000
    events = [event for event in world.stripe.events.list() if event.type.startswith("payout.")]
    assert [event.type.removeprefix("payout.") for event in reversed(events)] == told
    assert {event.account for event in events} == {account}
