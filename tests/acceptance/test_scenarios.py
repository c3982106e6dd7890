"""The shipped scenarios pass, leave what they promise, and repeat byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.events import AlertFired, ExecutionEnded, FaultInjected, FaultScheduled
from simulation.history import History
from tests.acceptance.conftest import Simulate

RUN_FILES = {
    "scenario.yaml", "faults.json", "history.jsonl", "platform.log", "verdict.json", "report.html", "junit.xml",
    "ctrf-report.json",
    "ledger.csv", "audit.csv", "runbooks.csv", "summary.md", "runbooks", "alerts.test.yml",
}  # fmt: skip


def _command(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulation", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def test_the_default_scenario_passes_with_every_fault_met(simulate: Simulate) -> None:
    result = simulate("founder_absence_14d")
    assert result.verdict.outcome == "pass", [finding for check in result.verdict.results for finding in check.findings]
    assert result.verdict.exit_code == 0
    met = {event.fault_id for event in result.history.of(FaultInjected)}
    assert len(met) == 8
    carried_out = {event.runbook for event in result.history.of(ExecutionEnded) if event.status == "completed"}
    assert carried_out >= {"payout_transfer_stuck_in_retryable", "payment_webhook_missing", "ingestion_lag"}
    assert {path.name for path in result.directory.path.iterdir()} == RUN_FILES


_OF_DAYS = (
    "payments_6d",
    "currencies_6d",
    "refunds_6d",
    "disputes_6d",
    "contests_6d",
    "event_gaps_8d",
    "event_order_6d",
    "endpoint_disabled_6d",
    "partial_trouble_6d",
)


@pytest.mark.parametrize("name", _OF_DAYS)
def test_what_banks_cardholders_organizers_and_stripe_do_is_lived_through(name: str, simulate: Simulate) -> None:
    result = simulate(name)
    assert result.verdict.outcome == "pass", [finding for check in result.verdict.results for finding in check.findings]
    planned = {fault.fault_id for fault in result.history.of(FaultScheduled)}
    assert planned
    assert {event.fault_id for event in result.history.of(FaultInjected)} == planned


def test_a_quiet_run_is_quiet(simulate: Simulate) -> None:
    result = simulate("quiet_14d")
    assert result.verdict.outcome == "pass"
    assert not result.history.of(AlertFired)
    assert not result.history.of(ExecutionEnded)


def test_same_seed_same_history_whatever_the_hash_seed(tmp_path: Path) -> None:
    digests = []
    for hash_seed in ("0", "4711"):
        done = _command("run", "smoke_2d", "--seed", "3", "--json", "--out", str(tmp_path), hash_seed=hash_seed)
        assert done.returncode == 0, done.stderr
        digests.append(json.loads(done.stdout)["digest"])
    assert digests[0] == digests[1]


def test_another_seed_is_another_history(simulate: Simulate) -> None:
    assert simulate("smoke_2d", seed=1).verdict.digest != simulate("smoke_2d", seed=2).verdict.digest


def test_a_stored_history_is_judged_the_same_without_a_platform(simulate: Simulate) -> None:
    result = simulate("smoke_2d")
    assert History.load(result.directory.history).digest() == result.verdict.digest
    done = _command("check", str(result.directory.path), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads(result.verdict.to_json())


def test_a_run_starts_from_its_stored_faults_alone(simulate: Simulate, tmp_path: Path) -> None:
    result = simulate("smoke_2d", seed=5)
    stored = str(result.directory.faults)
    done = _command(
        "run", str(result.directory.scenario), "--seed", "5", "--faults", stored, "--json", "--out", str(tmp_path)
    )
    assert json.loads(done.stdout)["digest"] == result.verdict.digest


def test_a_history_that_breaks_off_is_unknown(simulate: Simulate) -> None:
    result = simulate("smoke_2d")
    lines = result.directory.history.read_text().splitlines(keepends=True)
    result.directory.history.write_text("".join(lines[: len(lines) // 2]))
    done = _command("check", str(result.directory.path), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["outcome"] == "unknown"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "no_such_scenario"], "no_such_scenario"),
        (["run", "--seed", "x"], "--seed"),
        (["check", "/nowhere"], "/nowhere"),
    ],
)
def test_wrong_usage_says_what_is_wrong(arguments: list[str], said: str) -> None:
    done = _command(*arguments)
    assert done.returncode == 254
    assert said in done.stderr
