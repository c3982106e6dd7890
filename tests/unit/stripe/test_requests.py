"""How requests are read, checked, listed and written down."""

import base64

import pytest
import stripe

from simulation.events import StripeCall, WitnessSummary
from simulation.history import line_of
from simulation.world.stripe.errors import ApiError
from simulation.world.stripe.form import decode
from tests.unit.stripe.conftest import PLATFORM_KEY, World

TRANSFER = {"amount": 100, "currency": "usd", "destination": "acct_nobody"}


def refusal(call):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        call()
    return refused.value


def test_nested_form_values_are_read():
    assert decode("metadata[a]=1&metadata[b]=x%20y&expand[]=p&expand[]=q&types[0]=t&amount=5") == {
        "metadata": {"a": "1", "b": "x y"},
        "expand": {"0": "p", "1": "q"},
        "types": {"0": "t"},
        "amount": "5",
    }


@pytest.mark.parametrize("name", ["amount", "currency", "destination"])
def test_a_missing_parameter_is_named(world, name):
    error = refusal(lambda: world.stripe.transfers.create({k: v for k, v in TRANSFER.items() if k != name}))
    assert (error.http_status, error.code, error.param) == (400, "parameter_missing", name)
    assert "type" in error.json_body["error"]
    assert error.request_id.startswith("req_")


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"amout": 5}, "parameter_unknown", "amout"),
        ({"amount": -1}, "parameter_invalid_integer", "amount"),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": "ten"}, "parameter_invalid_integer", "amount"),
        ({"destination": ""}, "parameter_invalid_empty", "destination"),
        ({"destination": "acct_nobody"}, "resource_missing", "destination"),
    ],
)
def test_a_wrong_parameter_is_named(world, change, code, param):
    error = refusal(lambda: world.stripe.transfers.create(TRANSFER | change))
    assert (error.http_status, error.code, error.param) == (400, code, param)


@pytest.mark.parametrize(("amount", "code"), [(49, "amount_too_small"), (100_000_000, "amount_too_large")])
def test_an_intent_has_a_smallest_and_a_largest_amount(world, amount, code):
    assert refusal(lambda: world.intent(amount)).code == code


def test_an_unknown_id_in_the_path_is_404(world):
    error = refusal(lambda: world.stripe.transfers.retrieve("tr_nothing"))
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")


def test_an_unknown_account_is_403(world):
    with pytest.raises(stripe.PermissionError) as refused:
        world.stripe.accounts.retrieve("acct_nobody")
    assert refused.value.error.code == "account_invalid"


def test_a_wrong_api_key_is_401(world):
    with pytest.raises(stripe.AuthenticationError):
        world.client("sk_test_wrong").v1.balance.retrieve()
    assert world.recorded(StripeCall)[-1].status == 401


def test_an_intent_is_paid_once(world):
    intent = world.paid()
    with pytest.raises(ApiError) as refused:
        world.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret=intent.client_secret)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_an_intent_is_confirmed_at_creation_when_asked(world):
    params = {"amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    assert world.stripe.payment_intents.create(params).status == "succeeded"


def test_a_browser_needs_the_secret_of_its_intent(world):
    intent = world.intent()
    with pytest.raises(ApiError) as refused:
        world.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret="another")
    assert refused.value.status == 404
    assert world.stripe.payment_intents.retrieve(intent.id).status == "requires_payment_method"


def test_a_publishable_key_cannot_move_money(world):
    status, _, body = world.raw("POST", "/v1/transfers", "amount=5", key="pk_test_platform")
    assert (status, body["error"]["code"]) == (401, "secret_key_required")


def test_a_declined_card_leaves_an_intent_that_can_be_paid(world):
    intent = world.intent()
    with pytest.raises(ApiError) as declined:
        world.twin.confirm_payment_intent(
            payment_intent_id=intent.id,
            client_secret=intent.client_secret,
            payment_method="pm_card_chargeDeclinedInsufficientFunds",
        )
    assert (declined.value.status, declined.value.code) == (402, "card_declined")
    again = world.stripe.payment_intents.retrieve(intent.id)
    assert (again.status, again.last_payment_error.decline_code) == ("requires_payment_method", "insufficient_funds")
    world.pass_time(seconds=2)
    assert len(world.mailbox.events("payment_intent.payment_failed")) == 1
    world.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret=intent.client_secret)
    assert world.stripe.payment_intents.retrieve(intent.id).status == "succeeded"


def by(world, intent, payment_method):
    world.twin.confirm_payment_intent(
        payment_intent_id=intent.id, client_secret=intent.client_secret, payment_method=payment_method
    )
    return world.stripe.payment_intents.retrieve(intent.id)


def test_a_card_that_needs_its_holder_waits_and_can_be_paid_or_canceled(world):
    paid, canceled = world.intent(), world.intent()
    for intent in (paid, canceled):
        waiting = by(world, intent, "pm_card_authenticationRequired")
        assert (waiting.status, waiting.amount_received) == ("requires_action", 0)
        assert waiting.next_action.type == "use_stripe_sdk"
    assert by(world, paid, "pm_card_visa").next_action is None
    assert world.stripe.payment_intents.cancel(canceled.id).status == "canceled"
    world.pass_time(seconds=2)
    assert len(world.mailbox.events("payment_intent.requires_action")) == 2


def test_a_bank_debit_moves_money_when_it_arrives_and_not_before(world):
    intent = world.intent()
    assert by(world, intent, "pm_usBankAccount_success").status == "processing"
    assert world.stripe.balance_transactions.list().data == []
    assert refusal(lambda: world.stripe.payment_intents.cancel(intent.id)).code == "payment_intent_unexpected_state"
    world.pass_time(days=3)
    world.twin.payments.arrive(intent.id)
    paid = world.stripe.payment_intents.retrieve(intent.id)
    charge = world.stripe.charges.retrieve(paid.latest_charge)
    (line,) = world.stripe.balance_transactions.list().data
    assert (paid.status, charge.status, charge.paid) == ("succeeded", "succeeded", True)
    assert charge.payment_method_details.type == "us_bank_account"
    assert line.available_on - line.created == 2 * 86_400, "from when the money came"
    world.pass_time(seconds=2)
    told = [event["type"] for event in world.mailbox.events() if event["type"].startswith("payment_intent.")]
    assert told == ["payment_intent.processing", "payment_intent.succeeded"]


def test_a_bank_debit_that_is_returned_never_was_a_payment(world):
    intent = world.intent()
    by(world, intent, "pm_usBankAccount_success")
    world.pass_time(days=3)
    world.twin.payments.bounce(intent.id)
    failed = world.stripe.payment_intents.retrieve(intent.id)
    assert (failed.status, failed.last_payment_error.decline_code) == ("requires_payment_method", "insufficient_funds")
    assert world.stripe.charges.retrieve(failed.latest_charge).status == "failed"
    assert world.stripe.balance_transactions.list().data == []
    assert by(world, intent, "pm_card_visa").status == "succeeded", "the intent is open again"


def test_an_intent_that_is_canceled_at_the_dashboard_cannot_be_paid(world):
    intent = world.intent()
    world.twin.payments.cancel(intent.id)
    with pytest.raises(ApiError) as refused:
        by(world, intent, "pm_card_visa")
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_cancelled_intent_cannot_be_paid(world):
    intent = world.intent()
    assert world.stripe.payment_intents.cancel(intent.id).status == "canceled"
    assert refusal(
        lambda: world.stripe.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    ).code == ("payment_intent_unexpected_state")


def test_objects_are_expanded_on_request(world):
    intent = world.paid()
    expanded = world.stripe.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})
    assert expanded.latest_charge.balance_transaction.net == 9_680
    listed = world.stripe.charges.list({"expand": ["data.payment_intent"]}).data
    assert listed[0].payment_intent.id == intent.id


def test_lists_are_newest_first_and_paged_by_cursor(world):
    ids = [world.paid(user=f"u{number}").id for number in range(5)]
    first = world.stripe.payment_intents.list({"limit": 2})
    assert ([item.id for item in first.data], first.has_more) == ([ids[4], ids[3]], True)
    second = world.stripe.payment_intents.list({"limit": 3, "starting_after": ids[3]})
    assert ([item.id for item in second.data], second.has_more) == ([ids[2], ids[1], ids[0]], False)
    back = world.stripe.payment_intents.list({"limit": 2, "ending_before": ids[1]})
    assert ([item.id for item in back.data], back.has_more) == ([ids[3], ids[2]], True)
    assert [item.id for item in first.auto_paging_iter()] == ids[::-1]


def test_a_list_starts_after_a_known_object_only(world):
    error = refusal(lambda: world.stripe.events.list({"starting_after": "evt_nothing"}))
    assert (error.code, error.param) == ("resource_missing", "starting_after")


def test_a_page_has_a_hundred_objects_at_most(world):
    assert refusal(lambda: world.stripe.transfers.list({"limit": 101})).param == "limit"


def test_lists_are_filtered(world):
    first, second = world.account("u1"), world.account("u2")
    world.transfer(first, key="payout:t1")
    world.pass_time(hours=1)
    late = world.transfer(second, key="payout:t2", transfer_group="contest:c2")
    since = int(world.clock.now.timestamp())
    transfers = world.stripe.transfers
    for filters in ({"destination": second}, {"transfer_group": "contest:c2"}, {"created": {"gte": since}}):
        assert [item.id for item in transfers.list(filters).data] == [late.id]
    assert len(transfers.list({"created": {"lt": since}}).data) == 1
    assert transfers.list({"transfer_group": "contest:none"}).data == []


def test_events_are_filtered_by_type_group_and_time(world):
    world.paid()
    events = world.stripe.events
    assert {event.type for event in events.list({"type": "payment_intent.*"}).data} == {
        "payment_intent.created",
        "payment_intent.succeeded",
    }
    assert len(events.list({"types": ["charge.succeeded", "payment_intent.created"]}).data) == 2
    assert events.list({"created": {"gt": int(world.clock.now.timestamp())}}).data == []


def test_every_request_is_written_down_reads_too(world):
    account = world.account()
    world.stripe.accounts.retrieve(account)
    world.client("sk_test_dashboard").v1.balance.retrieve()
    world.paid()
    calls = world.recorded(StripeCall)
    assert [(call.origin, call.method, call.executed) for call in calls] == [
        ("platform", "POST", True),
        ("platform", "GET", False),
        ("dashboard", "GET", False),
        ("platform", "POST", True),
        ("entrant", "POST", True),
        ("platform", "GET", False),
    ]
    assert calls[0].object_id == account
    world.twin.record_final_state()
    assert (world.recorded(WitnessSummary)[0].records, world.recorded(WitnessSummary)[0].problem) == (6, None)


def test_secrets_are_not_written_down(world):
    intent = world.paid()
    world.twin.record_final_state()
    history = "\n".join(line_of(event) for event in world.recorder.events)
    for secret in (intent.client_secret, "sk_test_platform", "pk_test_platform", "whsec_test"):
        assert secret not in history


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/products", "name=entry"),
        ("POST", "/v1/payment_intents", "amount=500&currency=usd&transfer_data[destination]=acct_1"),
        ("POST", "/v1/payment_intents", "amount=500&currency=chf"),
    ],
)
def test_what_the_twin_cannot_do_as_stripe_does_puts_the_witness_in_doubt(world, method, path, body):
    status, _, _ = world.raw(method, path, body)
    world.twin.record_final_state()
    assert status in (400, 404)
    assert f"{method} {path}" in world.recorded(WitnessSummary)[0].problem


def test_a_crash_of_the_twin_is_not_mistaken_for_a_network_problem(world, monkeypatch):
    monkeypatch.setattr(world.twin._line, "carry", lambda request, effect: 1 / 0)
    with pytest.raises(stripe.APIConnectionError):
        world.account()
    world.twin.record_final_state()
    assert "ZeroDivisionError" in world.recorded(WitnessSummary)[0].problem


def run_of(world):
    account = world.account()
    world.paid()
    world.transfer(account)
    world.pass_time(days=3)
    world.twin.record_final_state()
    return [line_of(event) for event in world.recorder.events]


def test_the_same_seed_gives_the_same_history_and_another_seed_other_ids(make_world):
    options = {"opening_balance_cents": 10_000}
    first, second = run_of(make_world(seed=1, **options)), run_of(make_world(seed=1, **options))
    assert first == second
    assert run_of(make_world(seed=2, **options)) != first


def test_a_read_more_does_not_rename_what_comes_after(make_world):
    plain = make_world().account()
    curious = make_world()
    curious.stripe.balance.retrieve()
    assert curious.account() == plain


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {PLATFORM_KEY}", 200),
        (f"Basic {base64.b64encode(f'{PLATFORM_KEY}:'.encode()).decode()}", 200),
        ("Basic \xff", 401),
        ("Basic", 401),
        (PLATFORM_KEY, 401),
    ],
)
def test_a_key_comes_as_a_bearers_or_as_the_user_of_basic_authentication(
    world: World, authorization: str, status: int
) -> None:
    headers = {"Authorization": authorization}
    assert world.twin.handle(method="GET", path="/v1/balance", headers=headers, body=b"").status_code == status


def test_an_intent_whose_amount_was_changed_at_the_dashboard_is_charged_with_it(world: World) -> None:
    intent = world.intent()
    world.twin.payments.change_amount(intent.id, amount_cents=4_321)
    world.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret=intent.client_secret)
    seen = world.stripe.payment_intents.retrieve(intent.id)
    assert (seen.amount, seen.amount_received, seen.status) == (4_321, 4_321, "succeeded")
    assert world.stripe.charges.retrieve(seen.latest_charge).amount == 4_321
    with pytest.raises(AssertionError, match="succeeded"):
        world.twin.payments.change_amount(intent.id, amount_cents=1)


@pytest.mark.parametrize(("written", "status"), [("true", 200), ("True", 200), ("false", 200), ("yes", 400)])
def test_a_boolean_may_be_written_as_python_writes_it(world, written, status):
    body = f"amount=500&currency=usd&payment_method=pm_card_visa&confirm={written}"
    answered, _, document = world.raw("POST", "/v1/payment_intents", body)
    assert answered == status
    if status == 200:
        paid = "succeeded" if written.lower() == "true" else "requires_confirmation"
        assert document["status"] == paid


def test_a_charge_shows_its_refunds_and_its_dispute_where_they_are_asked_for(world):
    intent = world.paid(1000)
    refund = world.stripe.refunds.create({"payment_intent": intent.id, "amount": 300})
    charge = f"/v1/charges/{refund.charge}"
    asked = "expand[]=refunds&expand[]=dispute&expand[]=payment_intent.latest_charge.refunds"
    plain, full = world.raw("GET", charge)[2], world.raw("GET", f"{charge}?{asked}")[2]
    assert "refunds" not in plain
    assert "dispute" not in plain
    assert [one["id"] for one in full["refunds"]["data"]] == [refund.id]
    assert (full["refunds"]["total_count"], full["dispute"]) == (1, None)
    assert full["payment_intent"]["latest_charge"]["refunds"] == full["refunds"]
    dispute = world.twin.open_dispute(payment_intent_id=intent.id)
    again = world.raw("GET", f"{charge}?{asked}")[2]["dispute"]
    assert (again["id"], again["object"]) == (dispute, "dispute")
