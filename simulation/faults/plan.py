"""The concrete faults of a run: what the seed made of the scenario's faults, as data that a run can be started from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from simulation.documents.refusal import refused, suggest
from simulation.documents.strict import Instant, refusal
from simulation.documents.yaml import read_yaml
from simulation.errors import UsageError
from simulation.events import FaultScheduled
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import KINDS, kind_of
from simulation.scenario.model import Scenario


class FaultPlan(BaseModel):
    """The whole schedule of a run, ordered by start and id."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    window_start: Instant
    faults: tuple[PlannedFault, ...] = ()

    @field_validator("faults")
    @classmethod
    def _kinds_are_known(cls, faults: tuple[PlannedFault, ...]) -> tuple[PlannedFault, ...]:
        for index, fault in enumerate(faults):
            if fault.kind not in KINDS:
                raise refusal(
                    f"{fault.kind!r} is none of the known values",
                    remedy=suggest(fault.kind, list(KINDS)),
                    path=(index, "kind"),
                )
        return faults

    @classmethod
    def from_scenario(cls, scenario: Scenario, seed: int) -> FaultPlan:
        """What the scenario's faults are in a run with this seed."""
        planned = [fault.planned(scenario, seed) for fault in scenario.faults]
        return cls(
            window_start=scenario.start,
            faults=tuple(sorted(planned, key=lambda fault: (fault.starts_at, fault.fault_id))),
        )

    @property
    def scheduled(self) -> tuple[FaultScheduled, ...]:
        """One event for each fault, to be recorded when the run starts."""
        return tuple(scheduled(fault) for fault in self.faults)

    def healthy_at(self) -> datetime:
        """When all of it should be over, as far as it is known beforehand."""
        return max([self.window_start, *(fault.over_by for fault in self.faults)])

    def to_json(self) -> str:
        return self.model_dump_json(indent=2) + "\n"


def scheduled(fault: PlannedFault) -> FaultScheduled:
    """The event that announces a fault."""
    expectation: Literal["self_heals", "runbook", "terminal"] = (
        "terminal" if fault.expect.terminal else "runbook" if fault.expect.runbook else "self_heals"
    )
    kind = kind_of(fault)
    return FaultScheduled(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        title=kind.title,
        starts_at=fault.starts_at,
        ends_at=fault.ends_at,
        keys=kind.keys(fault),
        expectation=expectation,
        runbook=fault.expect.runbook,
        reason=fault.expect.terminal,
    )


def load_plan(file: Path, scenario: Scenario) -> FaultPlan:
    """Read the schedule that a run of ``scenario`` left. JSON is YAML, which remembers its lines.

    :raises UsageError: no such file, no schedule in it, or a fault of something the scenario does not have.
    """
    document = read_yaml(file)
    try:
        plan = FaultPlan.model_validate(document.value, context={"start": scenario.start})
    except ValidationError as error:
        raise refused(document, error, FaultPlan) from error
    known = {
        "contest": [contest.key for contest in scenario.contests],
        "tournament": list(scenario.tournaments),
    }
    unknown = []
    for index, fault in enumerate(plan.faults):
        for name, aim in (("contest", fault.contest), ("tournament", fault.tournament)):
            if aim is not None and aim not in known[name]:
                problem = f"fault {fault.fault_id}: {scenario.name} has no {name} {aim!r}"
                where = ("faults", index, name)
                unknown.append(document.error(where, problem=problem, remedy=suggest(aim, known[name])))
    if unknown:
        raise UsageError.of(unknown)
    return plan
