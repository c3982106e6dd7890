"""fixtures/spec/stripe.md, Webhooks: facts 8 to 13."""

from datetime import timedelta
from itertools import pairwise

import pytest
import stripe

from simulation.events import StripeEndpointChange, WebhookAttempt
from simulation.world.stripe.signature import signature_header

SECRET, STANDBY_SECRET = "whsec_test", "whsec_standby"
SUCCEEDED = "payment_intent.succeeded"


def verified(world, index=-1):
    _, body, headers = world.mailbox.arrived[index]
    return stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)


def test_a_payment_is_announced_with_a_signature_the_sdk_accepts(world):
    intent = world.paid()
    world.pass_time(seconds=2)
    event = verified(world)
    assert (event.type, event.data.object.id, event.data.object.status) == (SUCCEEDED, intent.id, "succeeded")


def test_another_secret_or_another_body_fails_the_signature(world):
    world.paid()
    world.pass_time(seconds=2)
    _, body, headers = world.mailbox.arrived[-1]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], "whsec_other")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body.replace(b"10000", b"90000"), headers["Stripe-Signature"], SECRET)


def test_every_attempt_has_its_own_signature_over_the_same_body(world):
    world.mailbox.answer = lambda event: 500
    world.paid()
    world.pass_time(minutes=10)
    attempts = [(body, headers["Stripe-Signature"]) for _, body, headers in world.mailbox.arrived]
    assert len(attempts) == 3
    assert len({body for body, _ in attempts}) == 1
    assert len({signature for _, signature in attempts}) == 3


def test_a_late_attempt_is_signed_with_its_own_time(world):
    seen = []
    world.mailbox.answer = lambda event: seen.append(verified(world)) or 200
    world.script.line_up_webhook("delay", delay_seconds=26 * 3600)
    world.paid()
    world.pass_time(hours=27)
    at = world.mailbox.arrived[-1][0]
    assert int(at.timestamp()) - seen[0].created == 26 * 3600 + 2


def test_a_signature_older_than_five_minutes_is_refused(world):
    world.paid()
    world.pass_time(seconds=2)
    world.pass_time(seconds=300)
    assert verified(world).type == SUCCEEDED
    world.pass_time(seconds=1)
    with pytest.raises(stripe.SignatureVerificationError):
        verified(world)


def test_a_signature_from_the_future_passes(world):
    body = b'{"object":"event"}'
    header = signature_header(body, secret=SECRET, at=world.clock.now + timedelta(days=14))
    assert stripe.WebhookSignature.verify_header(body, header, SECRET, tolerance=300)


@pytest.mark.parametrize("status", [None, 199, 301, 302, 400, 409, 500])
def test_anything_but_2xx_is_tried_again(world, status):
    world.mailbox.answer = lambda event: status if len(world.mailbox.arrived) == 1 else 204
    world.paid()
    world.pass_time(hours=1)
    first, second = world.recorded(WebhookAttempt)
    assert (first.status, second.status) == (status, 204)
    assert first.next_attempt_at == second.at == first.at + timedelta(seconds=60)
    assert world.twin.pending_deliveries == 0


def test_attempts_back_off_for_three_days_and_then_the_event_is_only_listed(world):
    world.mailbox.answer = lambda event: 500
    world.paid()
    world.pass_time(days=14)
    times = world.mailbox.times(SUCCEEDED)
    waits = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert waits == sorted(waits)
    assert times[-1] - times[0] <= timedelta(days=3)
    assert world.recorded(WebhookAttempt)[-1].next_attempt_at is None
    assert world.twin.pending_deliveries == 0
    listed = world.stripe.events.list({"delivery_success": False}).data
    assert [event.type for event in listed] == [SUCCEEDED]


def test_a_schedule_longer_than_three_days_is_cut_off(make_world):
    world = make_world(webhook_retry_seconds=(86_400,) * 10)
    world.mailbox.answer = lambda event: 500
    world.paid()
    world.pass_time(days=14)
    assert len(world.mailbox.times(SUCCEEDED)) == 4


def test_delivered_events_are_not_listed_as_undelivered(world):
    world.paid()
    assert len(world.stripe.events.list({"delivery_success": False}).data) == 1
    world.pass_time(seconds=2)
    assert world.stripe.events.list({"delivery_success": False}).data == []
    assert SUCCEEDED in [event.type for event in world.stripe.events.list({"delivery_success": True}).data]


def test_events_are_listed_for_30_days(world):
    world.paid()
    event = world.stripe.events.list({"type": SUCCEEDED}).data[0]
    world.pass_time(days=30)
    assert world.stripe.events.retrieve(event.id).id == event.id
    world.pass_time(seconds=1)
    assert world.stripe.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        world.stripe.events.retrieve(event.id)
    assert refused.value.http_status == 404


def test_an_event_shows_the_object_as_it_was(world):
    created = world.intent()
    world.twin.confirm_payment_intent(payment_intent_id=created.id, client_secret=created.client_secret)
    event = world.stripe.events.list({"type": "payment_intent.created"}).data[0]
    assert event.data.object.status == "requires_payment_method"


def test_an_event_names_its_request_and_its_key(world):
    account = world.account()
    transfer = world.transfer(account)
    event = world.stripe.events.list({"type": "transfer.created"}).data[0]
    assert event.request.id == transfer.last_response.headers["request-id"]
    assert event.request.idempotency_key == "payout:t1"
    assert event.data.object.id == transfer.id
    assert (event.api_version, event.livemode, event.pending_webhooks) == (stripe.api_version, False, 1)


def test_an_event_of_a_connected_account_names_the_account(world):
    account = world.account()
    world.pass_time(seconds=2)
    assert verified(world).account == account


def test_there_is_no_event_for_a_transfer_that_was_refused(world):
    account = world.account()
    world.twin.set_account_closed(account)
    with pytest.raises(stripe.InvalidRequestError):
        world.transfer(account)
    assert world.stripe.events.list({"type": "transfer.*"}).data == []


def test_a_reversal_is_announced(world):
    transfer = world.transfer(world.account())
    world.stripe.transfers.reversals.create(transfer.id, {"amount": 2_000})
    world.pass_time(seconds=2)
    assert world.mailbox.events("transfer.reversed")[0]["data"]["object"]["amount_reversed"] == 2_000


def test_a_duplicate_is_the_same_event_twice(world):
    world.script.line_up_webhook("duplicate", delay_seconds=30)
    world.paid()
    world.pass_time(minutes=5)
    first, second = world.mailbox.events(SUCCEEDED)
    assert first == second
    assert world.mailbox.times(SUCCEEDED)[1] - world.mailbox.times(SUCCEEDED)[0] == timedelta(seconds=30)
    assert [attempt.attempt for attempt in world.recorded(WebhookAttempt)] == [1, 2]


def test_a_second_event_is_the_same_change_under_another_id(world):
    world.script.line_up_webhook("second_event", delay_seconds=30)
    world.paid()
    world.pass_time(minutes=5)
    first, second = world.mailbox.events(SUCCEEDED)
    assert first["id"] != second["id"]
    assert (first["type"], first["data"]) == (second["type"], second["data"])
    assert {attempt.fault_id for attempt in world.recorded(WebhookAttempt)} == {"f-second_event"}
    assert len(world.stripe.events.list({"type": SUCCEEDED}).data) == 2


def test_copies_come_one_delay_after_the_other(world):
    world.script.line_up_webhook("duplicate", delay_seconds=30, copies=3)
    world.paid()
    world.pass_time(minutes=5)
    times = world.mailbox.times(SUCCEEDED)
    assert [(at - times[0]).total_seconds() for at in times] == [0, 30, 60, 90]


def test_an_answer_that_is_lost_brings_the_same_event_again_on_stripes_schedule(world):
    world.script.line_up_webhook("reset", copies=2)
    world.paid()
    world.pass_time(hours=1)
    assert len({event["id"] for event in world.mailbox.events(SUCCEEDED)}) == 1
    first, second, third = world.mailbox.times(SUCCEEDED)
    assert [second - first, third - second] == [timedelta(minutes=1), timedelta(minutes=5)]
    attempts = world.recorded(WebhookAttempt)
    assert [(attempt.attempt, attempt.status) for attempt in attempts] == [(1, None), (2, None), (3, 200)]
    assert {attempt.fault_id for attempt in attempts} == {"f-reset"}
    assert world.twin.pending_deliveries == 0


def test_a_delayed_webhook_arrives_late_with_its_fault_as_cause(world):
    world.script.line_up_webhook("delay", delay_seconds=26 * 3600)
    world.paid()
    world.pass_time(hours=25)
    assert world.mailbox.arrived == []
    assert world.twin.pending_deliveries == 1
    world.pass_time(hours=2)
    attempt = world.recorded(WebhookAttempt)[0]
    assert (attempt.cause, attempt.fault_id, attempt.status) == ("fault:f-delay", "f-delay", 200)
    assert world.twin.pending_deliveries == 0


def test_a_lost_webhook_is_never_pushed_but_listed(world):
    world.script.line_up_webhook("lost")
    world.paid()
    world.pass_time(days=14)
    assert world.mailbox.arrived == []
    assert world.twin.pending_deliveries == 0
    assert [event.type for event in world.stripe.events.list({"delivery_success": False}).data] == [SUCCEEDED]
    assert world.recorded(WebhookAttempt)[0].next_attempt_at is None


def test_webhooks_can_arrive_in_another_order_than_they_happened(world):
    world.script.line_up_webhook("delay", delay_seconds=60)
    first, second = world.paid(user="u1"), world.paid(user="u2")
    world.pass_time(minutes=5)
    arrived = [event["data"]["object"]["id"] for event in world.mailbox.events(SUCCEEDED)]
    assert arrived == [second.id, first.id]


def test_a_delivery_without_fault_has_its_event_as_cause(world):
    world.paid()
    world.pass_time(seconds=2)
    attempt = world.recorded(WebhookAttempt)[0]
    assert attempt.cause == f"stripe:{attempt.event_id}"


def test_types_nobody_subscribed_to_are_listed_and_not_pushed(world):
    world.paid()
    world.pass_time(hours=1)
    assert "charge.succeeded" not in {event["type"] for event in world.mailbox.events()}
    charge = world.stripe.events.list({"type": "charge.succeeded"}).data[0]
    assert charge.pending_webhooks == 0


@pytest.mark.parametrize("change", [{"disabled": True}, {"url": "https://elsewhere.test/hook"}])
def test_an_endpoint_changed_from_the_dashboard_takes_the_webhooks_away(world, change):
    endpoint = world.stripe.webhook_endpoints.list().data[0]
    world.client("sk_test_dashboard").v1.webhook_endpoints.update(endpoint.id, change)
    world.paid()
    world.pass_time(hours=1)
    assert world.mailbox.arrived == []


def test_an_endpoint_subscribed_to_everything_gets_everything(world):
    endpoint = world.stripe.webhook_endpoints.list().data[0]
    world.stripe.webhook_endpoints.update(endpoint.id, {"enabled_events": ["*"]})
    world.paid()
    world.pass_time(seconds=2)
    assert {event["type"] for event in world.mailbox.events()} == {
        "payment_intent.created",
        "charge.succeeded",
        SUCCEEDED,
    }


def test_while_nobody_answers_stripe_keeps_trying(world):
    world.twin.attach(lambda body, headers, query: None)
    world.paid()
    world.pass_time(minutes=2)
    world.twin.attach(world.mailbox)
    world.pass_time(hours=1)
    assert [attempt.status for attempt in world.recorded(WebhookAttempt)] == [None, None, 200]


def test_a_standby_endpoint_is_there_disabled_and_takes_over_with_its_own_secret(world):
    primary, standby = world.stripe.webhook_endpoints.list().data
    assert [(one.metadata["role"], one.status) for one in (primary, standby)] == [
        ("primary", "enabled"),
        ("standby", "disabled"),
    ]
    world.stripe.webhook_endpoints.update(standby.id, {"disabled": False})
    world.stripe.webhook_endpoints.update(primary.id, {"disabled": True})
    world.paid()
    world.pass_time(seconds=2)
    assert {attempt.endpoint_id for attempt in world.recorded(WebhookAttempt)} == {standby.id}


def test_of_two_enabled_endpoints_each_gets_every_event(world):
    _, standby = world.stripe.webhook_endpoints.list().data
    world.stripe.webhook_endpoints.update(standby.id, {"disabled": False})
    world.paid()
    world.pass_time(seconds=32)
    assert len(world.mailbox.events(SUCCEEDED)) == 2
    event = world.stripe.events.list({"type": SUCCEEDED}).data[0]
    assert event.pending_webhooks == 0


def test_the_standby_gets_what_it_gets_under_its_own_secret_and_url_in_any_order_until_it_is_disabled(world):
    standby = world.twin.enable_standby(fault_id="both")
    for _ in range(8):
        world.paid()
        world.pass_time(seconds=32)
    by = {"": SECRET, "endpoint=standby": STANDBY_SECRET}
    for query, (_, body, headers) in zip(world.mailbox.queries, world.mailbox.arrived, strict=True):
        assert stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], by[query])
    attempts = [one for one in world.recorded(WebhookAttempt) if one.event_type == SUCCEEDED]
    assert len({(one.event_id, one.endpoint_id) for one in attempts}) == len(attempts) == 16
    assert {one.fault_id for one in attempts if one.endpoint_id == standby} == {"both"}
    assert {one.fault_id for one in attempts if one.endpoint_id != standby} == {None}
    assert {one.endpoint_id == standby for one in attempts[::2]} == {False, True}
    world.twin.disable_standby()
    world.paid()
    world.pass_time(seconds=32)
    assert world.mailbox.queries[-1] == ""
    assert len([one for one in world.recorded(WebhookAttempt) if one.event_type == SUCCEEDED]) == 17
    assert [(one.role, one.enabled) for one in world.recorded(StripeEndpointChange)] == [
        ("standby", True),
        ("standby", False),
    ]


def test_each_of_two_endpoints_has_retries_of_its_own(world):
    standby = world.twin.enable_standby(fault_id="both")
    world.mailbox.answer = lambda event: 200 if world.mailbox.queries[-1] else 500
    world.paid()
    world.pass_time(minutes=10)
    attempts = [one for one in world.recorded(WebhookAttempt) if one.event_type == SUCCEEDED]
    assert [(one.attempt, one.status) for one in attempts if one.endpoint_id == standby] == [(1, 200)]
    assert [(one.attempt, one.status) for one in attempts if one.endpoint_id != standby] == [
        (1, 500),
        (2, 500),
        (3, 500),
    ]


def test_an_event_that_is_sent_again_comes_to_an_endpoint_that_is_enabled_by_then(world):
    world.twin.enable_standby(fault_id="both")
    for _ in range(6):  # some of them reach the standby first
        world.script.line_up_webhook("duplicate", delay_seconds=7200)
        world.paid()
    world.pass_time(hours=1)
    world.twin.disable_standby()
    before = len(world.mailbox.queries)
    world.pass_time(hours=2)
    assert world.mailbox.queries[before:] == [""] * 6


def test_a_rolled_secret_signs_and_the_attempts_go_back_to_the_fault(world):
    world.twin.roll_signing_secret(fault_id="rolled")
    world.paid()
    world.pass_time(seconds=2)
    (_, body, headers) = world.mailbox.arrived[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], "whsec_test")
    assert {attempt.fault_id for attempt in world.recorded(WebhookAttempt)} == {"rolled"}


def test_an_endpoint_that_is_disabled_gets_no_further_attempt(world):
    primary, _ = world.stripe.webhook_endpoints.list().data
    world.mailbox.answer = lambda event: 400
    world.paid()
    world.pass_time(seconds=2)
    tried = len(world.mailbox.arrived)
    world.stripe.webhook_endpoints.update(primary.id, {"disabled": True})
    world.pass_time(days=1)
    assert len(world.mailbox.arrived) == tried
    assert world.recorded(WebhookAttempt)[-1].next_attempt_at is None
    assert world.twin.pending_deliveries == 0
    undelivered = world.stripe.events.list({"delivery_success": False, "type": SUCCEEDED})
    assert len(undelivered.data) == 1


def test_an_event_that_is_held_back_comes_after_a_newer_one_and_only_once(world):
    intent = world.intent()
    world.twin.hold_back(intent.id, SUCCEEDED, seconds=3_600, fault_id="f")
    world.twin.confirm_payment_intent(payment_intent_id=intent.id, client_secret=intent.client_secret)
    world.paid(user="u2")
    world.pass_time(hours=2)
    about = [attempt.object_id for attempt in world.recorded(WebhookAttempt)]
    assert (len(about), about[-1]) == (2, intent.id)
    assert world.recorded(WebhookAttempt)[-1].fault_id == "f"


def test_events_of_an_older_version_say_so_and_have_its_shape(world):
    world.twin.show_older_events(True)
    intent = world.paid()
    world.pass_time(seconds=2)
    event = verified(world)
    assert event.api_version == "2022-08-01"
    assert [charge.id for charge in event.data.object.charges.data] == [intent.latest_charge]
    assert "latest_charge" not in event.data.object
    assert (event.data.object.id, event.data.object.amount_received) == (intent.id, 10_000)
    world.twin.show_older_events(False)
    world.paid(user="u2")
    world.pass_time(seconds=2)
    assert verified(world).data.object.latest_charge


def test_an_endpoint_to_which_nothing_came_through_for_three_days_is_disabled_and_can_be_enabled_again(world):
    told = []
    world.twin.turn_deliveries_away("f", lambda endpoint, detail: told.append((endpoint, detail)))
    world.paid()
    world.pass_time(days=3)
    assert [endpoint.status for endpoint in world.stripe.webhook_endpoints.list().data] == ["enabled", "disabled"]
    world.pass_time(seconds=5)
    primary, _ = world.stripe.webhook_endpoints.list().data
    assert primary.status == "disabled"
    assert [endpoint for endpoint, _ in told] == [primary.id, primary.id]
    world.paid(user="u2")
    world.pass_time(hours=1)
    assert world.mailbox.arrived == []
    assert {attempt.status for attempt in world.recorded(WebhookAttempt)} == {403}
    world.stripe.webhook_endpoints.update(primary.id, {"disabled": False})
    world.paid(user="u3")
    world.pass_time(seconds=2)
    assert verified(world).data.object.metadata.user_id == "u3"


def test_one_delivery_that_comes_through_ends_the_row_of_failures(world):
    world.mailbox.answer = lambda event: 500 if len(world.mailbox.arrived) < 3 else 200
    world.paid()
    world.pass_time(days=4)
    assert world.stripe.webhook_endpoints.list().data[0].status == "enabled"
