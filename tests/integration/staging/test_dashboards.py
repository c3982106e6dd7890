"""The four dashboards: who may see them, and that they tell what is."""

from __future__ import annotations

import pytest
import requests
import responses

from simulation.staging.clients.alerts import HostedAlerting
from tests.integration.staging.conftest import StagingPlatform

PAGES = ("operational", "contest-status", "audit-trail", "error-trends")
MONITORING = "https://monitoring.test"


@pytest.mark.parametrize("page", PAGES)
def test_only_admins_see_a_dashboard(stage: StagingPlatform, page: str) -> None:
    assert stage.client.get(f"/api/admin/dashboards/{page}").status_code == 401
    assert stage.admin_get(f"dashboards/{page}").status_code == 200


def test_an_unknown_dashboard_is_not_found(stage: StagingPlatform) -> None:
    answer = stage.admin_get("dashboards/sales")
    assert (answer.status_code, answer.json["error"]) == (404, "dashboard_not_found")


def test_a_contest_is_active_until_it_is_paid_out(stage: StagingPlatform) -> None:
    contest = stage.contest()
    stage.entrant(contest, "1")
    (row,) = stage.admin_get("dashboards/contest-status").json["contests"]
    assert (row["id"], row["stage"], row["ingestion_lag_seconds"]) == (contest, "SCHEDULED", None)

    stage.pass_time(hours=1)
    stage.tick(2)
    stage.pass_time(hours=1)
    stage.tick()
    stage.pass_time(minutes=7)
    (row,) = stage.admin_get("dashboards/contest-status").json["contests"]
    assert (row["stage"], row["ingestion_lag_seconds"]) == ("LIVE", 420)

    assert stage.admin_get("dashboards/operational").json["contests"] == {"LIVE": 1}


def test_the_audit_trail_has_what_was_done_last_first(stage: StagingPlatform) -> None:
    contest = stage.contest()
    stage.admin_post(f"contests/{contest}/cancel", {"reason": "rained out"})

    page = stage.admin_get("dashboards/audit-trail").json

    assert page["operations"][0]["reason"] == "rained out"
    assert (page["transitions"][0]["from_status"], page["transitions"][0]["to_status"]) == ("SCHEDULED", "CANCELLED")
    assert page["executions"] == []


def test_a_failed_execution_is_an_escalation_and_an_open_one_is_not(stage: StagingPlatform) -> None:
    begun = {"runbook_name": "r", "runbook_version": "1", "executed_by": "ops"}
    failed, _ = (stage.admin_post("runbooks/start", begun).json["execution_id"] for _ in range(2))
    stage.admin_post(
        "runbooks/complete", {"execution_id": failed, "status": "failed", "error_reason": "step 2 said otherwise"}
    )

    page = stage.admin_get("dashboards/operational").json

    assert [(row["id"], row["error_reason"]) for row in page["escalations"]] == [(failed, "step 2 said otherwise")]
    assert len(page["open_executions"]) == 1


def test_errors_and_requests_are_counted(stage: StagingPlatform) -> None:
    stage.contest()
    before = stage.admin_get("dashboards/error-trends").json
    stage.client.get("/health")
    page = stage.admin_get("dashboards/error-trends").json

    assert page["requests"]["total"] == before["requests"]["total"] + 2
    assert page["requests"]["error_rate_percent"] == 0
    assert (page["error_budget"]["burn_rate"], page["error_budget"]["remaining_percent"]) == (0, 100)
    assert page["top_errors"] == []


def test_a_timeout_whose_next_attempt_went_through_stays_among_the_top_errors_for_seven_days(
    stage: StagingPlatform,
) -> None:
    contest = stage.contest()
    stage.entrant(contest, "1")
    stage.play(contest)
    stage.stripe.failures["transfers"] = ["before"]
    stage.tick(2)

    (error,) = stage.admin_get("dashboards/error-trends").json["top_errors"]
    assert (error["source"], error["code"], error["number"]) == ("payout", "STRIPE_TIMEOUT", 1)
    assert stage.admin_get("dashboards/operational").json["payout_transfers"].keys() == {"completed"}

    stage.pass_time(days=7)
    assert stage.admin_get("dashboards/error-trends").json["top_errors"] == []


def test_without_a_monitoring_the_page_says_so_and_not_that_all_is_quiet(stage: StagingPlatform) -> None:
    assert stage.admin_get("dashboards/operational").json["alerts"] == {"status": "not_connected", "active": []}


@pytest.mark.parametrize("body", ["", "[]", '{"data": {"alerts": [{}]}}'])
def test_a_monitoring_that_answers_otherwise_is_unreachable(body: str) -> None:
    with responses.RequestsMock() as network:
        network.add(responses.GET, f"{MONITORING}/api/v1/alerts", body=body)
        assert HostedAlerting(base_url=MONITORING).alerts().status == "unreachable"


def test_a_monitoring_that_does_not_answer_is_unreachable() -> None:
    with responses.RequestsMock() as network:
        network.add(responses.GET, f"{MONITORING}/api/v1/alerts", body=requests.ReadTimeout("late"))
        assert HostedAlerting(base_url=MONITORING).alerts().status == "unreachable"
