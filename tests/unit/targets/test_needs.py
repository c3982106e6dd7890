"""What scenario, target and environment ask of each other is refused before anything is started, with its remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.environment.choice import environment_of_processes
from simulation.environment.installations import Needs
from simulation.errors import UsageError
from simulation.paths import ROOT, SCENARIOS_FOLDER
from simulation.scenario.faults.needs import met_by_processes, refuse_unmet_needs
from simulation.scenario.file import load_scenario

STAGING = ROOT / "fixtures" / "targets" / "staging"
LOSS = load_scenario(SCENARIOS_FOLDER / "runbooks" / "restore_contest.yaml")
QUIET = load_scenario(SCENARIOS_FOLDER / "quiet_14d.yaml")
TROUBLE = load_scenario(SCENARIOS_FOLDER / "partial_trouble_6d.yaml")


def _scenario(folder: Path, fault: str) -> str:
    head, _, _ = (ROOT / "scenarios" / "smoke_2d.yaml").read_text().partition("\nfaults:\n")
    file = folder / "one.yaml"
    file.write_text(f"{head}\nfaults:\n  - {fault}\n")
    return str(file)


@pytest.mark.parametrize("kind", ["backend_killed", "webhook_then_killed"])
def test_a_fault_that_kills_needs_a_target_that_can_be_killed(kind: str, tmp_path: Path) -> None:
    aim = "at: day 1 13:05" if kind == "backend_killed" else "contest: early_birds"
    scenario = _scenario(tmp_path, f"{{id: killed, kind: {kind}, {aim}, expect: {{self_heals: true}}}}")

    with pytest.raises(UsageError, match=r"fault killed is a .* which kills the platform's programs"):
        prepare(scenario=scenario, seed=1, environment="embedded", out=tmp_path)
    assert prepare(scenario=scenario, seed=1, out=tmp_path, target=STAGING).plan.faults[0].kind == kind


def test_a_kill_outside_of_the_run_is_refused(tmp_path: Path) -> None:
    scenario = _scenario(tmp_path, "{id: late, kind: backend_killed, at: day 1 23:00, expect: {self_heals: true}}")

    with pytest.raises(UsageError, match=r"fault late kills the platform at .* too little of it"):
        prepare(scenario=scenario, seed=1, out=tmp_path, target=STAGING)


def test_a_fault_that_reaches_into_the_platform_needs_the_one_that_comes_along(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="payout_timer_stopped, which only the platform that comes along can suffer"):
        prepare(scenario="month_30d", seed=1, out=tmp_path, target=STAGING)


@pytest.mark.parametrize(
    ("asked", "given"), [("auto", "embedded"), ("embedded", "embedded"), ("containers", "containers")]
)
def test_a_target_of_processes_gets_a_server_of_its_own(asked: str, given: str) -> None:
    assert environment_of_processes(asked, Needs()).name == given


def test_a_server_behind_a_port_is_refused_for_a_target_of_processes() -> None:
    with pytest.raises(UsageError, match=r"--environment compose: .*\n  remedy: say --environment containers"):
        environment_of_processes("compose", Needs())


def test_a_loss_of_scores_needs_a_target_that_says_where_they_are() -> None:
    with pytest.raises(UsageError, match="which tables hold the scores"):
        refuse_unmet_needs(LOSS.faults, met=met_by_processes([]), place="x.yaml")


def test_a_target_that_says_so_and_a_scenario_without_a_loss_are_taken() -> None:
    refuse_unmet_needs(LOSS.faults, met=met_by_processes(["scores"]), place="x.yaml")
    refuse_unmet_needs(QUIET.faults, met=met_by_processes([]), place="x.yaml")
    assert not any(fault.kind == "contest_rows_lost" for fault in QUIET.faults)


AT_SETTLEMENT = "{id: x, kind: commit_lost, at: day 0 00:00, transaction: settlement, expect: {self_heals: true}}"
AT_ONCE = (
    "{{id: x, kind: two_at_once, at: day 0 00:00, transaction: {of}, other: {other}, expect: {{self_heals: true}}}}"
)


def test_a_fault_at_a_statement_strikes_a_job_that_says_by_which_sql_it_is_known(tmp_path: Path) -> None:
    scenario = _scenario(tmp_path, AT_SETTLEMENT)
    plan = prepare(scenario=scenario, seed=1, out=tmp_path, target=STAGING).plan
    assert plan.faults[0].kind == "commit_lost"

    silent = Path(shutil.copytree(STAGING, tmp_path / "silent"))
    kept = [line for line in (silent / "target.toml").read_text().splitlines() if "seen_in_sql" not in line]
    (silent / "target.toml").write_text("\n".join(kept))
    with pytest.raises(UsageError, match=r"fault x is a commit_lost, .* by which SQL its job settlement is known"):
        prepare(scenario=scenario, seed=1, out=tmp_path, target=silent)


@pytest.mark.parametrize(
    ("of", "other", "line", "problem"),
    [
        ("settlement", "again", "replica = true", "needs a second replica of the program that runs settlement"),
        ("POST /api/webhooks/stripe", "financial_reconciliation", "", "cannot be held back until financial_reconc"),
        ("POST /api/webhooks/stripe", "settlement, waits: 1", "", "which keeps a timer back"),
        ("POST /api/webhooks/stripe", "settlement", "seen_in_sql", "by which SQL its job settlement is known"),
    ],
)
def test_a_job_of_a_process_that_cannot_run_at_once_is_refused(
    of: str, other: str, line: str, problem: str, tmp_path: Path
) -> None:
    """``line``: what is left out of the target's file."""
    scenario = _scenario(tmp_path, AT_ONCE.format(of=of, other=other))
    lacking = Path(shutil.copytree(STAGING, tmp_path / "lacking"))
    kept = [text for text in (lacking / "target.toml").read_text().splitlines() if not line or line not in text]
    (lacking / "target.toml").write_text("\n".join(kept))
    with pytest.raises(UsageError, match=f"fault x is a two_at_once, .*{problem}"):
        prepare(scenario=scenario, seed=1, out=tmp_path, target=lacking)


def test_a_job_that_cron_starts_meets_nobody(tmp_path: Path) -> None:
    scenario = _scenario(tmp_path, AT_ONCE.format(of="POST /api/webhooks/stripe", other="settlement"))
    by_cron = Path(shutil.copytree(STAGING, tmp_path / "by_cron"))
    file = by_cron / "target.toml"
    lines = file.read_text().splitlines()
    at = lines.index('name = "settlement"')
    (seen,) = [number for number in range(at, at + 8) if lines[number].startswith("seen_in_log")]
    lines[seen] = 'run = ["true"]'
    file.write_text("\n".join(lines))
    with pytest.raises(UsageError, match="fault x is a two_at_once, and settlement is started by cron"):
        prepare(scenario=scenario, seed=1, out=tmp_path, target=by_cron)


@pytest.mark.parametrize(("of", "other"), [("settlement", "again"), ("POST /api/webhooks/stripe", "settlement")])
def test_a_job_of_a_process_may_meet_itself_in_a_replica_and_a_request_when_its_timer_fires(
    of: str, other: str, tmp_path: Path
) -> None:
    scenario = _scenario(tmp_path, AT_ONCE.format(of=of, other=other))
    assert prepare(scenario=scenario, seed=1, out=tmp_path, target=STAGING).plan.faults[0].other == other


def test_a_request_of_a_process_may_meet_itself(tmp_path: Path) -> None:
    scenario = _scenario(tmp_path, AT_ONCE.format(of="POST /api/webhooks/stripe", other="again"))
    assert prepare(scenario=scenario, seed=1, out=tmp_path, target=STAGING).plan.faults[0].other == "again"


def test_a_key_is_rolled_only_for_a_target_that_reads_it_from_a_file() -> None:
    rolled = [fault for fault in TROUBLE.faults if fault.kind == "api_key_rolled"]
    assert len(rolled) == 1
    with pytest.raises(UsageError, match="in another way than by a file"):
        refuse_unmet_needs(rolled, met=met_by_processes([]), place="x.yaml")
    refuse_unmet_needs(rolled, met=met_by_processes([], key_file=True), place="x.yaml")
