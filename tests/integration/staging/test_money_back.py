"""Entrants ask for their fee, cardholders have their bank take it: what is decided, booked and refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.staging.conftest import StagingPlatform

REASON = {"reason": "a test says so"}


TAKEN, GIVEN = {"amount": -1000, "fee": 1500}, {"amount": 1000, "fee": 0}


def ask(stage: StagingPlatform, contest_id: str, user: str) -> Any:
    return stage.post(f"/api/custom-contests/{contest_id}/refund-request", REASON, user=user)


def open_requests(stage: StagingPlatform) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stage.admin_get("refund-requests?status=open").json["refund_requests"]
    return rows


def test_a_request_before_the_lock_is_granted_and_the_entry_does_not_count(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    leaving, _ = stage.entrant(contest_id, "1"), stage.entrant(contest_id, "2")
    assert ask(stage, contest_id, leaving).json["status"] == "open"
    assert ask(stage, contest_id, leaving).json["refund_request_id"] == open_requests(stage)[0]["id"]
    path = f"refund-requests/{open_requests(stage)[0]['id']}"
    assert stage.admin_post(f"{path}/refuse", REASON).json["error"] == "asked_in_time"
    assert stage.admin_post(f"{path}/grant", REASON).json["refunds_requested"] == 1
    assert stage.admin_post(f"{path}/grant", REASON).json["error"] == "refund_request_decided"
    assert stage.admin_post(f"{path}/reopen", REASON).json["reopened"] is False
    stage.tick()
    (row,) = stage.admin_get("refund-requests?status=granted").json["refund_requests"]
    assert (row["refunds_completed"], row["refunds_booked"], row["payments"]) == (1, 1, 1)
    stage.play(contest_id)
    stage.tick()
    assert stage.sql("SELECT participant_count, total_pool_cents FROM settlement_records") == [
        {"participant_count": 1, "total_pool_cents": 1000}
    ]


def test_a_request_after_the_lock_is_refused_and_can_be_opened_again(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.entrant(contest_id, "1")
    stage.pass_time(hours=1)
    assert ask(stage, contest_id, user).status_code == 201
    path = f"refund-requests/{open_requests(stage)[0]['id']}"
    assert stage.admin_post(f"{path}/grant", REASON).json["error"] == "asked_after_lock"
    assert stage.admin_post(f"{path}/refuse", REASON).json["status"] == "refused"
    assert open_requests(stage) == []
    assert stage.admin_post(f"{path}/reopen", REASON).json["reopened"] is True
    assert len(open_requests(stage)) == 1


def test_a_payment_that_is_booked_after_its_request_was_granted_goes_back(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.user()
    stage.join(contest_id, user, "1")
    event = stage.stripe.succeed(stage.intend(contest_id, user, key="late"))
    ask(stage, contest_id, user)
    assert stage.admin_post(f"refund-requests/{open_requests(stage)[0]['id']}/grant", REASON).json[
        "refunds_requested"
    ] == (0)
    assert stage.deliver(event).status_code == 200
    stage.tick()
    assert stage.balances() == {"contest_pool": 0, "stripe": 0}


def test_only_entrants_ask_and_only_admins_decide(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    assert ask(stage, contest_id, stage.user()).status_code == 403
    nobody = "refund-requests/00000000-0000-0000-0000-000000000001/grant"
    assert stage.client.post(f"/api/admin/{nobody}", json=REASON).status_code == 401
    assert stage.admin_post(nobody, REASON).json["error"] == "refund_request_not_found"
    assert stage.admin_post(nobody).status_code == 400


def refund_event(stage: StagingPlatform, type_: str, refund: dict[str, Any], status: str, *, id_: str) -> Any:
    reason = {"failure_reason": "lost_or_stolen_card"} if status == "failed" else {}
    return stage.deliver(stage.stripe.event(type_, {**refund, "status": status, **reason}, id_=id_))


@pytest.mark.parametrize(("status", "type_"), [("failed", "refund.failed"), ("canceled", "refund.updated")])
def test_a_refund_that_comes_back_is_owed_once_and_an_admin_sees_to_it(
    stage: StagingPlatform, status: str, type_: str
) -> None:
    contest_id = stage.contest()
    leaving, _ = stage.entrant(contest_id, "1"), stage.entrant(contest_id, "2")
    ask(stage, contest_id, leaving)
    stage.admin_post(f"refund-requests/{open_requests(stage)[0]['id']}/grant", REASON)
    stage.tick()
    (refund,) = stage.stripe.objects["refunds"].values()
    assert refund_event(stage, type_, refund, "succeeded", id_="evt_arrived").status_code == 200
    assert stage.balances() == {"contest_pool": -1000, "stripe": 1000}
    for id_ in ("evt_back", "evt_back_again"):
        assert refund_event(stage, type_, refund, status, id_=id_).status_code == 200
    assert stage.balances() == {"contest_pool": -1000, "refunds_payable": -1000, "stripe": 2000}
    (row,) = stage.admin_get("refunds?status=returned").json["refunds"]
    assert (row["owed_cents"], row["failure_reason"]) == (
        1000,
        "LOST_OR_STOLEN_CARD" if status == "failed" else "CANCELED",
    )
    assert 'refunds{status="returned"} 1\n' in stage.client.get("/metrics").text
    path = f"refunds/{row['id']}/acknowledge"
    assert stage.admin_post(path, REASON | {"acknowledged": True}).status_code == 200
    assert 'refunds{status="returned"}' not in stage.client.get("/metrics").text
    assert stage.admin_post(path, REASON | {"acknowledged": False}).status_code == 200
    stage.play(contest_id)
    stage.tick()
    assert stage.sql("SELECT participant_count, total_pool_cents FROM settlement_records") == [
        {"participant_count": 1, "total_pool_cents": 1000}
    ]


def test_a_refund_that_came_back_before_its_own_outcome_is_known_waits(stage: StagingPlatform) -> None:
    assert refund_event(stage, "refund.failed", {"id": "re_9"}, "failed", id_="evt_early").status_code == 500
    assert stage.sql("SELECT id FROM stripe_events") == []


def test_only_a_refund_that_came_back_is_acknowledged(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.admin_post(f"contests/{contest_id}/cancel", REASON)
    (row,) = stage.admin_get("refunds").json["refunds"]
    body = REASON | {"acknowledged": True}
    assert stage.admin_post(f"refunds/{row['id']}/acknowledge", body).json["error"] == "refund_not_returned"
    nobody = "refunds/00000000-0000-0000-0000-000000000001/acknowledge"
    assert stage.admin_post(nobody, body).json["error"] == "refund_not_found"


def given_by_stripe(stage: StagingPlatform, payment: str, *cents: int) -> None:
    """Refunds that Stripe made, as its list has them."""
    for number, amount in enumerate(cents, start=1):
        made = {"id": f"re_s{number}", "payment_intent": payment, "amount": amount, "status": "succeeded"}
        stage.stripe.objects["refunds"][made["id"]] = {**made, "object": "refund", "created": 0, "metadata": {}}


def test_parts_that_stripe_gives_back_are_booked_once_whatever_the_order_and_the_entry_stands(
    stage: StagingPlatform,
) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    payment = list(stage.stripe.objects["payment_intents"])[-1]
    given_by_stripe(stage, payment, 300, 200)
    charge = {"id": "ch_1", "payment_intent": payment, "amount": 1000}
    for number, told in enumerate((500, 300, 500)):
        event = stage.stripe.event("charge.refunded", {**charge, "amount_refunded": told}, id_=f"evt_{number}")
        assert stage.deliver(event).status_code == 200
    assert stage.balances() == {"contest_pool": -1000, "platform": 500, "stripe": 500}
    stage.play(contest_id)
    stage.tick()
    assert stage.sql("SELECT participant_count FROM settlement_records") == [{"participant_count": 1}]


def test_of_a_payment_of_which_stripe_gave_a_part_back_the_rest_is_owed(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    payment = list(stage.stripe.objects["payment_intents"])[-1]
    given_by_stripe(stage, payment, 300)
    charge = {"id": "ch_1", "payment_intent": payment, "amount": 1000, "amount_refunded": 300}
    stage.deliver(stage.stripe.event("charge.refunded", charge))
    stage.admin_post(f"contests/{contest_id}/cancel", REASON)
    stage.tick()
    assert stage.sql("SELECT amount_cents, status FROM refunds ORDER BY amount_cents") == [
        {"amount_cents": 300, "status": "completed"},
        {"amount_cents": 700, "status": "completed"},
    ]


def dispute_event(
    stage: StagingPlatform,
    contest_id: str,
    *,
    payment: str | None = None,
    id_: str | None = None,
    change: str = "created",
    **facts: Any,
) -> dict[str, Any]:
    intent = payment or list(stage.stripe.objects["payment_intents"])[-1]
    dispute = {"id": "dp_1", "payment_intent": intent, "reason": "fraudulent", "status": "needs_response"}
    return stage.stripe.event(
        f"charge.dispute.{change}", {**dispute, "balance_transactions": [TAKEN], **facts}, id_=id_
    )


def test_a_chargeback_is_booked_once_as_the_platforms_loss_and_the_entry_stands(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    event = dispute_event(stage, contest_id)
    assert stage.deliver(event).status_code == 200
    assert stage.deliver(event).json["duplicate"] is True
    assert stage.deliver(dispute_event(stage, contest_id, id_="evt_same_dispute")).status_code == 200
    assert stage.balances() == {"contest_pool": -1000, "platform": 2500, "stripe": -1500}
    (row,) = stage.admin_get("disputes?acknowledged=false").json["disputes"]
    assert (row["amount_cents"], row["fee_cents"], row["booked_cents"]) == (1000, 1500, 2500)
    stage.play(contest_id)
    stage.tick()
    assert stage.sql("SELECT participant_count FROM settlement_records") == [{"participant_count": 1}]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_a_dispute_that_is_won_gives_the_amount_back_once_in_whatever_order_events_come(
    stage: StagingPlatform, order: tuple[int, ...]
) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    won = {"status": "won", "balance_transactions": [TAKEN, GIVEN]}
    events = [
        dispute_event(stage, contest_id, change="created", id_="evt_a"),
        dispute_event(stage, contest_id, change="funds_withdrawn", id_="evt_b"),
        dispute_event(stage, contest_id, change="closed", id_="evt_c", **won),
        dispute_event(stage, contest_id, change="funds_reinstated", id_="evt_d", **won),
    ]
    for number in order:
        assert stage.deliver(events[number]).status_code == 200
    assert stage.balances() == {"contest_pool": -1000, "platform": 1500, "stripe": -500}
    (row,) = stage.admin_get("disputes").json["disputes"]
    assert (row["status"], row["amount_cents"], row["reinstated_cents"]) == ("won", 1000, 1000)


def test_a_dispute_that_is_lost_is_recorded_for_good(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    for change, status in (("created", "needs_response"), ("closed", "lost"), ("updated", "under_review")):
        event = dispute_event(stage, contest_id, change=change, id_=f"evt_{change}", status=status)
        assert stage.deliver(event).status_code == 200
    assert stage.sql("SELECT status, reinstated_cents FROM disputes") == [{"status": "lost", "reinstated_cents": 0}]
    assert stage.balances() == {"contest_pool": -1000, "platform": 2500, "stripe": -1500}


def test_an_inquiry_is_recorded_and_nothing_is_booked_until_it_becomes_a_chargeback(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    asked = dispute_event(stage, contest_id, id_="evt_a", status="warning_needs_response", balance_transactions=[])
    assert stage.deliver(asked).status_code == 200
    assert stage.balances() == {"contest_pool": -1000, "stripe": 1000}
    (row,) = stage.admin_get("disputes?acknowledged=false").json["disputes"]
    assert (row["amount_cents"], row["booked_cents"], row["status"]) == (0, 0, "warning_needs_response")
    stage.admin_post(f"disputes/{row['id']}/acknowledge", REASON | {"acknowledged": True})
    assert stage.deliver(dispute_event(stage, contest_id, change="funds_withdrawn", id_="evt_b")).status_code == 200
    (row,) = stage.admin_get("disputes?acknowledged=false").json["disputes"]
    assert (row["amount_cents"], row["booked_cents"], row["status"]) == (1000, 2500, "needs_response")


def test_a_dispute_of_a_payment_that_is_not_booked_gets_its_second_chance(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.user()
    stage.join(contest_id, user, "1")
    intent = stage.intend(contest_id, user, key="k")
    paid, disputed = stage.stripe.succeed(intent), dispute_event(stage, contest_id, payment=intent)
    for _ in range(3):
        assert stage.deliver(disputed).status_code == 409  # it waits for another event: no error of the server
    page = stage.admin_get("diagnostics/payments").json
    assert (page["dead_letters"], page["dead_letters_waiting"]) == (1, 1)
    assert stage.deliver(paid).status_code == 200
    page = stage.admin_get("diagnostics/payments").json
    assert (page["dead_letters"], page["dead_letters_waiting"]) == (1, 0)
    assert stage.deliver(disputed).status_code == 200
    assert stage.admin_get("diagnostics/payments").json["dead_letters"] == 0


def test_an_acknowledgement_is_on_record_and_can_be_taken_back(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.deliver(dispute_event(stage, contest_id))
    (row,) = stage.admin_get("disputes").json["disputes"]
    path = f"disputes/{row['id']}/acknowledge"
    assert "stripe_disputes_unacknowledged 1\n" in stage.client.get("/metrics").text
    assert stage.admin_post(path, REASON | {"acknowledged": True}).status_code == 200
    assert "stripe_disputes_unacknowledged 0\n" in stage.client.get("/metrics").text
    assert stage.admin_post(path, REASON | {"acknowledged": False}).status_code == 200
    trail = stage.admin_get(f"contests/{contest_id}/audit").json["audit"]
    assert [row["action"] for row in trail if row["action"].startswith("dispute")] == [
        "dispute_acknowledged",
        "dispute_acknowledgement_withdrawn",
    ]
    assert stage.client.post(f"/api/admin/{path}", json=REASON).status_code == 401


def keyed(stage: StagingPlatform, path: str, body: object, key: str) -> Any:
    return stage.client.post(f"/api/admin/{path}", json=body, headers={**stage.admin, "Idempotency-Key": key})


def test_a_grant_asked_for_again_under_its_key_is_answered_as_the_first_and_made_once(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    ask(stage, contest_id, stage.entrant(contest_id, "1"))
    path = f"refund-requests/{open_requests(stage)[0]['id']}/grant"
    first, again = keyed(stage, path, REASON, "e-1-recovery-2"), keyed(stage, path, REASON, "e-1-recovery-2")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json == {"success": True, "status": "granted", "refunds_requested": 1}
    assert len(stage.sql("SELECT id FROM audit_log WHERE action = 'refund_request_granted'")) == 1
    assert keyed(stage, path, REASON, "e-1-recovery-3").json["error"] == "refund_request_decided"


@pytest.mark.parametrize("what", ["body", "address"])
def test_another_request_under_a_key_is_refused(stage: StagingPlatform, what: str) -> None:
    contest_id = stage.contest()
    for number in ("1", "2"):
        ask(stage, contest_id, stage.entrant(contest_id, number))
    one, other = (f"refund-requests/{row['id']}/grant" for row in open_requests(stage))
    assert keyed(stage, one, REASON, "e-1-recovery-2").status_code == 200
    body, path = ({"reason": "another one"}, one) if what == "body" else (REASON, other)
    refused = keyed(stage, path, body, "e-1-recovery-2")
    assert (refused.status_code, refused.json["error"]) == (409, "idempotency_key_reused")
    assert len(open_requests(stage)) == 1


def test_a_key_of_something_that_was_refused_is_free(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    ask(stage, contest_id, stage.entrant(contest_id, "1"))
    path = f"refund-requests/{open_requests(stage)[0]['id']}"
    assert keyed(stage, f"{path}/refuse", REASON, "e-1-recovery-1").json["error"] == "asked_in_time"
    assert keyed(stage, f"{path}/grant", REASON, "e-1-recovery-1").status_code == 200
