"""Two endpoints at Stripe, each with its own secret: refusals are counted, operations switch, nothing is lost."""

from typing import Any

import pytest

from tests.integration.staging.conftest import STANDBY_SECRET

StagingPlatform = Any
STANDBY = {"role": "standby", "reason": "deliveries are refused"}


@pytest.fixture
def paid(stage: StagingPlatform) -> Any:
    """The event of a payment, not delivered."""
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    return stage.stripe.succeed(stage.intend(contest_id, user, key="tab-1"))


def metric(stage: StagingPlatform, name: str) -> str:
    page = stage.client.get("/metrics").text
    return next(line.split()[1] for line in page.splitlines() if line.startswith(f"{name} "))


def refused(stage: StagingPlatform) -> str:
    return metric(stage, "stripe_webhooks_refused")


def page(stage: StagingPlatform) -> dict[str, Any]:
    answer: dict[str, Any] = stage.admin_get("stripe/webhook-endpoints").json
    return answer


def test_deliveries_signed_with_another_secret_are_refused_and_counted_until_one_is_accepted(
    stage: StagingPlatform, paid: Any
) -> None:
    for times in ("1", "2", "3"):
        assert stage.deliver(paid, secret="whsec_rolled").status_code == 400
        assert refused(stage) == times
    assert stage.deliver(paid).status_code == 200
    assert refused(stage) == "0"


def test_refusals_of_more_than_an_hour_ago_do_not_count(stage: StagingPlatform, paid: Any) -> None:
    stage.deliver(paid, secret="whsec_rolled")
    stage.pass_time(minutes=61)
    assert refused(stage) == "0"


def test_the_secret_of_the_standby_endpoint_is_as_good(stage: StagingPlatform, paid: Any) -> None:
    assert stage.deliver(paid, secret=STANDBY_SECRET).json == {"received": True, "duplicate": False}
    assert stage.deliver(paid).json == {"received": True, "duplicate": True}


def test_what_both_endpoints_bring_is_processed_once_and_is_no_repetition(stage: StagingPlatform, paid: Any) -> None:
    by = {"primary": {}, "standby": {"secret": STANDBY_SECRET}}
    for role, counted in (("standby", "0"), ("primary", "0"), ("standby", "1"), ("primary", "1")):
        assert stage.deliver(paid, **by[role]).status_code == 200
        assert metric(stage, "stripe_webhook_duplicates") == counted
    assert stage.sql("SELECT endpoint FROM stripe_events") == [{"endpoint": "standby"}]
    assert stage.balances()["stripe"] == 1000


def test_a_delivery_of_what_was_fetched_from_stripes_list_is_a_repetition(stage: StagingPlatform, paid: Any) -> None:
    body = {"since": "2026-01-01T00:00:00Z", "reason": "it never came"}
    assert stage.admin_post("diagnostics/replay-stripe-events", body).json["result"]["replayed"] == 1
    assert stage.sql("SELECT endpoint FROM stripe_events") == [{"endpoint": None}]
    stage.deliver(paid, secret=STANDBY_SECRET)
    assert metric(stage, "stripe_webhook_duplicates") == "1"


def test_a_switch_has_one_endpoint_enabled_ends_the_row_and_is_on_record(stage: StagingPlatform, paid: Any) -> None:
    stage.deliver(paid, secret="whsec_rolled")
    answer = stage.admin_post("stripe/webhook-endpoint", STANDBY).json
    assert answer == {"success": True, "status": {"primary": "disabled", "standby": "enabled"}}
    assert {one["role"]: one["status"] for one in page(stage)["endpoints"]} == answer["status"]
    assert (refused(stage), page(stage)["last_refused_at"]) == ("0", None)
    (record,) = stage.sql("SELECT reason, payload FROM audit_log WHERE action = 'webhook_endpoint_switched'")
    assert record == {"reason": "deliveries are refused", "payload": answer["status"]}
    back = {"role": "primary", "reason": "rollback"}
    assert stage.admin_post("stripe/webhook-endpoint", back).json["status"]["primary"] == "enabled"
    assert [row["detail"]["role"] for row in stage.sql("SELECT detail FROM operations_events ORDER BY created_at")] == [
        "standby",
        "primary",
    ]


def test_the_new_endpoint_is_enabled_before_the_old_one_is_disabled(stage: StagingPlatform) -> None:
    asked = len(stage.stripe.requests)
    stage.admin_post("stripe/webhook-endpoint", STANDBY)
    assert stage.stripe.requests[asked:] == [
        ("GET", "webhook_endpoints"),
        ("POST", "webhook_endpoints"),
        ("POST", "webhook_endpoints"),
    ]
    asked = len(stage.stripe.requests)
    stage.admin_post("stripe/webhook-endpoint", STANDBY)
    assert stage.stripe.requests[asked:] == [("GET", "webhook_endpoints")]


def test_events_that_did_not_come_are_counted_once_they_are_old_enough_and_a_replay_brings_them(
    stage: StagingPlatform, paid: Any
) -> None:
    stage.deliver(paid, secret="whsec_rolled")
    assert page(stage)["events_not_received"] == 0
    stage.pass_time(minutes=11)
    assert page(stage)["events_not_received"] == 1
    assert stage.admin_post("diagnostics/replay-stripe-events").json["result"]["failed"] == 0
    assert page(stage)["events_not_received"] == 0
    assert stage.balances()["stripe"] == 1000


def test_nothing_is_switched_when_stripe_does_not_answer_or_has_no_such_endpoint(stage: StagingPlatform) -> None:
    stage.stripe.failures["GET webhook_endpoints"] = ["500"]
    assert stage.admin_post("stripe/webhook-endpoint", STANDBY).status_code == 502
    stage.stripe.failures["GET webhook_endpoints"] = ["before"]
    assert stage.admin_get("stripe/webhook-endpoints").status_code == 502
    del stage.stripe.objects["webhook_endpoints"]["we_standby"]
    refusal = stage.admin_post("stripe/webhook-endpoint", STANDBY)
    assert (refusal.status_code, refusal.json["error"]) == (409, "endpoint_missing")
    assert stage.sql("SELECT id FROM audit_log WHERE action = 'webhook_endpoint_switched'") == []


def test_only_admins_switch_and_only_to_what_there_is(stage: StagingPlatform) -> None:
    assert stage.client.post("/api/admin/stripe/webhook-endpoint", json=STANDBY).status_code == 401
    assert stage.client.get("/api/admin/stripe/webhook-endpoints").status_code == 401
    assert stage.admin_post("stripe/webhook-endpoint", STANDBY | {"role": "third"}).status_code == 400
    assert stage.admin_post("stripe/webhook-endpoint", {"role": "standby"}).status_code == 400


def disabled(stage: StagingPlatform) -> str:
    text = stage.client.get("/metrics").text
    return next(line.split()[1] for line in text.splitlines() if line.startswith("stripe_webhook_endpoints_disabled "))


def test_an_endpoint_that_stripe_has_disabled_is_seen_at_night_and_enabled_by_operations(
    stage: StagingPlatform, paid: Any
) -> None:
    stage.stripe.objects["webhook_endpoints"]["we_primary"]["status"] = "disabled"
    assert disabled(stage) == "0"
    stage.jobs["financial_reconciliation"].run()
    assert disabled(stage) == "1"
    assert any("no webhook endpoint is enabled at Stripe" in line for line in stage.log)
    stage.pass_time(minutes=1)
    answer = stage.admin_post("stripe/webhook-endpoint", {"role": "primary", "reason": "disabled by Stripe"}).json
    assert answer["status"] == {"primary": "enabled", "standby": "disabled"}
    assert disabled(stage) == "0"
    stage.jobs["financial_reconciliation"].run()
    assert disabled(stage) == "0"
