"""Defects of the harness itself: a witness, a clock or a check that is broken must never look like a pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from simulation.assembly import Simulation
from simulation.checks import verdict
from simulation.checks.base import Check
from simulation.checks.evidence.case import Case
from simulation.clock import SimProcess
from simulation.clock_file import ClockFile
from simulation.events import ExecutionEnded, Observation
from simulation.history import History
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.targets.columns import plain_columns
from simulation.targets.jobs import JobDriver, Tally
from simulation.targets.queries import KEYS
from simulation.world.entrants.entrants import Entrants
from simulation.world.ports import TargetJob

DEFECTS = DefectRegistry("harness", how="witness", scenario="quiet")


@DEFECTS.sabotage(
    "witnesses_present",
    "lifecycle_order",
    origin="a replication slot that was dropped, a reader that died",
    verdict="unknown",
)
def wal_witness_silenced(patches: Patches) -> None:
    """The write-ahead log is never read."""
    patches.when_assembled(lambda sim: patches.replace(sim.wal, "collect", lambda _: patches.trigger))


@DEFECTS.sabotage(
    "witnesses_present",
    "no_database_access",
    origin="a log that was rotated away, a log level",
    verdict="unknown",
)
def access_log_silenced(patches: Patches) -> None:
    """The server's log of connections and statements is empty."""

    def empty(sim: Simulation) -> None:
        def server_log() -> Any:
            patches.trigger()
            return iter(())

        patches.replace(sim.server, "server_log", lambda _: server_log)

    patches.when_assembled(empty)


@DEFECTS.sabotage(
    "witnesses_present",
    "no_stripe_dashboard",
    origin="a proxy that was bypassed",
    verdict="unknown",
)
def stripe_journal_silenced(patches: Patches) -> None:
    """Nothing of what Stripe was asked is written down."""
    patches.when_assembled(
        lambda sim: patches.replace(sim.twin._journal, "record", lambda _: lambda *_args, **_named: patches.trigger())
    )


@DEFECTS.sabotage("witnesses_present", origin="disk full for a minute", verdict="unknown")
def event_lost_from_the_history(patches: Patches) -> None:
    """One event in the middle of the history is missing."""

    def drop(history: History) -> History:
        patches.trigger()
        middle = len(history.events) // 2
        return History((*history.events[:middle], *history.events[middle + 1 :]))

    patches.after_the_run(drop)


@DEFECTS.sabotage(
    "witnesses_present",
    "postmortem_reviewed",
    "contests_paid_out",
    origin="the harness was killed",
    how="jury",
    verdict="unknown",
)
def history_truncated(patches: Patches) -> None:
    """The history breaks off in the middle."""

    def cut(history: History) -> History:
        patches.trigger()
        return History(history.events[: len(history.events) // 2])

    patches.after_the_run(cut)


@DEFECTS.sabotage(
    "runbook_steps_exact",
    origin="a template for the record of an execution, with the last one's end left in",
    scenario="payday",
)
def execution_ends_under_another_name(patches: Patches) -> None:
    """The operator's record of an execution ends with the name of another runbook."""

    def rename(history: History) -> History:
        if history.of(ExecutionEnded):
            patches.trigger()
        return History(
            event.model_copy(update={"runbook": "another"}) if isinstance(event, ExecutionEnded) else event
            for event in history.events
        )

    patches.after_the_run(rename)


@DEFECTS.sabotage("transfers_final", origin="a query that lost its table in a refactoring", verdict="unknown")
def relation_not_observed(patches: Patches) -> None:
    """The transfers are missing from the observation."""

    def drop(history: History) -> History:
        patches.trigger()
        return History(
            event for event in history.events if not (isinstance(event, Observation) and event.relation == "transfers")
        )

    patches.after_the_run(drop)


@DEFECTS.sabotage(
    "books_match_wal",
    "append_only",
    origin="a query that was rewritten for another report",
    verdict="unknown",
)
def transfers_shown_only_computed(patches: Patches) -> None:
    """The query that shows the transfers computes all but their ids: nothing can be held against the log."""
    computed = "WITH paid AS (SELECT id, upper(s) AS status FROM p) SELECT id AS transfer_id, status FROM paid"

    def declare(sim: Simulation) -> None:
        queries = {**sim.target.relations, "transfers": computed}
        columns = {name: plain_columns(query, key=KEYS[name]) for name, query in queries.items()}
        patches.replace(
            sim.target, "governance", lambda declared: declared.model_copy(update={"observed_columns": columns})
        )
        patches.trigger()

    patches.when_assembled(declare)


@DEFECTS.sabotage(
    "books_match_wal",
    origin="a page restored from an old backup below the running server: no log has it",
    how="database",
)
def books_changed_below_the_log(patches: Patches) -> None:
    """The database shows an amount that the write-ahead log does not know."""

    def lie(sim: Simulation) -> None:
        def make(real: Any) -> Any:
            def rows(relation: str) -> Any:
                found = real(relation)
                if relation == "transfers" and found and sim.kernel.now >= sim.scenario.end:
                    patches.trigger()
                    found[0] = {**found[0], "amount_cents": found[0]["amount_cents"] + 1}
                return found

            return rows

        patches.replace(sim.observer, "rows", make)

    patches.when_assembled(lie)


@DEFECTS.sabotage("exactly_once", origin="a filter that matches nothing any more", how="jury", verdict="unknown")
def check_fed_nothing(patches: Patches) -> None:
    """A check looks at an empty list."""
    _replace_check(patches, "exactly_once", lambda *_: patches.trigger())


@DEFECTS.sabotage("expected_prizes", origin="an assumption about the data", how="jury", verdict="unknown")
def check_that_raises(patches: Patches) -> None:
    """A check breaks off with an exception."""

    def look(_case: Case, _inquiry: Any) -> None:
        patches.trigger()
        raise ZeroDivisionError("no contests")

    _replace_check(patches, "expected_prizes", look)


def _replace_check(patches: Patches, name: str, look: Any) -> None:
    def make(checks: tuple[Check, ...]) -> tuple[Check, ...]:
        return tuple(replace(check, look=look) if check.name == name else check for check in checks)

    patches.replace(verdict, "CHECKS", make)


@DEFECTS.sabotage(
    "witnesses_present",
    origin="a clock file inside a bind mount that was replaced and is not seen",
    how="environment",
    verdict="unknown",
)
def postgres_clock_ten_minutes_slow(patches: Patches) -> None:
    """PostgreSQL's clock is ten minutes slow."""

    def slow(sim: Simulation) -> None:
        class Slow:
            def __init__(self, real: ClockFile) -> None:
                self._real = real

            def show(self, instant: datetime) -> None:
                patches.trigger()
                self._real.show(instant - timedelta(minutes=10))

        sim.kernel.clock._files = tuple(map(Slow, sim.kernel.clock._files))
        sim.kernel.clock._write_files()

    patches.when_assembled(slow)


@DEFECTS.sabotage(
    "witnesses_present",
    origin="the clock library lost its file: the time stands still and every row looks plausible",
    how="environment",
)
def postgres_clock_stands_still(patches: Patches) -> None:
    """PostgreSQL's clock stops on the last afternoon."""

    def stop(sim: Simulation) -> None:
        sim.kernel.clock._files = ()
        patches.trigger()

    patches.at(day=1, hour=17, act=stop)


@DEFECTS.sabotage(
    "promised_events",
    "faults_recovered",
    origin="a fault aimed at a contest that was renamed: the test is green because nothing happened",
    scenario="payday",
    how="environment",
)
def faults_that_never_strike(patches: Patches) -> None:
    """The scenario's webhook faults never affect a webhook."""

    def make(sim: Simulation) -> None:
        def on_webhook(_: Any) -> None:
            patches.trigger()

        patches.replace(sim.injector, "on_webhook", lambda _: on_webhook)

    patches.when_assembled(make)


@DEFECTS.sabotage(
    "promised_events",
    origin="test users who lost their credentials: nobody plays, nothing can go wrong",
    how="environment",
)
def entrants_stay_away(patches: Patches) -> None:
    """Fewer people enter than the scenario promises."""

    def make(real: Any) -> Any:
        def enter(self: Any, entry: Any, contest: Any) -> Any:
            if patches.triggers:
                yield from real(self, entry, contest)
            else:
                patches.trigger()

        return enter

    patches.replace(Entrants, "_enter", make)


@DEFECTS.sabotage(
    "jobs_ran",
    origin="a timer that died with its worker; nobody restarts what nobody misses",
    how="environment",
)
def scheduler_stops(patches: Patches) -> None:
    """The settlement job is not run any more after the first day."""

    def make(real: Any) -> Any:
        def drive(self: JobDriver, job: TargetJob, tally: Tally) -> SimProcess:
            for run, step in enumerate(real(self, job, tally)):
                if job.name == "settlement" and run > 500:
                    patches.trigger()
                    return
                yield step

        return drive

    patches.replace(JobDriver, "_drive", make)
