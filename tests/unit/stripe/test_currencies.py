"""fixtures/spec/stripe.md, fact 29: every currency has a balance of its own, and amounts in its smallest unit."""

import pytest
import stripe

from simulation.events import StripeBalance, StripeMovement


def intent(world, amount, currency, **metadata):
    return world.stripe.payment_intents.create({"amount": amount, "currency": currency, "metadata": metadata})


def paid(world, amount, currency):
    made = intent(world, amount, currency, contest_id="c1", user_id="u1")
    world.twin.confirm_payment_intent(payment_intent_id=made.id, client_secret=made.client_secret)
    return made.id


def sums(world):
    found = world.stripe.balance.retrieve()
    return {one.currency: one.amount for one in found.available}, {one.currency: one.amount for one in found.pending}


def test_charge_fee_refund_and_dispute_are_in_the_currency_of_the_intent(make_world):
    world = make_world(opening_balances={"jpy": 5_000})
    one, two = paid(world, 1_000, "jpy"), paid(world, 4_750, "kwd")
    assert sums(world) == ({"usd": 0, "jpy": 5_000, "kwd": 0}, {"usd": 0, "jpy": 931, "kwd": 4_522})
    assert world.stripe.refunds.create({"payment_intent": two}).currency == "kwd"
    dispute = world.twin.open_dispute(payment_intent_id=one)
    assert world.stripe.disputes.retrieve(dispute).currency == "jpy"
    assert sums(world)[1]["kwd"] == -228  # Stripe keeps its fee
    moved = {(one.movement, one.currency, one.amount_cents, one.fee_cents) for one in world.recorded(StripeMovement)}
    assert moved == {
        ("charge", "jpy", 1_000, 69),
        ("charge", "kwd", 4_750, 228),
        ("refund", "kwd", -4_750, 0),
        ("adjustment", "jpy", -1_000, 2_000),
    }
    world.twin.record_final_state()
    closing = {one.currency: one.available_cents + one.pending_cents for one in world.recorded(StripeBalance)}
    assert closing == {"usd": 0, "jpy": 5_000 + 931 - 3_000, "kwd": -228}


def test_a_transfer_draws_on_the_balance_of_its_own_currency_only(make_world):
    world = make_world(opening_balance_cents=1_000_000, opening_balances={"jpy": 500})
    account = world.account()
    for currency, amount in (("eur", 1), ("jpy", 501)):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            world.transfer(account, amount, key=f"payout:{currency}", currency=currency)
        assert (refused.value.http_status, refused.value.code) == (400, "balance_insufficient")
    made = world.transfer(account, 500, key="payout:yes", currency="JPY")
    assert (made.currency, sums(world)[0]["jpy"], sums(world)[0]["usd"]) == ("jpy", 0, 1_000_000)
    status, _, connected = world.raw("GET", "/v1/balance", Stripe_Account=account)
    assert (status, [(one["currency"], one["amount"]) for one in connected["available"]]) == (200, [("jpy", 500)])


def test_a_transfer_from_a_charge_is_in_its_currency(make_world):
    world = make_world()
    account, payment = world.account(), paid(world, 2_000, "eur")
    charge = world.stripe.payment_intents.retrieve(payment).latest_charge
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.transfer(account, 100, source_transaction=charge)
    assert refused.value.param == "source_transaction"
    assert world.transfer(account, 100, key="payout:t2", currency="eur", source_transaction=charge).currency == "eur"


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "jpy", "amount_too_small"),
        (140, "kwd", "amount_too_small"),
        (29, "gbp", "amount_too_small"),
        (100_000_000, "jpy", "amount_too_large"),
        (1_255, "kwd", "parameter_invalid_integer"),
    ],
)
def test_amounts_that_stripe_does_not_take_are_refused(make_world, amount, currency, code):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        intent(make_world(), amount, currency)
    assert (refused.value.param, refused.value.code) == ("amount", code)


def test_an_unpaid_intent_gets_another_currency_by_the_api_or_at_the_dashboard(make_world):
    world = make_world()
    made = intent(world, 2_500, "jpy")
    assert world.stripe.payment_intents.update(made.id, {"currency": "eur"}).currency == "eur"
    world.twin.payments.change_currency(made.id, currency="usd")
    world.twin.confirm_payment_intent(payment_intent_id=made.id, client_secret=made.client_secret)
    shown = world.stripe.payment_intents.retrieve(made.id)
    assert (shown.currency, shown.amount, shown.amount_received) == ("usd", 2_500, 2_500)
    for change in ({"currency": "eur"}, {"amount": 2_500}):  # paid is paid, even for what it is already
        with pytest.raises(stripe.InvalidRequestError):
            world.stripe.payment_intents.update(made.id, change)


def test_prices_of_a_checkout_page_are_in_one_currency(make_world):
    def item(currency):
        return {
            "price_data": {"currency": currency, "unit_amount": 500, "product_data": {"name": "fee"}},
            "quantity": 1,
        }

    world = make_world()
    form = {"mode": "payment", "success_url": "https://example.org/ok"}
    session = world.stripe.checkout.sessions.create({**form, "line_items": [item("jpy")]})
    assert (session.currency, session.amount_total) == ("jpy", 500)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.checkout.sessions.create({**form, "line_items": [item("jpy"), item("eur")]})
    assert refused.value.param == "line_items"
