"""The admin API: who gets in, what is recorded, and what JSON every failure has."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from simulation.staging import lifecycle
from simulation.staging.admin_token import mint

StagingPlatform = Any
JWT_SECRET = "j" * 32

PAGES = [
    "contests", "diagnostics/health", "diagnostics/jobs", "diagnostics/payouts", "diagnostics/ingestion",
    "diagnostics/payments", "diagnostics/settlements", "diagnostics/escalation-bundle", "diagnostics/stripe",
    "configuration", "payout-jobs", "payout-transfers", "runbooks/executions",
]  # fmt: skip
ACTIONS = [
    "diagnostics/run-payout-scheduler", "diagnostics/run-ingestion-poller", "diagnostics/replay-stripe-events",
    "runbooks/start", "runbooks/step", "runbooks/complete",
    "contests/00000000-0000-0000-0000-000000000001/cancel", "contests/00000000-0000-0000-0000-000000000001/settle",
    *(f"contests/00000000-0000-0000-0000-000000000001/{act}" for act in ("export", "archive-check", "restore")),
    "users/00000000-0000-0000-0000-000000000001/revoke-admin",
    "configuration", "configuration/1/validate", "configuration/1/activate",
    "payout-transfers/00000000-0000-0000-0000-000000000001/acknowledge",
    "payout-jobs/00000000-0000-0000-0000-000000000001/review",
]  # fmt: skip


def test_without_a_token_nothing_is_shown_or_done(stage: StagingPlatform) -> None:
    for method, path in [("GET", page) for page in PAGES] + [("POST", action) for action in ACTIONS]:
        answer = stage.client.open(f"/api/admin/{path}", method=method, json={} if method == "POST" else None)
        assert (path, answer.status_code, answer.json["error"]) == (path, 401, "unauthorized")


def test_an_admin_sees_every_page(stage: StagingPlatform) -> None:
    assert {path: stage.admin_get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)


@pytest.mark.parametrize("claims", [{"is_admin": False}, {"role": "user"}, {"sub": str(UUID(int=99))}])
def test_a_genuine_token_without_the_claims_is_forbidden(stage: StagingPlatform, claims: dict[str, object]) -> None:
    now = int(stage.clock.now.timestamp())
    good = {"sub": str(stage.admin_id), "is_admin": True, "role": "admin", "iat": now, "exp": now + 60}
    token = jwt.encode(good | claims, JWT_SECRET, algorithm="HS256")
    answer = stage.client.get("/api/admin/contests", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json["error"]) == (403, "forbidden")


def test_an_expired_token_is_refused(stage: StagingPlatform) -> None:
    headers = {
        "Authorization": f"Bearer {mint(JWT_SECRET, stage.admin_id, stage.clock.now - timedelta(hours=2), 3600)}"
    }
    assert stage.client.get("/api/admin/contests", headers=headers).status_code == 401


def test_a_revoked_admin_is_out_at_once(stage: StagingPlatform) -> None:
    founder = stage.platform.create_admin(name="Founder", email="f@x.test", role="founder")
    token = {"Authorization": f"Bearer {mint(JWT_SECRET, founder, stage.clock.now, 3600)}"}
    assert stage.client.get("/api/admin/contests", headers=token).status_code == 200
    assert stage.admin_post(f"users/{founder}/revoke-admin", {"reason": "leaves"}).json["revoked"] is True
    assert stage.client.get("/api/admin/contests", headers=token).status_code == 403


def test_an_action_without_reason_is_refused(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    answer = stage.admin_post(f"contests/{contest_id}/cancel")
    assert (answer.status_code, answer.json["error"]) == (400, "missing_required_fields")
    assert stage.status(contest_id) == "SCHEDULED"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/health", 405)])
def test_every_failure_is_json(stage: StagingPlatform, method: str, path: str, status: int) -> None:
    answer = stage.client.open(path, method=method)
    assert answer.status_code == status
    assert set(answer.json) == {"error", "message"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "runbooks/complete", 400),
        ("POST", "contests/00000000-0000-0000-0000-00000000dead/cancel", 400),
        ("GET", "contests/00000000-0000-0000-0000-00000000dead", 404),
        ("GET", "contests/not-a-uuid", 404),
        ("GET", "nowhere", 404),
        ("DELETE", "contests", 405),
    ],
)
def test_who_is_not_let_in_is_told_nothing_else(stage: StagingPlatform, method: str, path: str, status: int) -> None:
    stranger = mint(JWT_SECRET, UUID(stage.user()), stage.clock.now, 3600)

    def asked(**headers: str) -> int:
        return stage.client.open(f"/api/admin/{path}", method=method, headers=headers).status_code

    assert asked() == 401
    assert asked(Authorization="Bearer nonsense") == 401
    assert asked(Authorization=f"Bearer {stranger}") == 403
    assert asked(**stage.admin) == status


@pytest.mark.parametrize("text", ["\x00", "\ud800", "Ann \x00"])
def test_text_that_the_database_does_not_take_is_refused(stage: StagingPlatform, text: str) -> None:
    started = {"runbook_name": "a", "runbook_version": "1", "executed_by": "ops"}
    step = {"execution_id": "x", "phase": "detection", "step": 1, "outcome": "passed"}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("runbooks/start", started | {"executed_by": text}),
        ("runbooks/start", started | {"system_state_before": {"notes": [{"said": text}]}}),
        ("runbooks/start", started | {"system_state_before": {text: 1}}),
        ("runbooks/step", step | {"detail": text}),
        ("runbooks/complete", {"execution_id": "x", "status": "completed", "result_json": {"a": text}}),
        ("users/00000000-0000-0000-0000-000000000001/revoke-admin", {"reason": text}),
    ]
    for path, body in bodies:
        answer = stage.admin_post(path, body)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_field"), path
    assert stage.post("/api/users", {"name": text, "email": "a@x.test"}).status_code == 400


def test_a_question_with_u_0000_is_refused(stage: StagingPlatform) -> None:
    for path in ("contests", "payout-transfers", "refund-requests", "runbooks/executions"):
        answer = stage.admin_get(f"{path}?status=%00")
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_field"), path


def test_who_is_no_user_is_told_nothing_else(stage: StagingPlatform) -> None:
    assert stage.post(f"/api/custom-contests/{stage.contest()}/lock").status_code == 401
    assert stage.post("/api/payments/intents").status_code == 401


def test_an_unexpected_error_is_logged_with_its_request_and_shown_to_nobody(
    stage: StagingPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulation.staging.contests import admin_views

    def broken(*_: object) -> None:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(admin_views, "contests", broken)
    answer = stage.client.get("/api/admin/contests", headers=stage.admin | {"X-Request-Id": "req-7"})
    assert (answer.status_code, answer.json["error"]) == (500, "internal_error")
    assert "inner secret" not in answer.text
    assert any("inner secret" in line and "req-7" in line for line in stage.log)


def test_the_request_id_of_the_ingress_reaches_the_audit_log(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.client.post(
        f"/api/admin/contests/{contest_id}/cancel",
        json={"reason": "rain"},
        headers=stage.admin | {"X-Request-Id": "req-9"},
    )
    rows = stage.sql("SELECT actor, action, reason FROM audit_log WHERE request_id = 'req-9'")
    assert rows == [{"actor": str(stage.admin_id), "action": "contest_cancelled", "reason": "rain"}]


def test_a_live_contest_can_be_taken_to_error_and_cancelled_with_refunds(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.pass_time(hours=2)
    stage.tick(3)
    reason = {"reason": "the course is under water"}
    assert stage.admin_post(f"contests/{contest_id}/cancel", reason).status_code == 409
    assert stage.admin_post(f"contests/{contest_id}/mark-error", reason).status_code == 200
    assert "contest_status_transitions_failed 1\n" in stage.client.get("/metrics").text
    resolved = stage.admin_post(f"contests/{contest_id}/resolve-error", reason | {"to_status": "CANCELLED"})
    assert resolved.status_code == 200
    stage.tick()
    assert stage.balances() == {"contest_pool": 0, "stripe": 0}
    trail = stage.admin_get(f"contests/{contest_id}/audit").json["audit"]
    assert [row["to_status"] for row in trail][-2:] == ["ERROR", "CANCELLED"]


def test_a_contest_is_not_locked_before_its_time(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    early = stage.admin_post(f"contests/{contest_id}/force-lock", {"reason": "now"})
    assert (early.status_code, early.json["error"]) == (409, "lock_time_not_reached")
    stage.pass_time(hours=1)
    assert stage.admin_post(f"contests/{contest_id}/force-lock", {"reason": "now"}).status_code == 200
    assert stage.status(contest_id) == "LOCKED"


def test_times_move_until_the_lock(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    times = {
        name: (stage.clock.now + timedelta(hours=hours)).isoformat()
        for name, hours in (("lock_time", 3), ("start_time", 4), ("end_time", 5))
    }
    path = f"contests/{contest_id}/update-times"
    assert stage.admin_post(path, times | {"reason": "fog"}).status_code == 200
    stage.pass_time(hours=3)
    stage.tick()
    assert stage.admin_post(path, times | {"reason": "fog"}).json["error"] == "contest_not_scheduled"


def test_a_failed_transition_is_recorded_once_and_made_when_it_can_be(
    stage: StagingPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest_id = stage.contest()
    stage.pass_time(hours=1)
    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "_move", _broken)
        stage.tick(3)
    rows = "SELECT from_status, to_status FROM admin_contest_audit WHERE action = 'transition_failed'"
    assert stage.sql(rows) == [{"from_status": "SCHEDULED", "to_status": "LOCKED"}]
    assert sum("SCHEDULED -> LOCKED failed" in line for line in stage.log) == 3
    stage.tick()
    assert stage.status(contest_id) == "LOCKED"


def test_a_live_contest_whose_transition_fails_goes_to_error(
    stage: StagingPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    contest_id = stage.contest()
    stage.pass_time(hours=2)
    stage.tick(3)
    stage.sql("UPDATE ingestion_feeds SET etag = NULL")
    body = json.loads(stage.provider.body)
    body["events"][0]["status"]["type"] = {"name": "STATUS_FINAL", "completed": True}
    stage.provider.body = json.dumps(body)
    monkeypatch.setattr(lifecycle, "_move", _broken)
    stage.tick(2)
    assert stage.status(contest_id) == "ERROR"
    trail = stage.admin_get(f"contests/{contest_id}/audit").json["audit"]
    assert [(row["action"], row["to_status"]) for row in trail[-2:]] == [
        ("transition_failed", "COMPLETE"),
        ("status_changed", "ERROR"),
    ]


def _broken(*_: object) -> bool:
    raise RuntimeError("no")


START = {"runbook_name": "r", "runbook_version": "1.0.0", "executed_by": "ops-1", "system_state_before": {"stuck": 2}}


def start(stage: StagingPlatform) -> str:
    answer = stage.admin_post("runbooks/start", START)
    assert answer.status_code == 200
    assert set(answer.json) == {"timestamp", "execution_id"}
    execution_id: str = answer.json["execution_id"]
    return execution_id


def test_an_execution_is_one_row_from_start_to_end(stage: StagingPlatform) -> None:
    execution_id = start(stage)
    stage.pass_time(minutes=5)
    body = {"execution_id": execution_id, "status": "completed", "result_json": {"recovered": 2}}
    answer = stage.admin_post("runbooks/complete", body | {"system_state_after": {"stuck": 0}})
    assert (answer.status_code, answer.json["success"]) == (200, True)
    rows = stage.sql("SELECT * FROM runbook_executions")
    assert len(rows) == 1
    assert (rows[0]["status"], rows[0]["duration_seconds"], rows[0]["result_json"]) == (
        "completed",
        300,
        {"recovered": 2},
    )
    assert (rows[0]["system_state_before"], rows[0]["system_state_after"]) == ({"stuck": 2}, {"stuck": 0})


def test_an_entry_that_comes_again_under_its_request_id_is_recorded_once(stage: StagingPlatform) -> None:
    def send(action: str, body: dict[str, Any], request_id: str) -> Any:
        headers = stage.admin | {"X-Request-Id": request_id}
        answer = stage.client.post(f"/api/admin/runbooks/{action}", json=body, headers=headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    opened = [send("start", START, request_id)["execution_id"] for request_id in ("a", "a", "b")]
    assert opened[0] == opened[1] != opened[2]
    execution = {"execution_id": opened[0]}
    step = execution | {"phase": "detection", "step": 1}
    for outcome, request_id in (("started", "c"), ("started", "c"), ("passed", "c"), ("passed", "d")):
        send("step", step | {"outcome": outcome}, request_id)
    for _ in range(2):
        send("complete", execution | {"status": "completed"}, "e")
    rows = stage.sql(f"SELECT reason FROM audit_log WHERE entity_id = '{opened[0]}' ORDER BY sequence_number")
    assert [row["reason"].rsplit(" ", 1)[1] for row in rows] == ["1.0.0", "started", "passed", "passed", "completed"]


def test_each_step_leaves_an_audit_record_and_goes_forward(stage: StagingPlatform) -> None:
    execution_id = start(stage)

    def step(phase: str, number: int, outcome: str) -> int:
        body = {"execution_id": execution_id, "phase": phase, "step": number, "outcome": outcome}
        status: int = stage.admin_post("runbooks/step", body).status_code
        return status

    steps = [
        ("diagnosis", 1, "started"),
        ("diagnosis", 1, "passed"),
        ("recovery", 1, "started"),
        ("recovery", 2, "failed"),
    ]
    assert [step(*given) for given in steps] == [200, 200, 200, 200]
    assert step("recovery", 1, "started") == 409
    assert step("detection", 5, "started") == 409
    assert step("unheard of", 1, "started") == 400
    assert step("recovery", 3, "skipped") == 400
    recorded = stage.sql("SELECT reason FROM audit_log WHERE action = 'runbook_step' ORDER BY sequence_number")
    assert [row["reason"] for row in recorded] == [
        f"{phase} step {number} {outcome}" for phase, number, outcome in steps
    ]
    assert stage.sql("SELECT execution_phase, phase_step FROM runbook_executions") == [
        {"execution_phase": "recovery", "phase_step": 2}
    ]


@pytest.mark.parametrize("missing", ["runbook_name", "runbook_version", "executed_by"])
def test_start_names_what_is_missing(stage: StagingPlatform, missing: str) -> None:
    answer = stage.admin_post("runbooks/start", {name: value for name, value in START.items() if name != missing})
    assert (answer.status_code, answer.json["error"]) == (400, "missing_required_fields")
    assert missing in answer.json["message"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"status": ""}, 400, "missing_required_fields"),
        ({"status": "in_progress"}, 400, "invalid_status"),
        ({"status": "done"}, 400, "invalid_status"),
        ({"execution_id": "x"}, 404, "execution_id_not_found"),
        ({"execution_id": "00000000-0000-0000-0000-000000000001"}, 404, "execution_id_not_found"),
    ],
)
def test_complete_refuses_what_it_must(stage: StagingPlatform, change: dict[str, str], status: int, code: str) -> None:
    body = {"execution_id": start(stage), "status": "failed", "error_reason": "step 2"} | change
    answer = stage.admin_post("runbooks/complete", body)
    assert (answer.status_code, answer.json["error"]) == (status, code)


@pytest.mark.parametrize("status", ["completed", "failed", "partial"])
def test_an_execution_ends_once(stage: StagingPlatform, status: str) -> None:
    body = {"execution_id": start(stage), "status": status}
    assert stage.admin_post("runbooks/complete", body).status_code == 200
    again = stage.admin_post("runbooks/complete", body)
    assert (again.status_code, again.json["error"]) == (409, "execution_already_final")
    listed = stage.admin_get(f"runbooks/executions?status={status}").json["executions"]
    assert [row["id"] for row in listed] == [body["execution_id"]]
