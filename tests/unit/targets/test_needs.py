"""What scenario, target and environment ask of each other is refused before anything is started, with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.environment.choice import environment_of_processes
from simulation.errors import UsageError
from simulation.paths import ROOT, SCENARIOS_FOLDER
from simulation.scenario.faults.needs import met_by_processes, refuse_unmet_needs
from simulation.scenario.file import load_scenario

STAGING = ROOT / "fixtures" / "targets" / "staging"
LOSS = load_scenario(SCENARIOS_FOLDER / "runbooks" / "restore_contest.yaml")
QUIET = load_scenario(SCENARIOS_FOLDER / "quiet_14d.yaml")


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
    assert environment_of_processes(asked).name == given


def test_a_server_behind_a_port_is_refused_for_a_target_of_processes() -> None:
    with pytest.raises(UsageError, match=r"--environment compose: .*\n  remedy: say --environment containers"):
        environment_of_processes("compose")


def test_a_loss_of_scores_needs_a_target_that_says_where_they_are() -> None:
    with pytest.raises(UsageError, match="which tables hold the scores"):
        refuse_unmet_needs(LOSS.faults, met=met_by_processes([]), place="x.yaml")


def test_a_target_that_says_so_and_a_scenario_without_a_loss_are_taken() -> None:
    refuse_unmet_needs(LOSS.faults, met=met_by_processes(["scores"]), place="x.yaml")
    refuse_unmet_needs(QUIET.faults, met=met_by_processes([]), place="x.yaml")
    assert not any(fault.kind == "contest_rows_lost" for fault in QUIET.faults)
