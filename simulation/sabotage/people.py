"""What people do who should be absent, or should only follow a runbook."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from simulation.clock import SimProcess
from simulation.sabotage.entry import Shelf
from simulation.sabotage.intruder import open_session, run, superuser
from simulation.sabotage.plot import Plot
from simulation.stage import Stage
from simulation.world.operator.execution import Execution
from simulation.world.operator.robot import OperatorRobot
from simulation.world.stripe.twin import API_URL

SHELF = Shelf("people", how="person", scenario="quiet")

# --- at the database -------------------------------------------------------------------------------------------------


@SHELF.sabotage(
    "no_database_access",
    origin="a psql session left open in a terminal, with a grant of its own that nobody remembered to revoke",
)
def founder_reads_the_database(plot: Plot) -> None:
    """The founder looks at the ledger and changes nothing."""

    def open_early(on: Stage) -> None:
        superuser(on, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO founder")
        session = open_session(on, "founder")
        plot.finally_(session.close)
        act_at(plot, on, day=1, hour=3, act=lambda: run(session, "SELECT count(*) FROM ledger"))

    plot.when_staged(open_early)


@SHELF.sabotage(
    "founder_revoked",
    origin="the revocation script ended with an error that nobody read",
    how="environment",
)
def founder_was_never_revoked(plot: Plot) -> None:
    """The founder's and the superuser's roles can still log in."""

    def keep(on: Stage) -> None:
        plot.replace(on.server, "revoke_founder", lambda _: plot.trigger)

    plot.when_staged(keep)


def _with_a_superuser_session(plot: Plot, *statements: str, day: int = 1, hour: int = 3) -> None:
    """A superuser's session from before the absence runs ``statements`` in the middle of it."""

    def open_early(on: Stage) -> None:
        session = open_session(on, "superuser")
        plot.finally_(session.close)

        def act() -> None:
            for statement in statements:
                run(session, statement)

        act_at(plot, on, day=day, hour=hour, act=act)

    plot.when_staged(open_early)


@SHELF.sabotage(
    "no_database_access",
    "append_only",
    "audit_completeness",
    origin="a wrong amount, repaired quickly with session_replication_role = replica",
    how="database",
)
def superuser_repairs_a_row_with_triggers_disabled(plot: Plot) -> None:
    """A ledger row is changed by hand, with the triggers out of the way."""
    _with_a_superuser_session(
        plot,
        "SET session_replication_role = replica",
        "UPDATE ledger SET amount_cents = amount_cents + 1 WHERE sequence_number = 1",
        "RESET session_replication_role",
    )


@SHELF.sabotage(
    "append_only",
    "no_database_access",
    origin="a reason that reads badly in a dispute, improved afterwards",
    how="database",
)
def audit_row_edited(plot: Plot) -> None:
    """An audit record's reason is changed."""
    _with_a_superuser_session(
        plot,
        "SET session_replication_role = replica",
        "UPDATE audit_log SET reason = 'as agreed' WHERE sequence_number = 5",
        "RESET session_replication_role",
    )


@SHELF.sabotage(
    "append_only",
    "no_database_access",
    "audit_completeness",
    origin="a clean-up of test rows that were not test rows",
    how="database",
)
def audit_row_deleted(plot: Plot) -> None:
    """A row of a contest's trail is deleted."""
    _with_a_superuser_session(
        plot,
        "SET session_replication_role = replica",
        "DELETE FROM admin_contest_audit WHERE sequence_number = 2",
        "RESET session_replication_role",
    )


@SHELF.sabotage(
    "double_entry",
    "append_only",
    "no_database_access",
    origin="half of a booking removed because its total looked twice as high as it should",
    how="database",
)
def half_a_booking_deleted(plot: Plot) -> None:
    """One row of a double entry is deleted."""
    _with_a_superuser_session(
        plot,
        "SET session_replication_role = replica",
        "DELETE FROM ledger WHERE sequence_number = 2",
        "RESET session_replication_role",
        hour=20,
    )


@SHELF.sabotage("nothing_deployed", "no_database_access", origin="a hotfix column, added live", how="database")
def column_added(plot: Plot) -> None:
    """A table gets a column."""
    _with_a_superuser_session(plot, "ALTER TABLE users ADD COLUMN note text")


@SHELF.sabotage("nothing_deployed", "no_database_access", origin="a slow query, an index made at once", how="database")
def index_added(plot: Plot) -> None:
    """A table gets an index."""
    _with_a_superuser_session(plot, "CREATE INDEX ledger_by_day ON ledger (created_at)")


@SHELF.sabotage(
    "nothing_deployed", "no_database_access", origin="a permission error in the log, granted away", how="database"
)
def new_grant(plot: Plot) -> None:
    """The platform's role may now change what it could only add to."""
    _with_a_superuser_session(plot, "GRANT UPDATE, DELETE ON ledger TO platform")


@SHELF.sabotage(
    "nothing_deployed", "no_database_access", origin="tuning under load: a setting changed and reloaded", how="database"
)
def database_setting_changed(plot: Plot) -> None:
    """A setting of PostgreSQL is changed and loaded."""
    _with_a_superuser_session(plot, "ALTER SYSTEM SET default_statistics_target = 500", "SELECT pg_reload_conf()")


# --- at the admin's endpoints ----------------------------------------------------------------------------------------


@SHELF.sabotage(
    "founder_revoked",
    "no_manual_endpoints",
    origin="tokens that stay valid until they expire, whatever becomes of the account",
)
def founders_token_still_works(plot: Plot) -> None:
    """The founder's admin token is never revoked, and is used."""

    def keep(on: Stage) -> None:
        founder = on.founder_admin.user_id
        path = f"/api/admin/users/{founder}/revoke-admin"
        real_post = on.http.post

        def post(url: str, **rest: Any) -> Any:
            return on.http.get("/health") if url == path else real_post(url, **rest)

        plot.replace(on.http, "post", lambda _: post)

        def look() -> None:
            with on.context.acting("founder"):
                on.get("/api/admin/contests", subject=founder)

        act_at(plot, on, day=1, hour=4, act=look)

    plot.when_staged(keep)


@SHELF.sabotage(
    "no_manual_endpoints",
    origin="an impatient colleague with an admin token and a terminal",
)
def scheduler_triggered_outside_a_runbook(plot: Plot) -> None:
    """The payout scheduler is run by hand although no alert calls for it."""

    def by_hand(on: Stage) -> None:
        plot.trigger()
        with on.context.acting("operator"):
            on.http.post("/api/admin/diagnostics/run-payout-scheduler", headers=on.authorization(on.ops_admin.user_id))

    plot.at(day=1, hour=5, act=by_hand)


# --- at the Stripe dashboard -----------------------------------------------------------------------------------------


def _dashboard(on: Stage, path: str, form: dict[str, str]) -> int:
    origins = on.twin._entrance._origins
    key = next(key for key, origin in origins.items() if origin == "dashboard")
    return on.twin.handle(
        method="POST",
        url=f"{API_URL}{path}",
        headers={"Authorization": f"Bearer {key}"},
        body=urlencode(form).encode(),
    ).status


def _paid(on: Stage) -> dict[str, Any]:
    return next(row for row in on.observer.rows("payments") if row["status"] == "SUCCEEDED")


@SHELF.sabotage(
    "no_stripe_dashboard",
    origin="a customer writes to support, support presses the button",
)
def refund_from_the_dashboard(plot: Plot) -> None:
    """A payment is refunded from the Stripe dashboard."""

    def refund(on: Stage) -> None:
        if _dashboard(on, "/v1/refunds", {"payment_intent": str(_paid(on)["stripe_payment_intent_id"])}) == 200:
            plot.trigger()

    plot.at(day=0, hour=20, act=refund)


@SHELF.sabotage(
    "no_stripe_dashboard",
    "three_way_reconciliation",
    origin="a winner who waits, paid by hand beside the platform",
)
def transfer_from_the_dashboard(plot: Plot) -> None:
    """A prize is transferred from the Stripe dashboard."""

    def pay(on: Stage) -> None:
        entry = on.observer.rows("entries")[0]
        account = {row["user_id"]: row["stripe_account_id"] for row in on.observer.rows("users")}[entry["user_id"]]
        form = {
            "amount": "700",
            "currency": "usd",
            "destination": str(account),
            "metadata[contest_id]": str(entry["contest_id"]),
            "metadata[user_id]": str(entry["user_id"]),
        }
        if _dashboard(on, "/v1/transfers", form) == 200:
            plot.trigger()

    plot.at(day=1, hour=2, minute=30, act=pay)


@SHELF.sabotage("no_stripe_dashboard", origin="an endpoint moved to another server, by hand")
def endpoint_changed(plot: Plot) -> None:
    """The webhook endpoint is edited in the Stripe dashboard."""

    def change(on: Stage) -> None:
        endpoint = next(iter(on.twin._store.webhook_endpoints)).id
        if _dashboard(on, f"/v1/webhook_endpoints/{endpoint}", {"description": "moved"}) == 200:
            plot.trigger()

    plot.at(day=0, hour=20, act=change)


# --- at the deployment -----------------------------------------------------------------------------------------------


@SHELF.sabotage("nothing_deployed", origin="a variable set in the hosting console", how="environment")
def environment_variable_changed(plot: Plot) -> None:
    """A variable of the environment is set mid-run."""
    name = "PAYOUTS_PAUSED"

    def change(_: Stage) -> None:
        os.environ[name] = "false"
        plot.finally_(lambda: os.environ.pop(name, None))
        plot.trigger()

    plot.at(day=0, hour=20, act=change)


@SHELF.sabotage("nothing_deployed", origin="a file edited on the server", how="environment")
def code_file_changed(plot: Plot) -> None:
    """A file of the platform's code changes mid-run."""

    def add(on: Stage) -> None:
        file = _scratch(plot) / "hotfix.py"
        file.write_text("PAUSED = False\n")
        plot.replace(on.target, "code_files", lambda real: lambda: [*real(), file])
        act_at(plot, on, day=0, hour=20, act=lambda: file.write_text("PAUSED = True\n"))

    plot.when_staged(add)


@SHELF.sabotage("nothing_deployed", origin="a runbook corrected while it is in force", how="environment")
def runbook_changed(plot: Plot) -> None:
    """The text of a runbook changes mid-run."""

    def add(on: Stage) -> None:
        file = _scratch(plot) / "improvised.md"
        file.write_text("# As agreed\n")
        plot.replace(on.fingerprints, "_runbooks", lambda real: (*real, file))
        act_at(plot, on, day=0, hour=20, act=lambda: file.write_text("# As agreed by telephone\n"))

    plot.when_staged(add)


@SHELF.sabotage("nothing_deployed", origin="a feature flag flipped from afar", how="environment")
def configuration_changed(plot: Plot) -> None:
    """A setting of the platform changes mid-run."""

    def change(on: Stage) -> None:
        plot.replace(on.target, "configuration", lambda real: lambda: {**real(), "payout_jobs_per_run": "changed"})
        plot.trigger()

    plot.at(day=0, hour=20, act=change)


# --- at the operator's desk ------------------------------------------------------------------------------------------


@SHELF.sabotage(
    "runbook_steps_exact",
    origin="experience: one more request than the page says",
    scenario="payday",
)
def operator_improvises_a_step(plot: Plot) -> None:
    """Within an execution the operator makes a request that no step documents."""

    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            difference = yield from real(self, step)
            if not plot.triggers:
                plot.trigger()
                with self._acting_at_terminal():
                    self._trail._client.post(
                        "/api/admin/diagnostics/run-ingestion-poller",
                        headers={"Authorization": f"Bearer {self._trail._token}", "X-Request-Id": "improvised-1"},
                    )
            return difference

        return perform

    plot.replace(Execution, "_perform", make)


@SHELF.sabotage(
    "runbook_steps_exact",
    "no_escalation",
    origin="a runbook written for the version before",
    scenario="payday",
)
def runbook_that_does_not_work(plot: Plot) -> None:
    """A step, carried out as documented, answers otherwise than documented."""
    _expect_otherwise(plot)


def _expect_otherwise(plot: Plot) -> None:
    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            if step.number == 2:
                plot.trigger()
                step = dataclasses.replace(step, expected=("as it was in the old version",))
            return (yield from real(self, step))

        return perform

    plot.replace(Execution, "_perform", make)


@SHELF.sabotage(
    "failures_escalated",
    "runbook_steps_exact",
    origin="an operator who does not want to wake anybody",
    scenario="payday",
)
def failure_not_escalated(plot: Plot) -> None:
    """An execution fails and nobody is told."""
    _expect_otherwise(plot)

    def gag(on: Stage) -> None:
        def make(real: Any) -> Any:
            def record(event: Any, **rest: Any) -> Any:
                return event if event.kind == "escalated" else real(event, **rest)

            return record

        plot.replace(on.recorder, "record", make)

    plot.when_staged(gag)


@SHELF.sabotage(
    "alerts_answered",
    "faults_recovered",
    "runbooks_rehearsed",
    origin="alerts into a channel that everybody has muted",
    scenario="payday",
)
def alerts_ignored(plot: Plot) -> None:
    """Alerts fire and nobody opens a runbook."""
    plot.replace(OperatorRobot, "on_alert", lambda _: lambda *_args: plot.trigger())


def act_at(plot: Plot, on: Stage, *, day: int, hour: int, act: Callable[[], object]) -> None:
    """Like ``plot.at``, for acts that need what was opened when the stage was set."""

    def process() -> SimProcess:
        yield on.kernel.until(on.scenario.start + timedelta(days=day, hours=hour))
        act()
        plot.trigger()

    on.kernel.spawn(process())


def _scratch(plot: Plot) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="sabotage-")
    plot.finally_(folder.cleanup)
    return Path(folder.name)
