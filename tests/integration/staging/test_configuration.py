"""Settings that operations may change: versions that are published, validated, activated, and gone back from."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.staging.platform import Platform

StagingPlatform = Any


def publish(stage: StagingPlatform, **settings: object) -> Any:
    return stage.admin_post("configuration", {"settings": settings, "reason": "approved"})


def act(stage: StagingPlatform, version: int, action: str) -> Any:
    return stage.admin_post(f"configuration/{version}/{action}", {"reason": "approved"})


def in_force(stage: StagingPlatform) -> tuple[int, int]:
    page = stage.admin_get("configuration").json
    return page["active_version"], page["settings"]["payout_jobs_per_run"]


def deployed(stage: StagingPlatform, **settings: object) -> int:
    version = int(publish(stage, **settings).json["version"])
    assert act(stage, version, "validate").json == {"version": version, "valid": True, "findings": []}
    assert act(stage, version, "activate").status_code == 200
    return version


def test_a_published_version_changes_nothing_until_it_is_validated_and_activated(stage: StagingPlatform) -> None:
    assert publish(stage, payout_jobs_per_run=20).json == {"version": 1, "active": False}
    assert act(stage, 1, "activate").json["error"] == "configuration_not_validated"
    act(stage, 1, "validate")
    assert in_force(stage) == (0, 10)
    assert act(stage, 1, "activate").status_code == 200
    assert in_force(stage) == (1, 20)


def test_each_thing_that_was_said_is_on_record_with_its_audit_record(stage: StagingPlatform) -> None:
    deployed(stage, payout_jobs_per_run=20)
    events = [event["event"] for event in stage.admin_get("configuration").json["events"]]
    assert events == ["published", "validated", "activated"]
    actions = stage.sql("SELECT action FROM audit_log WHERE action LIKE 'configuration%' ORDER BY sequence_number")
    assert [row["action"] for row in actions] == [f"configuration_{event}" for event in events]


def test_going_back_is_activating_the_version_before(stage: StagingPlatform) -> None:
    deployed(stage, payout_jobs_per_run=20)
    second = deployed(stage, payout_jobs_per_run=30)
    assert act(stage, 1, "activate").status_code == 200
    assert in_force(stage) == (1, 20)
    assert act(stage, 0, "activate").status_code == 200
    assert in_force(stage) == (0, 10)
    assert act(stage, second, "activate").status_code == 200


def test_a_job_of_another_process_works_under_what_was_activated_here(stage: StagingPlatform) -> None:
    other = Platform(stage.settings, log=lambda _line: None)
    deployed(stage, payout_jobs_per_run=20)
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.pass_time(hours=1)
    (lifecycle,) = [job for job in other.jobs if job.name == "lifecycle_reconciler"]
    assert lifecycle.run().error is None
    assert other.settings.payout_jobs_per_run == 20
    other.close()


def test_a_new_process_takes_up_what_is_active(stage: StagingPlatform) -> None:
    deployed(stage, payout_jobs_per_run=20)
    restarted = Platform(stage.settings, log=lambda _line: None)
    assert restarted.settings.payout_jobs_per_run == 10
    restarted.resume()
    assert restarted.settings.payout_jobs_per_run == 20
    restarted.close()


@pytest.mark.parametrize(
    ("settings", "finding"),
    [
        ({"payout_jobs_per_run": 0}, "payout_jobs_per_run must be 1 to 100, not 0"),
        ({"refunds_per_run": 501}, "refunds_per_run must be 1 to 500, not 501"),
        ({"attempt_lease_seconds": 20}, "attempt_lease_seconds must be longer than a Stripe call may take"),
        ({"reconciliation_grace_seconds": 200_000}, "must be shorter than the overlap of two reconciliations"),
    ],
)
def test_a_version_that_breaks_a_rule_is_rejected_and_cannot_be_activated(
    stage: StagingPlatform, settings: dict[str, int], finding: str
) -> None:
    publish(stage, **settings)
    answer = act(stage, 1, "validate").json
    assert answer["valid"] is False
    assert any(finding in found for found in answer["findings"])
    assert act(stage, 1, "activate").json["error"] == "configuration_not_validated"
    assert in_force(stage) == (0, 10)


@pytest.mark.parametrize(
    "settings", [{}, {"stripe_api_key": 1}, {"payout_jobs_per_run": "20"}, {"payout_jobs_per_run": True}]
)
def test_what_is_no_change_that_operations_may_make_is_not_published(
    stage: StagingPlatform, settings: dict[str, Any]
) -> None:
    answer = publish(stage, **settings)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_field")
    assert stage.admin_get("configuration").json["events"] == []


def test_unknown_and_active_versions_are_refused(stage: StagingPlatform) -> None:
    assert act(stage, 7, "validate").status_code == 404
    assert act(stage, 7, "activate").status_code == 404
    assert act(stage, 0, "activate").json["error"] == "configuration_active"
    assert stage.admin_post("configuration/0/activate").json["error"] == "missing_required_fields"


def test_nothing_on_record_can_be_changed(stage: StagingPlatform) -> None:
    deployed(stage, payout_jobs_per_run=20)
    with pytest.raises(Exception, match="rows are never changed or removed"):
        stage.sql("UPDATE configuration_events SET reason = 'x'")
