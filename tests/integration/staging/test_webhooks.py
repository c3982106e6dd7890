"""Stripe's events: counted once, refused when forged, kept when they fail."""

from typing import Any

import pytest

StagingPlatform = Any


@pytest.fixture
def paying(stage: StagingPlatform) -> tuple[str, str, str]:
    """A contest, an entrant, and Stripe's id of the entrant's open intent."""
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    return contest_id, user, stage.intend(contest_id, user, key="tab-1")


def fees(stage: StagingPlatform) -> int:
    return int(stage.balances().get("stripe", 0))


def test_a_payment_is_booked_and_its_event_stored_in_the_same_transaction(stage: StagingPlatform, paying: Any) -> None:
    event = stage.stripe.succeed(paying[2])
    assert stage.deliver(event).json == {"received": True, "duplicate": False}
    xmins = stage.sql("SELECT xmin::text AS x FROM stripe_events UNION SELECT xmin::text FROM ledger")
    assert len(xmins) == 1
    assert fees(stage) == 1000


def test_a_duplicate_delivery_changes_nothing(stage: StagingPlatform, paying: Any) -> None:
    event = stage.stripe.succeed(paying[2])
    stage.deliver(event)
    audit = stage.sql("SELECT count(*) AS n FROM audit_log")
    answer = stage.deliver(event)
    assert (answer.status_code, answer.json["duplicate"]) == (200, True)
    assert stage.sql("SELECT count(*) AS n FROM audit_log") == audit
    assert fees(stage) == 1000


def test_two_events_for_one_payment_are_counted_once(stage: StagingPlatform, paying: Any) -> None:
    stage.deliver(stage.stripe.succeed(paying[2]))
    other = stage.stripe.succeed(paying[2])
    assert stage.deliver(other).status_code == 200
    assert fees(stage) == 1000
    assert len(stage.sql("SELECT id FROM stripe_events")) == 2


@pytest.mark.parametrize("secret", ["whsec_other", ""])
def test_a_forged_event_is_refused_and_leaves_nothing(stage: StagingPlatform, paying: Any, secret: str) -> None:
    before = stage.sql("SELECT count(*) AS n FROM audit_log")
    answer = stage.deliver(stage.stripe.succeed(paying[2]), secret=secret)
    assert (answer.status_code, answer.json["error"]) == (400, "STRIPE_SIGNATURE_INVALID")
    assert stage.sql("SELECT count(*) AS n FROM audit_log") == before
    assert any("STRIPE_SIGNATURE_INVALID" in line for line in stage.log)


def test_an_unknown_payment_intent_is_a_conflict_and_may_be_delivered_again(stage: StagingPlatform) -> None:
    event = stage.stripe.event("payment_intent.succeeded", {"id": "pi_x", "amount": 1, "currency": "usd"})
    answer = stage.deliver(event)
    assert (answer.status_code, answer.json["error"]) == (409, "PAYMENT_INTENT_NOT_FOUND")
    assert stage.sql("SELECT id FROM stripe_events") == []


@pytest.mark.parametrize("cents", [600, 1400])
def test_what_came_is_booked_and_goes_back_where_it_is_not_what_was_owed(
    stage: StagingPlatform, paying: Any, cents: int
) -> None:
    contest_id, user, intent = paying
    event = stage.stripe.succeed(intent)
    event["data"]["object"] |= {"amount": cents, "amount_received": cents}
    for _ in range(2):
        assert stage.deliver(event).status_code == 200
    assert fees(stage) == cents
    assert stage.sql("SELECT amount_cents, received_cents, status FROM payment_intents") == [
        {"amount_cents": 1000, "received_cents": cents, "status": "SUCCEEDED"}
    ]
    assert stage.sql("SELECT amount_cents, reason FROM refunds") == [{"amount_cents": cents, "reason": "wrong_amount"}]
    assert stage.deliver(stage.stripe.succeed(stage.intend(contest_id, user, key="anew"))).status_code == 200
    stage.tick()
    assert stage.balances() == {"contest_pool": -1000, "stripe": 1000}
    charge = {"id": "ch_1", "payment_intent": intent, "amount": cents, "amount_refunded": cents}
    assert stage.deliver(stage.stripe.event("charge.refunded", charge)).status_code == 200
    stage.play(contest_id)
    stage.tick()
    assert stage.sql("SELECT participant_count, total_pool_cents FROM settlement_records") == [
        {"participant_count": 1, "total_pool_cents": 1000}
    ]


def test_what_came_in_another_currency_is_booked_in_it_and_goes_back(stage: StagingPlatform, paying: Any) -> None:
    contest_id, user, intent = paying
    event = stage.stripe.succeed(intent)
    event["data"]["object"] |= {"currency": "jpy"}
    for _ in range(2):
        assert stage.deliver(event).status_code == 200
    assert stage.sql("SELECT currency, received_cents, received_currency, status FROM payment_intents") == [
        {"currency": "USD", "received_cents": 1000, "received_currency": "JPY", "status": "SUCCEEDED"}
    ]
    assert stage.sql("SELECT amount_cents, currency, reason FROM refunds") == [
        {"amount_cents": 1000, "currency": "JPY", "reason": "wrong_currency"}
    ]
    assert stage.sql("SELECT DISTINCT currency FROM ledger") == [{"currency": "JPY"}]
    assert stage.deliver(stage.stripe.succeed(stage.intend(contest_id, user, key="anew"))).status_code == 200
    stage.tick()
    held = "SELECT currency, sum(CASE direction WHEN 'CREDIT' THEN amount_cents ELSE -amount_cents END)::int AS cents"
    assert stage.sql(f"{held} FROM ledger WHERE account LIKE 'contest_pool:%' GROUP BY currency ORDER BY currency") == [
        {"currency": "JPY", "cents": 0},
        {"currency": "USD", "cents": 1000},
    ]


def test_an_unknown_currency_is_not_counted_and_becomes_a_dead_letter(stage: StagingPlatform, paying: Any) -> None:
    event = stage.stripe.succeed(paying[2])
    event["data"]["object"] |= {"currency": "chf"}
    for _ in range(3):
        assert stage.deliver(event).status_code == 500
    assert fees(stage) == 0
    assert stage.sql("SELECT id FROM stripe_events") == []
    assert stage.sql("SELECT failure_count FROM stripe_webhook_dead_letters") == [{"failure_count": 3}]
    page = stage.admin_get("diagnostics/payments").json
    assert (page["dead_letters"], page["dead_letters_waiting"]) == (1, 0)


def test_a_later_success_resolves_the_dead_letter(stage: StagingPlatform, paying: Any) -> None:
    event = stage.stripe.succeed(paying[2])
    stage.sql("ALTER TABLE ledger ADD CONSTRAINT broken CHECK (false) NOT VALID")
    assert stage.deliver(event).status_code == 500
    stage.sql("ALTER TABLE ledger DROP CONSTRAINT broken")
    assert stage.deliver(event).status_code == 200
    letters = stage.sql("SELECT resolved_at IS NOT NULL AS resolved FROM stripe_webhook_dead_letters")
    assert letters == [{"resolved": True}]


def test_paying_in_two_tabs_refunds_the_second_payment(stage: StagingPlatform, paying: Any) -> None:
    contest_id, user, first = paying
    second = stage.intend(contest_id, user, key="tab-2")
    stage.deliver(stage.stripe.succeed(first))
    stage.deliver(stage.stripe.succeed(second))
    assert stage.sql("SELECT status, reason FROM refunds") == [{"status": "pending", "reason": "duplicate_payment"}]
    stage.tick()
    assert stage.sql("SELECT status FROM refunds") == [{"status": "completed"}]
    assert stage.balances() == {"contest_pool": -1000, "stripe": 1000}


def test_a_payment_after_the_settlement_is_refunded_and_the_pool_stays_empty(
    stage: StagingPlatform, paying: Any
) -> None:
    contest_id, _, late = paying
    stage.entrant(contest_id, "2")
    stage.play(contest_id)
    stage.tick()
    stage.deliver(stage.stripe.succeed(late))
    stage.tick()
    assert stage.sql("SELECT reason FROM refunds WHERE status = 'completed'") == [{"reason": "paid_after_settlement"}]
    assert stage.balances()["contest_pool"] == 0


def test_a_payment_delayed_past_the_lock_still_counts(stage: StagingPlatform, paying: Any) -> None:
    event = stage.stripe.succeed(paying[2])
    stage.pass_time(hours=1)
    stage.tick()
    assert stage.status(paying[0]) == "LOCKED"
    assert stage.deliver(event).status_code == 200
    assert stage.sql("SELECT id FROM refunds") == []
    assert fees(stage) == 1000


def test_an_older_event_does_not_take_back_a_success(stage: StagingPlatform, paying: Any) -> None:
    intent = stage.stripe.objects["payment_intents"][paying[2]]
    failed = stage.stripe.event("payment_intent.payment_failed", intent)
    stage.deliver(stage.stripe.succeed(paying[2]))
    assert stage.deliver(failed).status_code == 200
    assert stage.sql("SELECT status FROM payment_intents") == [{"status": "SUCCEEDED"}]


def test_an_older_event_does_not_overwrite_a_newer_status(stage: StagingPlatform, paying: Any) -> None:
    intent = stage.stripe.objects["payment_intents"][paying[2]]
    processing = stage.stripe.event("payment_intent.processing", intent)
    stage.pass_time(hours=1)
    stage.deliver(stage.stripe.event("payment_intent.payment_failed", intent))
    assert stage.deliver(processing).json == {"received": True, "duplicate": False}
    assert stage.sql("SELECT status FROM payment_intents") == [{"status": "FAILED"}]
    assert len(stage.sql("SELECT id FROM stripe_events")) == 2


@pytest.mark.parametrize(("at_stripe", "status"), [("processing", "PROCESSING"), ("requires_payment_method", "FAILED")])
def test_of_two_events_of_one_second_stripe_is_asked_which_holds(
    stage: StagingPlatform, paying: Any, at_stripe: str, status: str
) -> None:
    intent = stage.stripe.objects["payment_intents"][paying[2]]
    stage.deliver(stage.stripe.event("payment_intent.payment_failed", intent))
    intent["status"] = at_stripe
    stage.deliver(stage.stripe.event("payment_intent.processing", intent))
    assert stage.sql("SELECT status FROM payment_intents") == [{"status": status}]


@pytest.mark.parametrize(
    ("type_", "status"),
    [
        ("payment_intent.payment_failed", "FAILED"),
        ("payment_intent.processing", "PROCESSING"),
        ("payment_intent.canceled", "CANCELED"),
    ],
)
def test_other_intent_events_set_the_status_and_a_success_may_follow(
    stage: StagingPlatform, paying: Any, type_: str, status: str
) -> None:
    stage.deliver(stage.stripe.event(type_, stage.stripe.objects["payment_intents"][paying[2]]))
    assert stage.sql("SELECT status FROM payment_intents") == [{"status": status}]
    stage.deliver(stage.stripe.succeed(paying[2]))
    assert fees(stage) == 1000


def test_an_intent_whose_creation_timed_out_is_found_by_its_metadata(stage: StagingPlatform) -> None:
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    stage.stripe.failures["payment_intents"] = ["after"]
    body = {"contest_instance_id": contest_id, "amount_cents": 1000}
    answer = stage.post("/api/payments/intents", body, user=user, Idempotency_Key="k")
    assert (answer.status_code, answer.json["error"]) == (502, "STRIPE_API_ERROR")
    assert stage.deliver(stage.stripe.succeed("pi_1")).status_code == 200
    assert fees(stage) == 1000


@pytest.mark.parametrize("type_", ["payout.paid", "transfer.created", "unheard.of"])
def test_events_without_effect_are_recorded(stage: StagingPlatform, type_: str) -> None:
    assert stage.deliver(stage.stripe.event(type_, {"id": "x"})).status_code == 200
    rows = stage.sql("SELECT event_type, processing_status FROM stripe_events")
    assert rows == [{"event_type": type_, "processing_status": "PROCESSED"}]


def test_a_refund_made_at_stripe_takes_the_entrant_out_of_the_pool(stage: StagingPlatform, paying: Any) -> None:
    stage.deliver(stage.stripe.succeed(paying[2]))
    charge = {"id": "ch_1", "payment_intent": paying[2], "amount": 1000, "amount_refunded": 1000}
    made = {"id": "re_1", "payment_intent": paying[2], "amount": 1000, "status": "succeeded", "created": 0}
    stage.stripe.objects["refunds"]["re_1"] = {**made, "object": "refund", "metadata": {}}
    assert stage.deliver(stage.stripe.event("charge.refunded", charge)).status_code == 200
    assert stage.balances() == {"contest_pool": 0, "stripe": 0}
    assert stage.sql("SELECT status, reason FROM refunds") == [{"status": "completed", "reason": "refunded_at_stripe"}]


def test_lost_events_are_found_by_reconciliation_and_mended_by_replay(stage: StagingPlatform, paying: Any) -> None:
    event = stage.stripe.succeed(paying[2])
    stage.pass_time(hours=1)
    assert stage.jobs["financial_reconciliation"].run().counts["missing_in_ledger"] == 1
    assert "payment_webhooks_missing 1\n" in stage.client.get("/metrics").text
    missing = stage.admin_get("diagnostics/payments").json["webhooks_missing"]
    assert [(m["stripe_payment_intent_id"], m["contest_id"], m["amount_cents"]) for m in missing] == [
        (paying[2], paying[0], 1000)
    ]
    replay = stage.admin_post("diagnostics/replay-stripe-events")
    assert replay.json["result"] == {"replayed": 1, "duplicates": 0, "failed": 0}
    assert "payment_webhooks_missing 0\n" in stage.client.get("/metrics").text
    assert stage.deliver(event).json["duplicate"] is True
    assert not any(stage.jobs["financial_reconciliation"].run().counts.values())


def test_an_event_of_what_stripe_did_by_itself_is_missed_after_half_a_day_and_fetched(
    stage: StagingPlatform, paying: Any
) -> None:
    stage.deliver(stage.stripe.succeed(paying[2]))
    charge = {"id": "ch_1", "payment_intent": paying[2], "amount": 1000, "amount_refunded": 400}
    made = {"id": "re_1", "payment_intent": paying[2], "amount": 400, "status": "succeeded", "currency": "usd"}
    stage.stripe.objects["refunds"]["re_1"] = {
        **made,
        "object": "refund",
        "created": int(stage.clock.now.timestamp()),
        "metadata": {},
    }
    lost = stage.stripe.event("charge.refunded", charge)
    stage.pass_time(hours=11)
    assert stage.jobs["financial_reconciliation"].run().counts["missing_events"] == 0
    stage.pass_time(hours=1)
    assert stage.jobs["financial_reconciliation"].run().counts["missing_events"] == 1
    assert "payment_webhooks_missing 1\n" in stage.client.get("/metrics").text
    named = [{"stripe_event_id": lost["id"], "type": "charge.refunded"}]
    assert stage.admin_get("diagnostics/payments").json["events_missing"] == named
    assert stage.admin_post("diagnostics/replay-stripe-events").json["result"]["replayed"] == 1
    assert stage.admin_get("diagnostics/payments").json["events_missing"] == []
    assert "payment_webhooks_missing 0\n" in stage.client.get("/metrics").text
    assert not any(stage.jobs["financial_reconciliation"].run().counts.values())


def test_a_payment_is_missed_every_night_until_it_is_booked(stage: StagingPlatform, paying: Any) -> None:
    stage.stripe.succeed(paying[2])
    for _ in range(6):
        stage.pass_time(hours=24)
        assert stage.jobs["financial_reconciliation"].run().counts["missing_in_ledger"] == 1
    assert "payment_webhooks_missing 1\n" in stage.client.get("/metrics").text
    stage.admin_post("diagnostics/replay-stripe-events", {"since": "2020-01-01T00:00:00Z"})
    assert stage.jobs["financial_reconciliation"].run().counts["missing_in_ledger"] == 0


def test_an_event_of_a_payments_beginning_is_not_missed(stage: StagingPlatform, paying: Any) -> None:
    stage.stripe.event("payment_intent.processing", stage.stripe.objects["payment_intents"][paying[2]])
    stage.deliver(stage.stripe.succeed(paying[2]))
    stage.pass_time(hours=30)
    assert stage.jobs["financial_reconciliation"].run().counts["missing_events"] == 0


def test_an_event_that_came_and_failed_is_a_dead_letter_and_not_missed(stage: StagingPlatform) -> None:
    assert stage.deliver(stage.stripe.event("charge.dispute.created", {"id": "dp_1"})).status_code == 500
    stage.pass_time(hours=13)
    assert stage.jobs["financial_reconciliation"].run().counts["missing_events"] == 0
