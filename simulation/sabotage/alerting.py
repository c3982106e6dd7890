"""Defects of the monitoring: rules that are not evaluated as they are written, and alarms about nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulation.assembly import Simulation
from simulation.events import AlertRuleAsRun
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.sabotage.superuser import superuser
from simulation.world.monitoring.alert_rules import AlertRule, RuleGroup, RuleSet
from simulation.world.monitoring.exposition import Exposition
from simulation.world.monitoring.promql.expression import compile_expression
from simulation.world.monitoring.promql.series import NAME, SeriesStore, value_of

DEFECTS = DefectRegistry("harness", how="witness", scenario="payday")
_STUCK = "PayoutTransferStuckInRetryable"


@DEFECTS.sabotage(
    "alert_evaluation",
    origin="a hold time added on the console of the monitoring provider, and never in the rule file",
    needs="promtool",
)
def monitor_holds_alerts_too_long(patches: Patches) -> None:
    """The monitor waits twenty minutes before an alert fires that its rule lets fire at once."""
    _with_alerts(patches, lambda rule: replace(rule, for_seconds=rule.for_seconds + 1200))


@DEFECTS.sabotage(
    "alert_evaluation",
    origin="a rule file that failed to load on reload; the monitoring goes on with the others",
    needs="promtool",
)
def monitor_drops_a_rule(patches: Patches) -> None:
    """One rule of a file is never evaluated."""
    _with_alerts(patches, lambda rule: None if rule.alert == _STUCK else rule)


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
    _with_alerts(patches, lambda rule: replace(rule, annotations=other))


def _with_alerts(patches: Patches, altered: Callable[[AlertRule], AlertRule | None]) -> None:
    def alter(sim: Simulation) -> None:
        patches.replace(sim.monitor, "_rules", lambda rules: _altered(rules, altered))

    patches.when_assembled(alter)
    patches.when(_stuck_is_scraped, lambda _: patches.trigger())


def _altered(rules: RuleSet, altered: Callable[[AlertRule], AlertRule | None]) -> RuleSet:
    def alter(group: RuleGroup) -> RuleGroup:
        found = (altered(rule) if isinstance(rule, AlertRule) else rule for rule in group.rules)
        return replace(group, rules=tuple(rule for rule in found if rule is not None))

    return replace(rules, groups=tuple(map(alter, rules.groups)))


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
            sim.monitor, "_rules", lambda rules: _altered(rules, lambda rule: _smoothed(patches, rule))
        )
    )


class _Smoothed:
    """Series of which small numbers are zero."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store

    def instant(self, *arguments: Any, **named: Any) -> Any:
        for labels, value, at_ms in self._store.instant(*arguments, **named):
            small = 0 < value < 3 and value_of(labels, NAME) != "up"
            yield labels, 0.0 if small else value, at_ms


def _smoothed(patches: Patches, rule: AlertRule) -> AlertRule:
    real = rule.expression.evaluate

    def evaluate(moment: Any) -> Any:
        found = real(replace(moment, store=_Smoothed(moment.store)))
        if found != real(moment):
            patches.trigger()
        return found

    return replace(rule, expression=replace(rule.expression, evaluate=evaluate))


@DEFECTS.sabotage(
    "monitoring_active",
    origin="a join written for one series, and a second one came: the rule is red on a page that nobody opens",
    scenario="quiet",
)
def alert_rule_gives_an_error(patches: Patches) -> None:
    """A rule's expression joins two series with one, which Prometheus refuses at every evaluation."""
    broken = compile_expression('(up or label_replace(up, "zone", "b", "", "")) + on () up')

    def alter(sim: Simulation) -> None:
        def of(rule: AlertRule) -> AlertRule:
            return replace(rule, expression=broken) if rule.alert == _STUCK else rule

        patches.replace(sim.monitor, "_rules", lambda rules: _altered(rules, of))

    patches.when_assembled(alter)
    patches.when(lambda sim: sim.monitor.scrapes > 0, lambda _: patches.trigger())


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
