"""Which faults at a statement a backend in processes of its own can suffer, by what its ``target.toml`` says."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.errors import UsageError
from simulation.scenario.faults.concurrency import AGAIN, TwoAtOnce
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.targets.process.target_file import TargetFile

LONGEST_AWAITED_SECONDS = 900
"""Of a job's interval: for so long a statement can be held back until the job's timer fires."""


def refuse_unknown_statements(faults: Sequence[Fault], *, file: TargetFile, place: str) -> None:
    """:param file: of the target. :param place: of the scenario, for the error.

    :raises UsageError: a fault strikes a job whose statements nobody knows, or wants one to run that cannot.
    """
    refused = []
    for fault in faults:
        if isinstance(fault, StatementFault) and (why := _why_not(fault, file)):
            problem, remedy = why
            told = f"fault {fault.id} is a {fault.kind}, {problem}"
            refused.append(UsageError(place=place, problem=told, remedy=remedy))
    if refused:
        raise UsageError.of(refused)


def _why_not(fault: StatementFault, file: TargetFile) -> tuple[str, str] | None:
    """What keeps the fault from striking, and the remedy."""
    known = {job.name: job.interval_seconds for job in file.job if job.seen_in_sql is not None}
    job = None if " " in fault.transaction else fault.transaction
    if job is not None and job not in known:
        return _unknown(job)
    if not isinstance(fault, TwoAtOnce):
        return None
    other = fault.other if fault.other != AGAIN else job
    if other is not None and other not in known:
        return _unknown(other)
    by_cron = {table.name for table in file.job if table.run is not None} & {job, other}
    if by_cron:
        return (
            f"and {min(by_cron)} is started by cron, which starts nothing while somebody else is at work",
            "name a job that a timer of the backend starts, or a request",
        )
    if fault.waits:
        return (
            "which keeps a timer back (waits: 1); the timers of a backend in processes of its own are its own",
            "leave waits out: the other one begins when its timer fires next",
        )
    if other is not None and (known[other] or LONGEST_AWAITED_SECONDS + 1) > LONGEST_AWAITED_SECONDS:
        return (
            f"and a statement cannot be held back until {other} runs next",
            f"name a job with interval_seconds, {LONGEST_AWAITED_SECONDS} at most",
        )
    if job is not None and not any(table.replica for table in file.process):
        return (
            f"which needs a second replica of the program that runs {job}, and none is declared",
            "write replica = true into that [[process]], if it may run twice",
        )
    return None


def _unknown(job: str) -> tuple[str, str]:
    return (
        f"and target.toml does not say by which SQL its job {job} is known",
        "write seen_in_sql into the [[job]], or strike a request",
    )
