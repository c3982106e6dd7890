"""Entrants ask for their fee, cardholders have their bank take it: what is decided, booked and refused."""

from __future__ import annotations

from typing import Any

from tests.integration.staging.conftest import StagingPlatform

REASON = {"reason": "a test says so"}


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


def dispute_event(
    stage: StagingPlatform, contest_id: str, *, payment: str | None = None, id_: str | None = None
) -> dict[str, Any]:
    intent = payment or list(stage.stripe.objects["payment_intents"])[-1]
    lines = [{"amount": -1000, "fee": 1500}]
    dispute = {"id": "dp_1", "payment_intent": intent, "reason": "fraudulent", "balance_transactions": lines}
    return stage.stripe.event("charge.dispute.created", dispute, id_=id_)


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


def test_a_dispute_of_a_payment_that_is_not_booked_gets_its_second_chance(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.user()
    stage.join(contest_id, user, "1")
    intent = stage.intend(contest_id, user, key="k")
    paid, disputed = stage.stripe.succeed(intent), dispute_event(stage, contest_id, payment=intent)
    for _ in range(3):
        assert stage.deliver(disputed).status_code == 500
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
