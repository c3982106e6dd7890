"""The metrics page: every series from the first scrape on, and what no run foresaw is counted."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from sqlalchemy.exc import OperationalError

from simulation.staging import lifecycle
from simulation.staging.operations.metrics import HELP

StagingPlatform = Any
_OF_WHAT_CONTESTS_WAIT_FOR = {"ingestion_lag_seconds", "settlement_status"}


def values(stage: StagingPlatform, name: str) -> dict[str, float]:
    """Labels → value of a metric's series."""
    lines = [
        line for line in stage.client.get("/metrics").text.splitlines() if line.startswith((f"{name}{{", f"{name} "))
    ]
    return {line.removeprefix(name).rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def test_every_metric_is_there_before_anything_happened(stage: StagingPlatform) -> None:
    for name in sorted(set(HELP) - _OF_WHAT_CONTESTS_WAIT_FOR):
        assert values(stage, name), name
    assert set(values(stage, "payout_transfers").values()) == {0.0}
    assert '{status="failed_terminal"}' in values(stage, "refunds")


def test_a_contest_has_its_settlement_status_before_a_run_failed(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.play(contest_id)
    stage.jobs["lifecycle_reconciler"].run()
    labels = f'{{contest_id="{contest_id}",status="FAILED"}}'
    assert values(stage, "settlement_status") == {labels: 0.0}
    stage.jobs["settlement"].run()
    assert values(stage, "settlement_status") == {}


def test_a_job_that_breaks_off_by_what_nobody_foresaw_is_logged_and_counted(
    stage: StagingPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "reconcile", _raising(KeyError("status")))
        stage.contest()
        stage.pass_time(hours=2)
        for times in (1.0, 2.0):
            assert stage.jobs["lifecycle_reconciler"].run().error == "KeyError('status')"
            assert values(stage, "jobs_broken_off")['{job="lifecycle_reconciler"}'] == times
            stage.pass_time(minutes=5)
    assert sum("job broke off" in line and "KeyError" in line for line in stage.log) == 2
    assert stage.jobs["lifecycle_reconciler"].run().error is None
    assert set(values(stage, "jobs_broken_off").values()) == {0.0}


@pytest.mark.parametrize(
    "error", [OperationalError("SELECT 1", {}, Exception("gone")), stripe.APIConnectionError("no answer")]
)
def test_trouble_that_other_metrics_tell_of_is_not_counted(
    stage: StagingPlatform, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(lifecycle, "reconcile", _raising(error))
    stage.contest()
    stage.pass_time(hours=2)
    assert stage.jobs["lifecycle_reconciler"].run().error is not None
    assert set(values(stage, "jobs_broken_off").values()) == {0.0}


def test_an_event_that_the_database_does_not_take_is_kept_and_shows(stage: StagingPlatform) -> None:
    event = stage.stripe.event("customer.created", {"id": "cus_1", "name": "Ann \x00 \ud800", "metadata": {}})
    for _ in range(3):
        assert values(stage, "stripe_webhook_dead_letters") == {"": 0.0}
        assert stage.deliver(event).status_code == 500
        stage.pass_time(minutes=1)
    assert values(stage, "stripe_webhook_dead_letters") == {"": 1.0}
    (kept,) = stage.sql("SELECT raw_payload_json #>> '{data,object,name}' AS name FROM stripe_webhook_dead_letters")
    assert kept["name"] == "Ann \ufffd \ufffd"


def _raising(error: Exception) -> Any:
    def reconcile(*_: Any) -> None:
        raise error

    return reconcile
