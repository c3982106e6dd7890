"""Defects of a restore, and changes to the database that a restore could hide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import psycopg

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.contests import archive, backups
from simulation.staging.unit_of_work import UnitOfWork

DEFECTS = DefectRegistry("trail", scenario="restore")
_LOSS = {"day": 1, "hour": 11, "minute": 30}


def _restoring_other_rows(patches: Patches, alter: Callable[[Any], None]) -> None:
    """Alter the archive's rows as the restore reads them, and only there."""

    def make(real: Any) -> Any:
        def restore(*args: Any, **rest: Any) -> Any:
            opened = archive.open_archive

            def altered(archive: Any, contest_id: Any) -> Any:
                rows = {name: list(found) for name, found in opened(archive, contest_id).items()}
                alter(rows)
                patches.trigger()
                return rows

            with patch.object(backups, "open_archive", altered):
                return real(*args, **rest)

        return restore

    patches.replace(backups, "restore", make)


@DEFECTS.sabotage(
    "restored_as_it_was",
    origin="a restore by a newer version of the code, which writes today's form of a row",
)
def restore_alters_a_score(patches: Patches) -> None:
    """A row that was lost comes back with another content than it had."""

    def alter(rows: Any) -> None:
        first = rows["score_history"][0]
        rows["score_history"][0] = {**first, "scores_hash": first["scores_hash"][::-1]}

    _restoring_other_rows(patches, alter)


@DEFECTS.sabotage(
    "restored_as_it_was",
    origin="an archive of another environment, or one that somebody put a row into",
)
def restore_adds_a_row_that_was_never_there(patches: Patches) -> None:
    """A restore inserts a row that nobody lost."""

    def add(rows: Any) -> None:
        last = rows["ingestion_events"][-1]
        rows["ingestion_events"].append({**last, "id": str(uuid4()), "sequence_number": 10**9})

    _restoring_other_rows(patches, add)
    patches.replace(backups, "_refuse", lambda _: lambda *_: None)


@DEFECTS.sabotage(
    "lost_rows_restored",
    origin="a restore that counts what it read instead of what is there",
)
def restore_says_done_and_does_nothing(patches: Patches) -> None:
    """The restore answers that nothing is missing any more, and so does every later comparison."""
    done: list[bool] = []

    def restore_make(_: Any) -> Any:
        def restore(runtime: Any, _: Any, contest_id: Any, archive: Any, **__: Any) -> Any:
            done.append(True)
            patches.trigger()
            return backups.check(runtime, contest_id, archive)

        return restore

    def compare_make(real: Any) -> Any:
        def compare(*args: Any) -> Any:
            found = real(*args)
            return {name: replace(table, missing=0) for name, table in found.items()} if done else found

        return compare

    patches.replace(backups, "restore", restore_make)
    patches.replace(backups, "_compare", compare_make)


@DEFECTS.sabotage(
    "restored_as_it_was",
    "no_manual_endpoints",
    origin="somebody who knows the endpoint, and does not wait for the task",
    how="person",
)
def restored_by_hand(patches: Patches) -> None:
    """Lost rows are put back by the platform's own endpoint, before anybody opens the runbook."""
    kept: list[Any] = []

    def post(sim: Simulation, action: str, body: Any) -> Any:
        ops = sim.ops_admin.user_id
        (contest,) = sim.get("/api/admin/contests", subject=ops).json()["contests"]
        with sim.context.acting("operator"):
            path, headers = f"/api/admin/contests/{contest['id']}/{action}", sim.authorization(ops)
            return sim.http.post(path, json=body, headers=headers).json()

    def restore(sim: Simulation) -> None:
        missing = post(sim, "archive-check", kept[0])["missing"]
        body = {"archive": kept[0], "reason": "they were gone", "confirmed_missing_rows": missing}
        if post(sim, "restore", body).get("success"):
            patches.trigger()

    patches.at(day=1, hour=10, act=lambda sim: kept.append(post(sim, "export", {"reason": "to be sure"})))
    patches.at(day=1, hour=12, act=restore)


def _by_maintenance(sim: Simulation, *statements: str) -> None:
    with psycopg.connect(sim.database.conninfo("maintenance", application="storage-repair")) as session:
        for statement in statements:
            session.execute(statement.encode())


@DEFECTS.sabotage(
    "append_only",
    "restored_as_it_was",
    origin="a clean-up job whose WHERE is wrong in a second place, which nobody looks at after the first is found",
    how="database",
)
def more_is_lost_than_the_fault_took(patches: Patches) -> None:
    """At the instant of the loss half of a booking goes as well, by the same role; the restore brings it back."""

    def delete(sim: Simulation) -> None:
        _by_maintenance(
            sim,
            "SET LOCAL session_replication_role = replica",
            "DELETE FROM ledger WHERE sequence_number = 2",
        )
        patches.trigger()

    patches.at(**_LOSS, act=delete)


@DEFECTS.sabotage(
    "no_database_access",
    origin="the host's own login to the database, used once more to have a look",
    how="database",
)
def maintenance_comes_again(patches: Patches) -> None:
    """The role of the host's scripts reads the database, long after the fault."""

    def look(sim: Simulation) -> None:
        _by_maintenance(sim, "SELECT count(*) FROM ledger")
        patches.trigger()

    patches.at(day=1, hour=15, act=look)


@DEFECTS.sabotage("values_as_declared", origin="the sum made after the loop had emptied it")
def restore_recorded_without_what_it_restored(patches: Patches) -> None:
    """A restore brings the lost rows back, and its record says that there were none."""

    def make(real: Any) -> Any:
        def record(work: Any, contest_id: Any, *, action: str, **rest: Any) -> Any:
            if action == "contest_restored":
                patches.trigger()
                rest["payload"] = {"restored": {}}
            return real(work, contest_id, action=action, **rest)

        return record

    patches.replace(UnitOfWork, "record_contest_action", make)
