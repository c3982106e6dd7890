"""Defects of the dashboards: a page that looks right and shows something false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from werkzeug.exceptions import abort

from simulation.paths import RUNBOOKS_FOLDER, runbook_files
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.alerts import Alerts, HostedAlerting
from simulation.staging.database import Database
from simulation.staging.operations.dashboards import Dashboards
from simulation.staging.operations.runbook_texts import RunbookTexts
from simulation.staging.service_levels import Rate
from simulation.world.operator.execution import Execution

DEFECTS = DefectRegistry("trail")


def _altered(patches: Patches, page: str, alter: Callable[[Any], bool]) -> None:
    """``alter`` changes a page before it is sent and says whether there was anything to change."""

    def make(real: Any) -> Any:
        def show(self: Any) -> Any:
            shown = real(self)
            if alter(shown):
                patches.trigger()
            return shown

        return show

    patches.replace(Dashboards, page, make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a cache in front of an expensive page, with a lifetime that nobody remembers",
)
def dashboard_page_from_a_cache(patches: Patches) -> None:
    """The operational page is the first one ever made, for the rest of the run."""
    kept: list[Any] = []

    def make(real: Any) -> Any:
        def show(self: Any) -> Any:
            if kept:
                patches.trigger()
            else:
                kept.append(real(self))
            return kept[0]

        return show

    patches.replace(Dashboards, "operational", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a page cached but for its clock: it looks alive",
)
def dashboard_numbers_stand_still(patches: Patches) -> None:
    """The counts on the operational page never change, the time on it does."""
    kept: list[Any] = []

    def freeze(page: Any) -> bool:
        if not kept:
            kept.append(dict(page["contests"]))
        changed: bool = page["contests"] != kept[0]
        page["contests"] = dict(kept[0])
        return changed

    _altered(patches, "operational", freeze)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="the alert list filtered by a severity that was renamed",
)
def dashboard_without_critical_alerts(patches: Patches) -> None:
    """Critical alerts are missing from the operational page."""

    def make(real: Any) -> Any:
        def alerts(self: Any) -> Any:
            told = real(self)
            rest = tuple(alert for alert in told.active if alert.severity != "critical")
            if len(rest) < len(told.active):
                patches.trigger()
            return Alerts(status=told.status, active=rest)

        return alerts

    patches.replace(HostedAlerting, "alerts", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a timeout of the monitoring shown as an empty list: all is well, because nobody answers",
)
def dashboard_takes_no_answer_for_no_alerts(patches: Patches) -> None:
    """The monitoring cannot be reached, and the page shows no alert at all."""

    def make(_real: Any) -> Any:
        def alerts(_self: Any) -> Any:
            patches.trigger()
            return Alerts(status="ok")

        return alerts

    patches.replace(HostedAlerting, "alerts", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    scenario="killed",
    origin="the proxy in front of the page gives up on it, at any hour: it looks like a restart, and is none",
)
def dashboard_not_answered(patches: Patches) -> None:
    """The operational page is never answered (502), whether a fault has killed the platform in that second or not."""

    def make(_real: Any) -> Any:
        def show(_self: Any) -> Any:
            patches.trigger()
            abort(502)

        return show

    patches.replace(Dashboards, "operational", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a status column read where the stage was meant",
)
def dashboard_shows_the_wrong_stage(patches: Patches) -> None:
    """A contest that is locked or live is shown as still scheduled."""

    def rename(page: Any) -> bool:
        wrong = [row for row in page["contests"] if row["stage"] in ("LOCKED", "LIVE")]
        for row in wrong:
            row["stage"] = "SCHEDULED"
        return bool(wrong)

    _altered(patches, "contest_status", rename)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="an inner join that loses contests without entries",
)
def dashboard_misses_a_contest(patches: Patches) -> None:
    """One active contest is not on the page."""
    _altered(patches, "contest_status", lambda page: bool(page["contests"] and page["contests"].pop()))


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="lag measured from the last attempt instead of the last success",
    scenario="scores",
)
def dashboard_hides_the_lag(patches: Patches) -> None:
    """The scores of a tournament whose provider is down are shown as fresh."""

    def freshen(page: Any) -> bool:
        late = [row for row in page["contests"] if (row["ingestion_lag_seconds"] or 0) > 600]
        for row in late:
            row["ingestion_lag_seconds"] = 0
        return bool(late)

    _altered(patches, "contest_status", freshen)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a filter for the system user, meant to cut the noise",
)
def dashboard_trail_with_gaps(patches: Patches) -> None:
    """What the system itself did is missing from the audit trail page."""

    def cut(page: Any) -> bool:
        kept = [row for row in page["operations"] if not row["actor"].startswith("00000000-")]
        cut_away = len(kept) < len(page["operations"])
        page["operations"] = kept
        return cut_away

    _altered(patches, "audit_trail", cut)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="errors counted in another process than the one that is asked",
)
def dashboard_requests_not_counted(patches: Patches) -> None:
    """The error rate is made from a tenth of the requests."""

    def make(real: Any) -> Any:
        seen = [0]

        def count(self: Any, *, failed: bool) -> None:
            seen[0] += 1
            if seen[0] % 10 == 0:
                real(self, failed=failed)
            else:
                patches.trigger()

        return count

    patches.replace(Rate, "count", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a grouping by code that drops what it does not know",
)
def dashboard_top_errors_incomplete(patches: Patches) -> None:
    """Failed payouts are missing from the top errors."""

    def drop(page: Any) -> bool:
        kept = [row for row in page["top_errors"] if row["source"] != "payout"]
        dropped = len(kept) < len(page["top_errors"])
        page["top_errors"] = kept
        return dropped

    _altered(patches, "error_trends", drop)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="a table of links kept by hand, one line off",
)
def dashboard_links_the_wrong_runbook(patches: Patches) -> None:
    """The link beside an alert leads to the page of the runbook that is next in the alphabet."""

    def mislead(page: Any) -> bool:
        linked = [row for row in page["alerts"]["active"] if row["runbook_page"]]
        for row in linked:
            names = [file.stem for file in runbook_files(RUNBOOKS_FOLDER)]
            row["runbook_page"] = f"/admin/runbooks/{names[names.index(row['runbook']) - 1]}"
        return bool(linked)

    _altered(patches, "operational", mislead)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="runbooks copied into the image when it was built, and not since",
)
def runbook_page_of_an_old_version(patches: Patches) -> None:
    """A runbook's page shows the version before the one in force: a limit in a command is another."""

    def make(real: Any) -> Any:
        def find(self: Any, name: str) -> Any:
            found = real(self, name)
            if found is None or "30 minutes ago" not in found.body:
                return found
            patches.trigger()
            return replace(found, body=found.body.replace("30 minutes ago", "90 minutes ago"))

        return find

    patches.replace(RunbookTexts, "find", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="errors counted from what is open now: a timeout whose next attempt went through never happened",
)
def dashboard_forgets_errors_that_healed(patches: Patches) -> None:
    """A timeout of a payout stands among the top errors only until the transfer is through."""
    open_now = text("SELECT failure_reason FROM payout_transfers WHERE status IN ('retryable', 'failed_terminal')")

    def make(real: Any) -> Any:
        def show(self: Any) -> Any:
            shown = real(self)
            waiting = {row.failure_reason for row in self.runtime.database.read(open_now)}
            kept = [row for row in shown["top_errors"] if row["source"] != "payout" or row["code"] in waiting]
            if len(kept) < len(shown["top_errors"]):
                patches.trigger()
            return {**shown, "top_errors": kept}

        return show

    patches.replace(Dashboards, "error_trends", make)


@DEFECTS.sabotage(
    "dashboards_truthful",
    origin="escalations read from the executions still open: those that failed are over, and gone",
)
def dashboard_without_escalations(patches: Patches) -> None:
    """A runbook fails and is escalated; the operational page shows no escalation."""

    def make(real: Any) -> Any:
        def perform(self: Any, step: Any) -> Any:
            if step.number == 2:
                step = replace(step, expected=("as it was in the old version",))
            return (yield from real(self, step))

        return perform

    def hide(page: Any) -> bool:
        hidden = bool(page["escalations"])
        page["escalations"] = []
        return hidden

    patches.replace(Execution, "_perform", make)
    _altered(patches, "operational", hide)


@DEFECTS.sabotage(
    "faults_recovered",
    origin="a pool's own counters, which know nothing of the limit of the role or of the server",
    scenario="../runbooks/database_connection_failure",
)
def pool_metric_knows_only_the_pool(patches: Patches) -> None:
    """The metric of free connections says what the pool may hold, not what the server would still grant."""

    def make(real: Any) -> Any:
        def available(self: Any, *, server_grants: int) -> Any:
            if server_grants == 0:
                patches.trigger()
            return real(self, server_grants=self._pool_size)

        return available

    patches.replace(Database, "available_connections", make)
