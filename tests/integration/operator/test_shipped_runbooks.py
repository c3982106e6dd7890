"""The runbooks that come with the project, carried out against the staging platform in the trouble they are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulation.assembly import RunRequest, assembled
from simulation.events import AlertFired, AlertResolved, Escalated, ExecutionEnded, ExecutionStarted, RunbookStep
from simulation.faults.plan import FaultPlan
from simulation.history import History
from simulation.paths import ALERTS_FOLDER, RUNBOOKS_FOLDER
from simulation.progress import Silent
from simulation.run import begin, live
from simulation.run_directory import RunDirectory
from simulation.scenario.file import load_scenario
from simulation.world.monitoring.alert_rules import load_rules
from simulation.world.operator.parser import load_runbook, load_runbooks
from simulation.world.operator.runbook import Runbook

HERE = Path(__file__).parent
TROUBLES = load_scenario(HERE / "all_runbooks.yaml", runbooks=RUNBOOKS_FOLDER)
RUNBOOKS = sorted({fault.expect.runbook for fault in TROUBLES.faults if fault.expect.runbook})


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What a scenario left: its history, the platform's own record of executions and transfers, its last metrics."""

    history: History
    executions: Sequence[dict[str, object]]
    transfers: Sequence[dict[str, object]]
    metrics: str


def lived(scenario_file: Path, runbooks: Sequence[Runbook], out: Path) -> Lived:
    scenario = load_scenario(scenario_file, runbooks=RUNBOOKS_FOLDER)
    request = RunRequest(
        scenario=scenario,
        seed=1,
        plan=FaultPlan.from_scenario(scenario, 1),
        rules=load_rules(ALERTS_FOLDER),
        runbooks=runbooks,
        out=out,
    )
    with assembled(request, RunDirectory.create(out=out, scenario=scenario.name, seed=1), Silent()) as sim:
        begin(sim)
        live(sim, Silent())
        with sim.context.acting("monitor"):
            subject = sim.ops_admin.user_id
            return Lived(
                history=History(sim.recorder.events),
                executions=sim.get("/api/admin/runbooks/executions", subject=subject).json()["executions"],
                transfers=sim.get("/api/admin/payout-transfers", subject=subject).json()["payout_transfers"],
                metrics=sim.http.get("/metrics").text,
            )


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return lived(HERE / "all_runbooks.yaml", load_runbooks(RUNBOOKS_FOLDER), tmp_path_factory.mktemp("all"))


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_recovers_the_trouble_it_is_for(troubled: Lived, name: str) -> None:
    history = troubled.history
    (started,) = [event for event in history.of(ExecutionStarted) if event.runbook == name]
    (ended,) = [event for event in history.of(ExecutionEnded) if event.runbook == name]
    assert (ended.status, ended.error) == ("completed", None)
    steps = [step for step in history.of(RunbookStep) if step.execution_id == started.execution_id]
    assert any(step.writes and step.section == "recovery" for step in steps)
    assert all(step.matched for step in steps)
    (alert,) = [event for event in history.of(AlertFired) if event.runbook == name]
    assert alert.cause.startswith("fault:")
    assert [event.alert_id for event in history.of(AlertResolved) if event.alert_id == alert.alert_id]


@pytest.mark.parametrize("name", RUNBOOKS)
def test_an_execution_is_one_finished_row_at_its_last_step(troubled: Lived, name: str) -> None:
    (row,) = [row for row in troubled.executions if row["runbook_name"] == name]
    assert (row["status"], row["executed_by"]) == ("completed", "ops-user-123")
    assert (row["execution_phase"], row["phase_step"]) == ("documentation", 1)
    assert row["system_state_before"]
    assert row["system_state_after"]


def test_nothing_had_to_be_escalated(troubled: Lived) -> None:
    assert troubled.history.of(Escalated) == []


def test_a_failed_verification_takes_the_acknowledgement_back(tmp_path: Path) -> None:
    name = "destination_account_invalid"
    text = (RUNBOOKS_FOLDER / f"{name}.md").read_text()
    expected = "failed for good, acknowledged, still owed: [COUNT]\n"
    assert text.count(expected) == 1
    file = tmp_path / f"{name}.md"
    file.write_text(text.replace(expected, "something else\n"))
    left = lived(HERE / "closed_account.yaml", [load_runbook(file)], tmp_path)
    (ended,) = left.history.of(ExecutionEnded)
    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error.endswith("rolled back as the runbook says")
    assert len(left.history.of(Escalated)) == 1
    assert [step.section for step in left.history.of(RunbookStep)][-2:] == ["rollback", "escalation"]
    unacknowledged = "payout_transfers_failed_terminal_unacknowledged"
    assert f'{unacknowledged}{{failure_reason="DESTINATION_ACCOUNT_INVALID",winner="active"}} 1\n' in left.metrics
    failed = [transfer for transfer in left.transfers if transfer["status"] == "failed_terminal"]
    assert [transfer["acknowledged_at"] for transfer in failed] == [None]
    assert [row["status"] for row in left.executions] == ["failed"]
