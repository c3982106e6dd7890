"""Faults that the world carries out by itself find their victim and leave other people's affairs alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulation.faults.plan import FaultPlan
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from simulation.scenario.settings import OperatorTask
from tests.unit.faults.kinds import fault

SHORTAGE, LOCKED_OUT = "database_connection_failure", "authentication_service_unavailable"
RUNBOOKS = frozenset({SHORTAGE, LOCKED_OUT, "contest_lock_failed", "restart_services"})


@pytest.fixture
def scenario() -> Scenario:
    return load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml").model_copy(update={"faults": ()})


def shortage(scenario: Scenario, *, hours: float = 2, minutes: int = 120, name: str = "report") -> Fault:
    return fault(
        "database_connections_exhausted",
        id=name,
        at=scenario.start + timedelta(hours=hours),
        minutes=minutes,
        expect=Expectation(runbook=SHORTAGE),
    )


def outage(scenario: Scenario, *, hours: float = 2, minutes: int = 120, name: str = "outage") -> Fault:
    return fault(
        "authentication_outage",
        id=name,
        at=scenario.start + timedelta(hours=hours),
        minutes=minutes,
        expect=Expectation(runbook=LOCKED_OUT),
    )


def problems(scenario: Scenario, *faults: Fault, **changes: Any) -> list[str]:
    changed = scenario.model_copy(update={"faults": faults, **changes})
    return [rule.problem for rule in broken_fault_rules(changed, runbooks=RUNBOOKS)]


def test_a_shortage_of_connections_is_planned_for_its_window(scenario: Scenario) -> None:
    report = shortage(scenario)
    assert problems(scenario, report) == []
    (planned,) = FaultPlan.from_scenario(scenario.model_copy(update={"faults": (report,)}), 1).faults
    begins, ends = (scenario.start + timedelta(hours=hours) for hours in (2, 4))
    assert (planned.starts_at, planned.ends_at) == (begins, ends)


def test_a_shortage_must_last_until_somebody_can_have_answered(scenario: Scenario) -> None:
    (problem,) = problems(scenario, shortage(scenario, minutes=59))
    assert "may be over before anybody has answered" in problem


def test_a_shortage_lies_within_the_run(scenario: Scenario) -> None:
    (problem,) = problems(scenario, shortage(scenario, hours=24 * scenario.days - 1))
    assert "not within the run" in problem


def test_a_shortage_leaves_other_sessions_of_the_role_alone(scenario: Scenario) -> None:
    contest = scenario.contests[0]
    hours = (contest.lock - scenario.start) / timedelta(hours=1) - 0.5
    held = fault(
        "contest_row_held",
        id="held",
        contest=contest.key,
        minutes=60,
        expect=Expectation(runbook="contest_lock_failed"),
    )
    (problem,) = problems(scenario, held, shortage(scenario, hours=hours))
    assert "leaves no connection for fault held" in problem
    twice = (shortage(scenario), shortage(scenario, hours=3, name="again"))
    (problem,) = problems(scenario, *twice)
    assert "leaves no connection for fault report" in problem


def test_a_shortage_leaves_tasks_alone_that_start_the_platform_anew(scenario: Scenario) -> None:
    task = OperatorTask(at=scenario.start + timedelta(hours=3), runbook="restart_services")
    operator = scenario.operator.model_copy(update={"tasks": (task,)})
    (problem,) = problems(scenario, shortage(scenario), operator=operator)
    assert "leaves no connection for the task restart_services" in problem


def test_an_outage_of_authentication_may_meet_a_shortage_of_connections(scenario: Scenario) -> None:
    assert problems(scenario, outage(scenario), shortage(scenario)) == []


def test_an_outage_of_authentication_is_met_and_answered_within_the_run(scenario: Scenario) -> None:
    (problem,) = problems(scenario, outage(scenario, minutes=30))
    assert "may be over before anybody has answered" in problem
    (problem,) = problems(scenario, outage(scenario, hours=24 * scenario.days - 1))
    assert "not within the run" in problem


def test_an_outage_of_authentication_leaves_tasks_and_other_outages_alone(scenario: Scenario) -> None:
    task = OperatorTask(at=scenario.start + timedelta(hours=3), runbook="restart_services")
    operator = scenario.operator.model_copy(update={"tasks": (task,)})
    (problem,) = problems(scenario, outage(scenario), operator=operator)
    assert "lets nobody in for the task restart_services" in problem
    (problem,) = problems(scenario, outage(scenario), outage(scenario, hours=3, name="again"))
    assert "lets nobody in for fault outage" in problem
