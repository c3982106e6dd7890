"""Defects of the monitoring: rules that are not evaluated as they are written, and alarms about nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulation.assembly import Simulation
from simulation.events import AlertRuleAsRun
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.sabotage.superuser import superuser
from simulation.world.monitoring.alert_rules import AlertRule
from simulation.world.monitoring.exposition import Exposition

DEFECTS = DefectRegistry("harness", how="witness", scenario="payday")
_STUCK = "PayoutTransferStuckInRetryable"


@DEFECTS.sabotage(
    "alert_evaluation",
    origin="a hold time added on the console of the monitoring provider, and never in the rule file",
    needs="promtool",
)
def monitor_holds_alerts_too_long(patches: Patches) -> None:
    """The monitor waits twenty minutes before an alert fires that its rule lets fire at once."""
    _with_rules(patches, lambda rules: tuple(replace(rule, for_seconds=rule.for_seconds + 1200) for rule in rules))


@DEFECTS.sabotage(
    "alert_evaluation",
    origin="a rule file that failed to load on reload; the monitoring goes on with the others",
    needs="promtool",
)
def monitor_drops_a_rule(patches: Patches) -> None:
    """One rule of a file is never evaluated."""
    _with_rules(patches, lambda rules: tuple(rule for rule in rules if rule.alert != _STUCK))


@DEFECTS.sabotage("alerts_as_specified", origin="a threshold raised during an incident, and never lowered again")
def lag_alert_comes_two_hours_late(patches: Patches) -> None:
    """The alert for old scores fires after three hours instead of one."""
    _with_other_rules(patches, expression="ingestion_lag_seconds > 10800")


@DEFECTS.sabotage("alerts_as_specified", origin="an alert made quieter by people who were woken too often")
def lag_alert_is_only_a_warning(patches: Patches) -> None:
    """The alert for old scores is a warning."""
    _with_other_rules(patches, severity="warning")


def _with_other_rules(patches: Patches, **changes: str) -> None:
    """Whoever asks for the rules as run is told this of the rule for old scores."""

    def make(real: Any) -> Any:
        def as_run(rule: AlertRule) -> AlertRuleAsRun:
            told: AlertRuleAsRun = real(rule)
            if rule.alert != "IngestionLag":
                return told
            patches.trigger()
            return told.model_copy(update=changes)

        return as_run

    patches.replace(AlertRule, "as_run", make)


@DEFECTS.sabotage(
    "alert_evaluation",
    origin="a notification template of the provider's own, which rounds and links last year's page",
    needs="promtool",
)
def monitor_tells_another_text(patches: Patches) -> None:
    """Alerts fire when they should, and what they say to people is not what the rule says."""
    other = {"summary": "some payout transfers are slow", "runbook_url": "wiki/payouts.md"}
    _with_rules(patches, lambda rules: tuple(replace(rule, annotations=other) for rule in rules))


def _with_rules(patches: Patches, altered: Any) -> None:
    def alter(sim: Simulation) -> None:
        patches.replace(sim.monitor, "_rules", altered)

    patches.when_assembled(alter)
    patches.when(_stuck_is_scraped, lambda _: patches.trigger())


def _stuck_is_scraped(sim: Simulation) -> bool:
    return sim.monitor._values.get("payout_transfers_stuck_retryable", 0) > 0


@DEFECTS.sabotage(
    "alert_evaluation",
    origin="a recording rule in between that smooths away what is short",
    needs="promtool",
)
def scraped_values_smoothed_before_evaluation(patches: Patches) -> None:
    """The rules are evaluated on altered samples: small numbers that were scraped count as zero."""

    patches.when_assembled(
        lambda sim: patches.replace(
            sim.monitor, "_rules", lambda rules: tuple(_smoothed(patches, rule) for rule in rules)
        )
    )


def _smoothed(patches: Patches, rule: Any) -> Any:
    def evaluate(samples: Any) -> Any:
        small = {sample.series for sample in samples if 0 < sample.value < 3 and sample.name != "up"}
        dull = [replace(sample, value=0.0) if sample.series in small else sample for sample in samples]
        if rule.evaluate(samples) != rule.evaluate(dull):
            patches.trigger()
        return rule.evaluate(dull)

    return replace(rule, evaluate=evaluate)


@DEFECTS.sabotage(
    "no_alert_table",
    origin="an alert list of one's own, because the hosted one needs another login",
    how="database",
    scenario="quiet",
)
def alert_table_in_the_platform(patches: Patches) -> None:
    """The platform's database has a table of alerts."""

    def create(sim: Simulation) -> None:
        superuser(sim, "CREATE TABLE operational_alerts (id uuid PRIMARY KEY, message text)")
        patches.trigger()

    patches.when_assembled(create)


@DEFECTS.sabotage(
    "alerts_have_a_cause",
    origin="a threshold moved from minutes to seconds: the alert that everybody mutes in the second week",
    scenario="quiet",
)
def alert_about_nothing(patches: Patches) -> None:
    """The metrics page counts a transfer as stuck although none is."""

    def make(real: Any) -> Any:
        def samples(self: Any, body: str) -> Any:
            found = real(self, body)
            for number, sample in enumerate(found):
                if sample.name == "payout_transfers_stuck_retryable":
                    patches.trigger()
                    return (*found[:number], replace(sample, value=1.0), *found[number + 1 :])
            return found

        return samples

    patches.replace(Exposition, "samples", make)
