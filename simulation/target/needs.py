"""What a scenario asks of the target that it is run against."""

from __future__ import annotations

from simulation.errors import UsageError
from simulation.scenario import Scenario
from simulation.scenario_faults import PROCESS_KINDS


def refuse_process_faults(scenario: Scenario, *, place: str) -> None:
    """For a target that lives in the simulation's own process and cannot be killed without it.

    :raises UsageError: a fault of the scenario kills the platform's programs.
    """
    for fault in scenario.faults:
        if fault.kind in PROCESS_KINDS:
            raise UsageError(
                place=place,
                problem=f"fault {fault.id} is a {fault.kind}, which kills the platform's programs; the platform that "
                "comes along lives in the simulation's own",
                remedy="run it against a backend in processes of its own: --target fixtures/targets/staging",
            )
