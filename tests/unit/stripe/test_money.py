"""fixtures/spec/stripe.md, Money: facts 14 to 17."""

from datetime import timedelta

import pytest
import stripe

from simulation.events import StripeBalance, StripeMovement, StripeObject
from simulation.world.stripe.balance import charge_fee_cents


def balance(world):
    found = world.stripe.balance.retrieve()
    return found.available[0].amount, found.pending[0].amount


@pytest.mark.parametrize(("amount", "fee"), [(10_000, 320), (50, 31), (1_000, 59), (2_500, 103), (1_500, 74)])
def test_the_fee_is_a_share_rounded_half_up_and_a_fixed_part(amount, fee):
    assert charge_fee_cents(amount, basis_points=290, fixed_cents=30) == fee


def test_a_charge_lands_in_pending_and_is_available_after_two_days(make_world):
    world = make_world()
    world.paid(10_000)
    assert balance(world) == (0, 9_680)
    world.pass_time(days=2, seconds=-1)
    assert balance(world) == (0, 9_680)
    world.pass_time(seconds=1)
    assert balance(world) == (9_680, 0)


def test_a_transfer_draws_on_available_only(make_world):
    world = make_world()
    account = world.account()
    world.paid(10_000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account, 5_000)
    assert (refused.value.http_status, refused.value.code) == (400, "balance_insufficient")
    world.pass_time(days=3)
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(account, 9_681, key="payout:t2")
    world.transfer(account, 9_680, key="payout:t3")
    assert balance(world) == (0, 0)


def test_stripe_does_not_retry_a_refused_transfer_by_itself(make_world):
    world = make_world()
    account = world.account()
    world.paid(10_000)
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(account, 5_000)
    world.pass_time(days=10)
    assert world.stripe.transfers.list().data == []


def test_a_pool_paid_out_in_full_overdraws_by_the_fees(make_world):
    world = make_world()
    account = world.account()
    for user in ("u1", "u2"):
        world.paid(5_000, user)
    world.pass_time(days=3)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account, 10_000)
    assert refused.value.code == "balance_insufficient"


def test_with_a_source_transaction_a_transfer_does_not_wait_for_the_balance(make_world):
    world = make_world()
    account = world.account()
    charge = world.paid(10_000).latest_charge
    transfer = world.transfer(account, 9_000, source_transaction=charge)
    assert transfer.source_transaction == charge
    assert balance(world) == (0, 680)
    world.pass_time(days=2)
    assert balance(world) == (680, 0)


def test_transfers_with_a_source_may_not_exceed_its_charge(make_world):
    world = make_world()
    account = world.account()
    charge = world.paid(10_000).latest_charge
    world.transfer(account, 6_000, source_transaction=charge)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account, 4_001, key="payout:t2", source_transaction=charge)
    assert refused.value.param == "source_transaction"
    assert world.transfer(account, 4_000, key="payout:t3", source_transaction=charge).amount == 4_000


def test_a_refund_debits_the_platform_and_leaves_transfers_alone(make_world):
    world = make_world(pending_days=0)
    account = world.account()
    intent = world.paid(10_000)
    transfer = world.transfer(account, 9_000)
    refund = world.stripe.refunds.create({"payment_intent": intent.id, "metadata": {"refund_id": "r1"}})
    assert (refund.amount, refund.status) == (10_000, "succeeded")
    assert balance(world) == (-9_320, 0)
    assert world.stripe.transfers.retrieve(transfer.id).amount_reversed == 0


def test_a_refund_of_pending_money_is_taken_from_pending(world):
    intent = world.paid(10_000)
    world.stripe.refunds.create({"payment_intent": intent.id})
    assert balance(world) == (1_000_000, -320)


def test_a_charge_is_refunded_in_parts_but_never_beyond(world):
    intent = world.paid(10_000)
    world.stripe.refunds.create({"payment_intent": intent.id, "amount": 4_000})
    with pytest.raises(stripe.InvalidRequestError):
        world.stripe.refunds.create({"payment_intent": intent.id, "amount": 6_001})
    world.stripe.refunds.create({"charge": intent.latest_charge})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_already_refunded"
    charge = world.stripe.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 10_000)


def test_a_refund_announces_the_charge_as_refunded(world):
    intent = world.paid(10_000)
    world.stripe.refunds.create({"payment_intent": intent.id})
    world.pass_time(seconds=2)
    event = world.mailbox.events("charge.refunded")[0]
    assert event["data"]["object"]["payment_intent"] == intent.id
    assert event["data"]["previous_attributes"] == {"amount_refunded": 0, "refunded": False}


@pytest.mark.parametrize(("end", "told"), [("failed", True), ("canceled", False)])
def test_the_money_of_a_refund_that_ends_badly_comes_back_and_the_charge_is_not_refunded(world, end, told):
    intent = world.paid(10_000)
    world.twin.refunds.take_long(intent.id)
    refund = world.stripe.refunds.create({"payment_intent": intent.id})
    assert (refund.status, balance(world)) == ("pending", (1_000_000, -320))
    world.pass_time(days=5)
    world.twin.refunds.end(refund.id, end, failure_reason="lost_or_stolen_card" if told else None)
    world.pass_time(seconds=2)
    back = world.stripe.refunds.retrieve(refund.id)
    line = world.stripe.balance_transactions.retrieve(back.failure_balance_transaction)
    assert (back.status, line.type, line.amount, line.source) == (end, "refund_failure", 10_000, refund.id)
    assert balance(world) == (1_009_680, 0)
    assert world.stripe.charges.retrieve(intent.latest_charge).amount_refunded == 0
    assert [len(world.mailbox.events(kind)) for kind in ("refund.updated", "refund.failed")] == [1, int(told)]


def test_a_slow_refund_arrives_and_no_money_moves(world):
    intent = world.paid(10_000)
    world.twin.refunds.take_long(intent.id)
    refund = world.stripe.refunds.create({"payment_intent": intent.id})
    before = balance(world)
    world.twin.refunds.end(refund.id, "succeeded")
    assert (world.stripe.refunds.retrieve(refund.id).status, balance(world)) == ("succeeded", before)
    with pytest.raises(AssertionError, match="only a pending refund"):
        world.twin.refunds.end(refund.id, "failed")


def test_stripe_gives_parts_back_by_itself_and_each_event_tells_the_sum(world):
    intent = world.paid(10_000)
    for cents in (3_000, 2_000):
        world.twin.refunds.make_by_stripe(intent.id, amount_cents=cents)
    world.pass_time(seconds=2)
    told = [event["data"]["object"]["amount_refunded"] for event in world.mailbox.events("charge.refunded")]
    assert told == [3_000, 5_000]
    assert [refund.amount for refund in world.stripe.refunds.list({"payment_intent": intent.id})] == [2_000, 3_000]


def test_an_unpaid_intent_cannot_be_refunded(world):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.refunds.create({"payment_intent": world.intent().id})
    assert refused.value.param == "payment_intent"


def test_a_dispute_debits_the_platform_with_a_fee_and_leaves_transfers_alone(world):
    intent = world.paid(10_000)
    transfer = world.transfer(world.account())
    before = balance(world)[0]
    dispute = world.twin.open_dispute(payment_intent_id=intent.id)
    world.pass_time(seconds=2)
    assert balance(world)[0] == before - 10_000 - 1_500
    assert world.stripe.transfers.retrieve(transfer.id).amount_reversed == 0
    assert world.mailbox.events("charge.dispute.created")[0]["data"]["object"]["id"] == dispute
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"


def test_a_dispute_that_is_won_gives_the_amount_back_and_stripe_keeps_its_fee(world):
    intent, before = world.paid(10_000), balance(world)[0]
    dispute = world.twin.open_dispute(payment_intent_id=intent.id)
    world.pass_time(days=20)
    world.twin.disputes.close(dispute, "won")
    world.pass_time(seconds=2)
    seen = world.stripe.disputes.retrieve(dispute)
    assert [(line.amount, line.fee) for line in seen.balance_transactions] == [(-10_000, 1_500), (10_000, 0)]
    assert (seen.status, balance(world)[0]) == ("won", before + 9_680 - 1_500)
    told = [kind for kind in ("closed", "funds_reinstated") if world.mailbox.events(f"charge.dispute.{kind}")]
    assert told == ["closed", "funds_reinstated"]
    with pytest.raises(AssertionError, match="won already"):
        world.twin.disputes.close(dispute, "lost")


def test_a_dispute_that_is_lost_moves_nothing_more(world):
    dispute = world.twin.open_dispute(payment_intent_id=world.paid(10_000).id)
    before = balance(world)
    world.twin.disputes.close(dispute, "lost")
    world.pass_time(seconds=2)
    assert (world.stripe.disputes.retrieve(dispute).status, balance(world)) == ("lost", before)
    assert world.mailbox.events("charge.dispute.funds_reinstated") == []


def test_an_inquiry_moves_no_money_and_has_no_balance_transaction(world):
    intent, before = world.paid(10_000), balance(world)
    dispute = world.twin.disputes.inquire(intent.id, reason="unrecognized")
    world.twin.disputes.close(dispute.id, "warning_closed")
    seen = world.stripe.disputes.retrieve(dispute.id)
    assert (seen.status, seen.amount, list(seen.balance_transactions)) == ("warning_closed", 10_000, [])
    assert balance(world) == before
    assert world.stripe.charges.retrieve(intent.latest_charge).disputed is False


def test_a_payment_has_several_disputes_of_parts_and_never_more_than_itself(world):
    intent = world.paid(10_000)
    before = balance(world)[0]
    for cents in (4_000, 5_000):
        world.twin.disputes.open(intent.id, reason="general", amount_cents=cents)
    assert balance(world)[0] == before - 9_000 - 2 * 1_500
    with pytest.raises(AssertionError, match="1000 left, not 1001"):
        world.twin.disputes.open(intent.id, reason="general", amount_cents=1_001)


def test_a_reversal_brings_the_money_back(world):
    transfer = world.transfer(world.account(), 5_000)
    world.stripe.transfers.reversals.create(transfer.id, {"amount": 2_000})
    world.stripe.transfers.reversals.create(transfer.id)
    assert balance(world)[0] == 1_000_000
    assert world.stripe.transfers.retrieve(transfer.id).reversed is True
    assert [reversal.amount for reversal in world.stripe.transfers.reversals.list(transfer.id).data] == [3_000, 2_000]
    with pytest.raises(stripe.InvalidRequestError):
        world.stripe.transfers.reversals.create(transfer.id)


def test_an_account_that_has_not_finished_onboarding_cannot_be_paid(world):
    account = world.account()
    world.twin.set_account_onboarding(account, finished=False)
    assert world.stripe.accounts.retrieve(account).capabilities.transfers == "inactive"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account)
    assert (refused.value.http_status, refused.value.code) == (400, "insufficient_capabilities_for_transfer")
    world.twin.set_account_onboarding(account, finished=True)
    assert world.transfer(account, key="payout:t2").destination == account


def test_a_closed_account_cannot_be_paid_ever_again(world):
    account = world.account()
    world.twin.set_account_closed(account)
    world.twin.set_account_onboarding(account, finished=True)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account)
    assert (refused.value.http_status, refused.value.code) == (400, "account_invalid")


@pytest.mark.parametrize("deleted", [True, False])
def test_an_unknown_or_deleted_destination_does_not_exist(world, deleted):
    account = "acct_nobody"
    if deleted:
        account = world.account()
        assert world.stripe.accounts.delete(account).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account)
    assert (refused.value.http_status, refused.value.code, refused.value.param) == (
        400,
        "resource_missing",
        "destination",
    )


def test_every_movement_is_witnessed_with_its_business_keys(world):
    intent = world.paid(10_000)
    account = world.account()
    transfer = world.transfer(account)
    charged, sent = world.recorded(StripeMovement)
    assert (charged.amount_cents, charged.fee_cents, charged.net_cents) == (10_000, 320, 9_680)
    assert (charged.payment_intent_id, charged.contest_id, charged.user_id) == (intent.id, "c1", "u1")
    assert (charged.origin, charged.available_at) == ("entrant", world.clock.now + timedelta(days=2))
    assert (sent.amount_cents, sent.fee_cents, sent.net_cents) == (-5_000, 0, -5_000)
    assert (sent.source_id, sent.destination, sent.idempotency_key) == (transfer.id, account, "payout:t1")
    assert sent.origin == "platform"


def test_the_final_balance_is_explained_by_opening_and_movements(world):
    account = world.account()
    intents = [world.paid(amount, f"u{amount}") for amount in (1_000, 2_500, 7_777)]
    world.transfer(account)
    world.stripe.refunds.create({"payment_intent": intents[0].id})
    world.pass_time(days=1)
    world.twin.record_final_state()
    final = world.recorded(StripeBalance)[0]
    movements = sum(movement.net_cents for movement in world.recorded(StripeMovement))
    assert final.available_cents + final.pending_cents == final.opening_cents + movements


def test_balance_transactions_explain_the_balance_too(world):
    charge = world.stripe.charges.retrieve(world.paid(10_000).latest_charge)
    line = world.stripe.balance_transactions.retrieve(charge.balance_transaction)
    assert (line.amount, line.fee, line.net, line.status, line.type) == (10_000, 320, 9_680, "pending", "charge")
    world.pass_time(days=2)
    assert world.stripe.balance_transactions.list({"source": charge.id}).data[0].status == "available"


def test_the_final_state_lists_every_object_by_id(world):
    intent = world.paid(10_000)
    transfer = world.transfer(world.account())
    world.twin.record_final_state()
    final = world.recorded(StripeObject)
    assert [item.object_id for item in final] == sorted(item.object_id for item in final)
    by_id = {item.object_id: item for item in final}
    assert (by_id[intent.id].status, by_id[intent.id].contest_id) == ("succeeded", "c1")
    assert by_id[transfer.id].metadata["payout_transfer_id"] == "t1"
    assert {item.object_type for item in final} == {
        "payment_intent",
        "charge",
        "transfer",
        "account",
        "webhook_endpoint",
    }


def test_stripe_takes_a_transfer_back_from_an_account_without_money_and_the_platform_may_not(world):
    account = world.account()
    transfer = world.transfer(account, 5_000)
    acting = {"stripe_account": account}
    world.stripe.payouts.create({"amount": 4_000, "currency": "usd"}, acting)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.transfers.reversals.create(transfer.id, {"amount": 1_001})
    assert refused.value.code == "balance_insufficient"
    for cents in (2_000, 3_000):
        world.twin.reversals.make_by_stripe(transfer.id, amount_cents=cents)
    world.pass_time(seconds=2)
    told = [event["data"]["object"] for event in world.mailbox.events("transfer.reversed")]
    assert [(one["amount_reversed"], len(one["reversals"]["data"]), one["reversed"]) for one in told] == [
        (2_000, 1, False), (5_000, 2, True),
    ]  # fmt: skip
    assert world.stripe.balance.retrieve({}, acting).available[0].amount == -4_000
