"""What a scenario asks of the target that it is run against."""

from __future__ import annotations

from collections.abc import Mapping

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


def refuse_losses(scenario: Scenario, *, tables: Mapping[str, str], place: str) -> None:
    """For a target whose file says where a contest's scores are: without that nothing of them can be lost.

    :param tables: of the scores, by the target's own names.
    :raises UsageError: a fault of the scenario takes rows from them, and there are none.
    """
    for fault in scenario.faults:
        if fault.kind == "contest_rows_lost" and not tables:
            raise UsageError(
                place=place,
                problem=f"fault {fault.id} is a {fault.kind}, and the target does not say which tables hold the scores",
                remedy="write contest_score_tables and restore_request into [governance] of its target.toml, or leave "
                "the fault out",
            )
