"""What a fault does to a call, and what stays afterwards."""

from datetime import timedelta
from unittest import mock

import pytest
import stripe

from simulation.events import StripeCall, StripeMovement
from simulation.faults.effects import CallEffect


def last_call(world):
    return world.recorded(StripeCall)[-1]


def transfers_at_stripe(world):
    return world.stripe.transfers.list({"transfer_group": "contest:c1"}).data


@pytest.mark.parametrize("mode", ["timeout_before", "reset_before"])
def test_before_the_effect_nothing_happened_and_the_same_key_may_try_again(world, mode):
    account = world.account()
    world.script.line_up(mode, sim_seconds=30)
    before = world.clock.now
    with pytest.raises(stripe.APIConnectionError):
        world.transfer(account)
    assert world.clock.now - before == timedelta(seconds=30)
    call = last_call(world)
    assert (call.status, call.executed, call.object_id, call.fault_id) == (None, False, None, f"f-{mode}")
    assert transfers_at_stripe(world) == []
    assert world.transfer(account).amount == 5_000


@pytest.mark.parametrize("mode", ["timeout_after", "reset_after"])
def test_after_the_effect_the_transfer_exists_and_a_retry_gives_the_same_one(world, mode):
    account = world.account()
    world.script.line_up(mode, sim_seconds=30)
    with pytest.raises(stripe.APIConnectionError):
        world.transfer(account)
    call = last_call(world)
    (existing,) = transfers_at_stripe(world)
    assert (call.status, call.executed, call.object_id, call.fault_id) == (None, True, existing.id, f"f-{mode}")
    retried = world.transfer(account)
    assert retried.id == existing.id
    assert retried.last_response.headers["idempotent-replayed"] == "true"
    assert len(transfers_at_stripe(world)) == 1


def test_after_the_effect_a_retry_with_another_key_pays_twice(world):
    account = world.account()
    world.script.line_up("timeout_after", sim_seconds=30)
    with pytest.raises(stripe.APIConnectionError):
        world.transfer(account)
    world.transfer(account, key="payout:t1:again")
    assert len(transfers_at_stripe(world)) == 2


def test_the_event_of_an_unheard_transfer_is_delivered(world):
    account = world.account()
    world.script.line_up("timeout_after", sim_seconds=30)
    with pytest.raises(stripe.APIConnectionError):
        world.transfer(account)
    world.pass_time(minutes=1)
    (event,) = world.mailbox.events("transfer.created")
    assert event["data"]["object"]["metadata"]["payout_transfer_id"] == "t1"


def test_a_retry_may_be_lost_too(world):
    account = world.account()
    for _ in range(2):
        world.script.line_up("timeout_after", sim_seconds=30)
        with pytest.raises(stripe.APIConnectionError):
            world.transfer(account)
    assert last_call(world).replayed is True
    assert len(transfers_at_stripe(world)) == 1


def test_what_follows_a_fault_keeps_it_as_cause(world):
    account = world.account()
    world.script.line_up("timeout_before", sim_seconds=30)
    with pytest.raises(stripe.APIConnectionError):
        world.transfer(account)
    world.transfer(account)
    retried = last_call(world)
    assert (retried.cause, retried.fault_id) == ("fault:f-timeout_before", None)
    assert world.recorded(StripeMovement)[-1].cause == "fault:f-timeout_before"
    world.pass_time(minutes=1)
    delivery = world.recorder.events[-1]
    assert (delivery.cause, delivery.fault_id) == ("fault:f-timeout_before", "f-timeout_before")


@pytest.mark.parametrize(
    ("status", "raised", "code"),
    [
        (429, stripe.RateLimitError, "rate_limit"),
        (409, stripe.APIError, "idempotency_key_in_use"),
        (500, stripe.APIError, "api_error"),
        (503, stripe.APIError, "api_error"),
    ],
)
def test_an_error_is_answered_instead_of_the_call(world, status, raised, code):
    account = world.account()
    world.script.line_up("error", status=status)
    with pytest.raises(raised) as refused:
        world.transfer(account)
    assert refused.value.http_status == status
    call = last_call(world)
    assert (call.status, call.error_code, call.executed, call.fault_id) == (status, code, False, "f-error")
    assert transfers_at_stripe(world) == []


def test_an_error_may_have_type_and_code_of_its_own(world):
    world.script.line_up("error", status=400, error_type="invalid_request_error", error_code="lock_timeout")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.account()
    assert refused.value.code == "lock_timeout"


def test_a_500_with_its_effect_leaves_the_object_and_its_event(world):
    account = world.account()
    world.script.line_up("error", status=500, executed=True)
    with pytest.raises(stripe.APIError):
        world.transfer(account)
    call = last_call(world)
    (existing,) = transfers_at_stripe(world)
    assert (call.status, call.executed, call.object_id) == (500, True, existing.id)
    world.pass_time(minutes=1)
    assert len(world.mailbox.events("transfer.created")) == 1


def test_a_slow_call_costs_time_and_is_answered(world):
    account = world.account()
    world.script.line_up("slow", sim_seconds=20)
    before = world.clock.now
    assert world.transfer(account).amount == 5_000
    assert world.clock.now - before == timedelta(seconds=20)
    assert last_call(world).fault_id == "f-slow"


def test_a_closed_account_refuses_this_and_every_later_transfer_under_the_fault(world):
    account, other = world.account("u1"), world.account("u2")
    world.script.line_up("close_account")
    for key in ("payout:t1", "payout:t2"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            world.transfer(account, key=key)
        assert refused.value.code == "account_invalid"
        assert last_call(world).fault_id == "f-close_account"
        assert last_call(world).cause == "fault:f-close_account"
    world.transfer(other, key="payout:t3")
    assert last_call(world).fault_id is None


def test_closing_an_account_is_announced_under_the_fault(world):
    account = world.account()
    world.pass_time(minutes=1)
    world.script.line_up("close_account")
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(account)
    world.pass_time(minutes=1)
    event = world.mailbox.events("account.updated")[-1]
    assert event["data"]["object"]["payouts_enabled"] is False
    assert event["data"]["previous_attributes"] == {"payouts_enabled": True}
    assert world.recorder.events[-1].fault_id == "f-close_account"


def test_the_injector_hears_what_a_transfer_is_about(world):
    account = world.account()
    world.transfer(account)
    call = world.script.asked[-1]
    assert (call.method, call.path, call.idempotency_key) == ("POST", "/v1/transfers", "payout:t1")
    assert (call.contest_id, call.user_id, call.business_key, call.destination) == ("c1", "u1", "t1", account)


def test_the_injector_hears_whose_payment_a_refund_gives_back(world):
    intent = world.paid()
    world.stripe.refunds.create({"payment_intent": intent.id, "metadata": {"refund_id": "r1"}})
    call = world.script.asked[-1]
    assert (call.contest_id, call.user_id, call.business_key) == ("c1", "u1", "r1")


def test_faults_strike_the_platform_and_nobody_else(world):
    intent = world.intent()
    world.script.line_up("timeout_before", sim_seconds=30)
    world.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret=intent.client_secret)
    world.client("sk_test_dashboard").v1.accounts.create({"type": "express"})
    assert world.stripe.payment_intents.retrieve(intent.id).status == "succeeded"
    assert len(world.script.calls) == 1


def test_a_suspended_account_refuses_transfers_and_finishing_its_onboarding_lifts_it(world):
    account = world.account()
    world.script.line_up("suspend_account")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account)
    assert refused.value.code == "insufficient_capabilities_for_transfer"
    assert world.stripe.accounts.retrieve(account).requirements.disabled_reason is not None
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(account, key="payout:t2")
    assert last_call(world).fault_id == "f-suspend_account"
    world.twin.set_account_onboarding(account, finished=True)
    assert world.transfer(account, key="payout:t3").amount == 5_000


def test_a_taken_key_is_refused_for_another_amount_and_nothing_moves(world):
    account = world.account()
    world.script.line_up("key_taken")
    with pytest.raises(stripe.IdempotencyError) as refused:
        world.transfer(account)
    assert refused.value.http_status == 400
    assert last_call(world).fault_id == "f-key_taken"
    with pytest.raises(stripe.IdempotencyError):
        world.transfer(account)
    assert transfers_at_stripe(world) == []
    assert world.transfer(account, key="payout:t2").amount == 5_000


def test_a_key_that_was_answered_cannot_be_taken_any_more(world):
    account = world.account()
    made = world.transfer(account)
    world.script.line_up("key_taken")
    assert world.transfer(account).id == made.id


def test_a_reserve_makes_what_is_available_pending_and_refuses_a_transfer(world):
    account = world.account()
    before = world.stripe.balance.retrieve()
    held_back = CallEffect(fault_id="f", fault_kind="stripe_reserve", mode="reserve")
    with mock.patch.object(world.script, "on_stripe_call", return_value=held_back):
        during = world.stripe.balance.retrieve()
        with pytest.raises(stripe.InvalidRequestError) as refused:
            world.transfer(account)
    assert refused.value.code == "balance_insufficient"
    assert (during.available[0].amount, during.pending[0].amount) == (
        0,
        before.available[0].amount + before.pending[0].amount,
    )
    assert world.stripe.balance.retrieve().available[0].amount == before.available[0].amount > 0
    assert world.transfer(account, key="payout:t2").amount == 5_000


def test_a_rate_limit_may_name_its_time_and_is_not_kept_for_the_key(world):
    account = world.account()
    world.script.line_up("error", status=429, retry_after_seconds=90)
    with pytest.raises(stripe.RateLimitError) as caught:
        world.transfer(account)
    assert caught.value.headers["Retry-After"] == "90"
    assert (last_call(world).status, last_call(world).retry_after_seconds) == (429, 90)
    assert world.recorded(StripeCall)[0].retry_after_seconds is None
    assert world.transfer(account).amount == 5_000


def test_a_rolled_key_has_expired_and_the_new_one_is_the_platforms(world):
    new_key = world.twin.roll_api_key(fault_id="f")
    with pytest.raises(stripe.AuthenticationError) as caught:
        world.account()
    assert (caught.value.http_status, caught.value.json_body["error"]["code"]) == (401, "api_key_expired")
    assert (last_call(world).fault_id, last_call(world).origin) == ("f", "platform")
    assert world.client(new_key).v1.balance.retrieve().object == "balance"
    assert last_call(world).origin == "platform"
