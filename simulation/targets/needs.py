"""What scenario, target and environment ask of each other."""

from __future__ import annotations

from collections.abc import Mapping

from simulation.environment.choice import Choice
from simulation.errors import UsageError
from simulation.scenario.faults import INSIDE_KINDS, PROCESS_KINDS
from simulation.scenario.model import Scenario


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


def refuse_faults_of_our_own_process(scenario: Scenario, *, place: str) -> None:
    """For a target in processes of its own, whose insides nobody reaches.

    :raises UsageError: a fault of the scenario would have to reach into them.
    """
    for fault in scenario.faults:
        if fault.kind in INSIDE_KINDS:
            raise UsageError(
                place=place,
                problem=f"fault {fault.id} is a {fault.kind}, which only the platform that comes along can suffer: the "
                "timers of a backend in processes of its own are its own",
                remedy=f"run it without --target, or take fault {fault.id} out of a copy of the scenario",
            )


def environment_of_processes(asked: str) -> Choice:
    """Where PostgreSQL comes from for a backend in processes of its own.

    Such a backend reaches the server from a network of its own, through a Unix socket in the run's workspace.

    :raises UsageError: it is to come from a server that has none there.
    """
    if asked == "compose":
        raise UsageError(
            place="--environment compose",
            problem="a backend in processes of its own (--target) lives in a network of its own, from which the port "
            "of the service cannot be reached",
            remedy="say --environment containers, which gives the run a server of its own, or leave the option out",
        )
    if asked == "auto":
        return Choice(name="embedded", reason="auto: nothing beside a backend in processes of its own is needed for it")
    return Choice(name=asked, reason="asked for")
