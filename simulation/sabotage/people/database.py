"""People who use the database directly: a founder who reads, a superuser who changes rows."""

from __future__ import annotations

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS
from simulation.sabotage.superuser import open_session, run, superuser


@DEFECTS.sabotage(
    "no_database_access",
    origin="a psql session left open in a terminal, with a grant of its own that nobody remembered to revoke",
)
def founder_reads_the_database(patches: Patches) -> None:
    """The founder looks at the ledger and changes nothing."""

    def open_early(sim: Simulation) -> None:
        superuser(sim, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO founder")
        session = open_session(sim, "founder")
        patches.finally_(session.close)
        patches.later(sim, day=1, hour=3, act=lambda: run(session, "SELECT count(*) FROM ledger"))

    patches.when_assembled(open_early)


@DEFECTS.sabotage(
    "founder_revoked",
    origin="the revocation script ended with an error that nobody read",
    how="environment",
)
def founder_was_never_revoked(patches: Patches) -> None:
    """The founder's and the superuser's roles can still log in."""

    def keep(sim: Simulation) -> None:
        patches.replace(sim.server, "revoke_founder", lambda _: patches.trigger)

    patches.when_assembled(keep)


def _with_a_superuser_session(patches: Patches, *statements: str, day: int = 1, hour: int = 3) -> None:
    """A superuser's session from before the absence runs ``statements`` in the middle of it."""

    def open_early(sim: Simulation) -> None:
        session = open_session(sim, "superuser")
        patches.finally_(session.close)

        def act() -> None:
            for statement in statements:
                run(session, statement)

        patches.later(sim, day=day, hour=hour, act=act)

    patches.when_assembled(open_early)


@DEFECTS.sabotage(
    "no_database_access",
    "append_only",
    "audit_completeness",
    origin="a wrong amount, repaired quickly with session_replication_role = replica",
    how="database",
)
def superuser_repairs_a_row_with_triggers_disabled(patches: Patches) -> None:
    """A ledger row is changed by hand, with the triggers out of the way."""
    _with_a_superuser_session(
        patches,
        "SET session_replication_role = replica",
        "UPDATE ledger SET amount_cents = amount_cents + 1 WHERE sequence_number = 1",
        "RESET session_replication_role",
    )


@DEFECTS.sabotage(
    "append_only",
    "no_database_access",
    origin="a reason that reads badly in a dispute, improved afterwards",
    how="database",
)
def audit_row_edited(patches: Patches) -> None:
    """An audit record's reason is changed."""
    _with_a_superuser_session(
        patches,
        "SET session_replication_role = replica",
        "UPDATE audit_log SET reason = 'as agreed' WHERE sequence_number = 5",
        "RESET session_replication_role",
    )


@DEFECTS.sabotage(
    "append_only",
    "no_database_access",
    "audit_completeness",
    origin="a clean-up of test rows that were not test rows",
    how="database",
)
def audit_row_deleted(patches: Patches) -> None:
    """A row of a contest's trail is deleted."""
    _with_a_superuser_session(
        patches,
        "SET session_replication_role = replica",
        "DELETE FROM admin_contest_audit WHERE sequence_number = 2",
        "RESET session_replication_role",
    )


@DEFECTS.sabotage(
    "double_entry",
    "append_only",
    "no_database_access",
    origin="half of a booking removed because its total looked twice as high as it should",
    how="database",
)
def half_a_booking_deleted(patches: Patches) -> None:
    """One row of a double entry is deleted."""
    _with_a_superuser_session(
        patches,
        "SET session_replication_role = replica",
        "DELETE FROM ledger WHERE sequence_number = 2",
        "RESET session_replication_role",
        hour=20,
    )


@DEFECTS.sabotage("nothing_deployed", "no_database_access", origin="a hotfix column, added live", how="database")
def column_added(patches: Patches) -> None:
    """A table gets a column."""
    _with_a_superuser_session(patches, "ALTER TABLE users ADD COLUMN note text")


@DEFECTS.sabotage("nothing_deployed", "no_database_access", origin="a slow query, an index at once", how="database")
def index_added(patches: Patches) -> None:
    """A table gets an index."""
    _with_a_superuser_session(patches, "CREATE INDEX ledger_by_day ON ledger (created_at)")


@DEFECTS.sabotage(
    "nothing_deployed", "no_database_access", origin="a permission error in the log, granted away", how="database"
)
def new_grant(patches: Patches) -> None:
    """The platform's role may now change what it could only add to."""
    _with_a_superuser_session(patches, "GRANT UPDATE, DELETE ON ledger TO platform")


@DEFECTS.sabotage(
    "nothing_deployed", "no_database_access", origin="tuning under load: a setting changed and reloaded", how="database"
)
def database_setting_changed(patches: Patches) -> None:
    """A setting of PostgreSQL is changed and loaded."""
    _with_a_superuser_session(patches, "ALTER SYSTEM SET default_statistics_target = 500", "SELECT pg_reload_conf()")
