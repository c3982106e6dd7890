"""fixtures/spec/stripe.md, Idempotency: facts 1 to 7."""

from datetime import UTC, datetime

import pytest
import stripe

from simulation.clock import SimulationClock
from simulation.events import StripeCall, StripeMovement
from simulation.world.stripe.api import Answer, ApiRequest
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.idempotency import IdempotencyKeys
from simulation.world.stripe.params import Params


def transfers_made(world):
    return [m for m in world.recorded(StripeMovement) if m.movement == "transfer"]


def test_same_key_and_parameters_replay_the_first_answer(world):
    account = world.account()
    first, second = world.transfer(account), world.transfer(account)
    assert second.id == first.id
    assert "idempotent-replayed" not in first.last_response.headers
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert second.last_response.headers["original-request"] == first.last_response.headers["request-id"]
    assert second.last_response.headers["request-id"] != first.last_response.headers["request-id"]
    assert len(transfers_made(world)) == 1
    calls = [call for call in world.recorded(StripeCall) if call.path == "/v1/transfers"]
    assert [(call.executed, call.replayed, call.object_id) for call in calls] == [
        (True, False, first.id),
        (False, True, first.id),
    ]


def test_a_replay_shows_the_object_as_it_was_not_as_it_is(world):
    account = world.account()
    transfer = world.transfer(account)
    world.stripe.transfers.reversals.create(transfer.id)
    assert world.transfer(account).reversed is False


def test_a_kept_500_is_replayed_although_the_transfer_exists(world):
    account = world.account()
    world.script.line_up("error", status=500, executed=True)
    with pytest.raises(stripe.APIError) as first:
        world.transfer(account)
    with pytest.raises(stripe.APIError) as second:
        world.transfer(account)
    assert first.value.http_status == second.value.http_status == 500
    assert first.value.headers["stripe-should-retry"] == "false"
    assert second.value.headers["idempotent-replayed"] == "true"
    assert len(world.stripe.transfers.list({"transfer_group": "contest:c1"}).data) == 1


def test_a_500_in_front_of_the_endpoint_is_not_kept(world):
    account = world.account()
    world.script.line_up("error", status=500)
    with pytest.raises(stripe.APIError):
        world.transfer(account)
    assert world.transfer(account).amount == 5_000


@pytest.mark.parametrize(
    ("status", "raised"), [(429, stripe.RateLimitError), (503, stripe.APIError), (409, stripe.APIError)]
)
def test_a_rate_limit_or_conflict_is_not_kept(world, status, raised):
    account = world.account()
    world.script.line_up("error", status=status)
    with pytest.raises(raised):
        world.transfer(account)
    assert world.transfer(account).id.startswith("tr_")


def test_a_401_is_not_kept(world):
    body = "type=express"
    status, _, _ = world.raw("POST", "/v1/accounts", body, key="sk_wrong", Idempotency_Key="k")
    again, headers, _ = world.raw("POST", "/v1/accounts", body, Idempotency_Key="k")
    assert (status, again) == (401, 200)
    assert "Idempotent-Replayed" not in headers


def test_a_400_of_parameter_validation_is_not_kept(world):
    account = world.account()
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(account, amount=-5)
    assert world.transfer(account, amount=5).amount == 5


@pytest.mark.parametrize("change", [{"amount": 6_000}, {"description": "more"}, {"metadata": {"contest_id": "c2"}}])
def test_same_key_with_other_parameters_is_an_idempotency_error(world, change):
    account = world.account()
    world.transfer(account)
    with pytest.raises(stripe.IdempotencyError) as refused:
        world.transfer(account, **change)
    assert refused.value.http_status == 400
    assert len(transfers_made(world)) == 1


def test_same_key_on_another_endpoint_is_an_idempotency_error(world):
    world.transfer(world.account())
    with pytest.raises(stripe.IdempotencyError):
        world.stripe.accounts.create({"type": "express"}, {"idempotency_key": "payout:t1"})


def test_the_order_of_parameters_does_not_matter(world):
    first = world.raw("POST", "/v1/accounts", "type=express&email=a@b.test", Idempotency_Key="k")
    second = world.raw("POST", "/v1/accounts", "email=a@b.test&type=express", Idempotency_Key="k")
    assert second[2]["id"] == first[2]["id"]


def test_a_key_in_flight_refuses_a_second_request_with_409():
    keys = IdempotencyKeys(clock=SimulationClock(start=datetime(2026, 3, 1, tzinfo=UTC)))
    request = ApiRequest(
        request_id="req_1",
        origin="platform",
        method="POST",
        path="/v1/transfers",
        params=Params({}),
        idempotency_key="k",
        recorded_key="k",
    )
    with keys.in_flight(request), pytest.raises(ApiError) as lost:
        keys.find(request)
    assert (lost.value.status, lost.value.code, lost.value.kept) == (409, "idempotency_key_in_use", False)
    assert keys.find(request) is None, "the loser left nothing behind"
    keys.keep(request, Answer(status=200, body={"id": "tr_1"}, request_id="req_1"))
    found = keys.find(request)
    assert found is not None
    assert found.replayed


def test_a_key_is_replayed_until_it_is_24_hours_old_and_then_executes_again(world):
    account = world.account()
    first = world.transfer(account)
    world.pass_time(hours=24, seconds=-1)
    assert world.transfer(account).id == first.id
    world.pass_time(seconds=1)
    paid_twice = world.transfer(account)
    assert paid_twice.id != first.id
    assert "idempotent-replayed" not in paid_twice.last_response.headers
    assert len(transfers_made(world)) == 2


def test_a_pruned_key_may_be_used_for_something_else(world):
    account = world.account()
    world.transfer(account)
    world.pass_time(hours=24)
    assert world.transfer(account, amount=7).amount == 7


def test_balance_insufficient_is_kept_so_that_a_new_key_is_needed(make_world):
    world = make_world(pending_days=0)
    account = world.account()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account)
    assert (refused.value.http_status, refused.value.code) == (400, "balance_insufficient")
    world.paid(amount=20_000)
    with pytest.raises(stripe.InvalidRequestError) as replayed:
        world.transfer(account)
    assert replayed.value.code == "balance_insufficient"
    assert replayed.value.headers["idempotent-replayed"] == "true"
    assert world.transfer(account, key="payout:t1:2").amount == 5_000


def test_a_declined_card_is_kept(world):
    intent = world.intent()
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            world.stripe.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "confirm"}
            )
    assert len(world.stripe.charges.list({"payment_intent": intent.id}).data) == 1


def test_reads_ignore_idempotency_keys(world):
    before = world.raw("GET", "/v1/balance", Idempotency_Key="k")[2]
    world.transfer(world.account())
    after = world.raw("GET", "/v1/balance", Idempotency_Key="k")[2]
    assert after["available"][0]["amount"] == before["available"][0]["amount"] - 5_000


def test_without_a_key_of_its_own_every_call_pays(world):
    account = world.account()
    params = {"amount": 100, "currency": "usd", "destination": account}
    assert world.stripe.transfers.create(params).id != world.stripe.transfers.create(params).id


def test_keys_drawn_by_an_sdk_are_recorded_under_a_reproducible_name(world):
    world.account()
    world.account()
    assert [call.idempotency_key for call in world.recorded(StripeCall)] == ["random-key-1", "random-key-2"]
    assert [call.idempotency_key for call in world.script.asked] == ["random-key-1", "random-key-2"]
    event = world.stripe.events.list({"type": "account.updated"}).data[0]
    assert event.request.idempotency_key == "random-key-2"


def test_a_key_of_more_than_255_characters_is_refused(world):
    assert world.transfer(world.account(), key="k" * 255).amount == 5_000
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(world.account(), key="k" * 256)


def test_the_sdk_retries_a_conflict_with_the_same_key(world, monkeypatch):
    monkeypatch.setattr("stripe._http_client.time.sleep", lambda seconds: None)
    account = world.account()
    world.script.line_up("error", status=409)
    client = world.client("sk_test_platform", retries=2).v1
    transfer = client.transfers.create({"amount": 100, "currency": "usd", "destination": account})
    keys = {call.idempotency_key for call in world.recorded(StripeCall) if call.path == "/v1/transfers"}
    assert transfer.amount == 100
    assert len(keys) == 1
