"""A run's ``faults.json`` as the schedule of another run: read, and refused where it does not fit the scenario."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from simulation.faults.schedule import FaultPlan
from simulation.refusal import refused, suggest
from simulation.scenario.model import Scenario
from simulation.yaml_marks import read_yaml


def load_plan(file: Path, scenario: Scenario) -> FaultPlan:
    """Read the schedule that a run of ``scenario`` left. JSON is YAML, which remembers its lines.

    :raises UsageError: no such file, no schedule in it, or a fault of something the scenario does not have.
    """
    document = read_yaml(file)
    try:
        plan = FaultPlan.model_validate(document.value)
    except ValidationError as error:
        raise refused(document, error, FaultPlan) from error
    known = {
        "contest": [contest.key for contest in scenario.contests],
        "tournament": list(scenario.tournaments),
    }
    for index, fault in enumerate(plan.faults):
        for name, aim in (("contest", fault.contest), ("tournament", fault.tournament)):
            if aim is not None and aim not in known[name]:
                raise document.error(
                    ("faults", index, name),
                    problem=f"fault {fault.fault_id}: {scenario.name} has no {name} {aim!r}",
                    remedy=suggest(aim, known[name]),
                )
    return plan
