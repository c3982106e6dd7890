"""What ops sends when it escalates: one answer with everything, in whatever state the platform is."""

from __future__ import annotations

from typing import Any

StagingPlatform = Any
STARTED = {"runbook_name": "some_runbook", "runbook_version": "1.0.0", "executed_by": "ops"}


def bundle(stage: StagingPlatform, **query: str) -> dict[str, Any]:
    answer = stage.client.get("/api/admin/diagnostics/escalation-bundle", query_string=query, headers=stage.admin)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json
    return document


def test_the_steps_of_the_open_execution_are_in_it_with_their_results(stage: StagingPlatform) -> None:
    execution = stage.admin_post("runbooks/start", STARTED).json["execution_id"]
    step = {"execution_id": execution, "phase": "recovery", "step": 1}
    stage.admin_post("runbooks/step", {**step, "outcome": "started"})
    stage.admin_post("runbooks/step", {**step, "outcome": "failed", "detail": "line 1: expected 0, got 2"})
    told = bundle(stage, alert="the alert Slow of 10:00")
    assert told["alert"] == "the alert Slow of 10:00"
    assert told["execution"]["runbook_name"] == "some_runbook"
    assert [(one["phase"], one["step"], one["outcome"], one["detail"]) for one in told["execution"]["steps"]] == [
        ("recovery", 1, "started", None),
        ("recovery", 1, "failed", "line 1: expected 0, got 2"),
    ]


def test_a_finished_execution_is_found_by_its_id(stage: StagingPlatform) -> None:
    execution = stage.admin_post("runbooks/start", STARTED).json["execution_id"]
    stage.admin_post("runbooks/complete", {"execution_id": execution, "status": "failed", "error_reason": "step 1"})
    assert bundle(stage)["execution"] is None
    assert bundle(stage, execution_id=execution)["execution"]["error_reason"] == "step 1"


def test_an_open_contest_is_affected_and_one_that_is_paid_out_is_not(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    (affected,) = bundle(stage)["affected_contests"]
    assert (affected["id"], affected["stage"], affected["entries"]) == (contest_id, "SCHEDULED", 1)
    stage.play(contest_id)
    stage.tick(3)
    assert bundle(stage)["affected_contests"] == []


def test_a_contest_with_a_prize_that_failed_is_affected(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1", account=False)
    stage.play(contest_id)
    stage.tick(3)
    (affected,) = bundle(stage)["affected_contests"]
    assert [transfer["failure_reason"] for transfer in affected["transfers"]] == ["DESTINATION_ACCOUNT_MISSING"]


def test_diagnostics_metrics_log_and_trail_are_in_it(stage: StagingPlatform) -> None:
    stage.client.get("/api/admin/contests", headers={"Authorization": "Bearer nonsense"})
    told = bundle(stage)
    assert told["diagnostics"]["health"]["status"] == "ok"
    assert {job["name"] for job in told["diagnostics"]["jobs"]} == set(stage.jobs)
    assert any(line.startswith("error_budget_remaining") for line in told["metrics"])
    assert "token refused" in told["log"][-1]
    assert told["audit_trail"][0]["reason"] == "deployment bootstrap"
    assert "transaction_id" not in told["audit_trail"][0]


def test_an_execution_id_that_is_none_is_refused(stage: StagingPlatform) -> None:
    answer = stage.client.get("/api/admin/diagnostics/escalation-bundle?execution_id=x", headers=stage.admin)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_field")
