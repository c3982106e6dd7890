"""Every criterion of the specification, in its own words, with the checks that decide it.

Source: the specification, phase 06C (fixtures/spec/requirements.md): constraints, success and failure criteria,
execution checklist, completion criteria, and the 06C part of the completion criteria of all phases. A failure criterion
passes by not having occurred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Section = Literal["success", "failure", "before", "during", "after", "constraint", "completion"]

_NOBODY = ("no_database_access", "no_stripe_dashboard", "nothing_deployed", "no_manual_endpoints", "no_escalation")
_LIFECYCLE = (
    "lifecycle_order",
    "lifecycle_automatic",
    "settlement_automatic",
    "payouts_follow_settlement",
    "contests_paid_out",
    "nobody_turned_away",
)
_LEDGER = (
    "double_entry",
    "clearing_accounts_drained",
    "nothing_negative",
    "postings_referenced",
    "three_way_reconciliation",
    "stripe_balance_explained",
    "webhooks_authentic",
    "payment_statuses_true",
    "refund_statuses_true",
    "rows_accounted_for",
    "values_as_declared",
    "instants_true",
)
_WINNERS = ("expected_prizes", "three_way_reconciliation", "exactly_once", "transfers_final", "given_up_for_cause")
_TRAIL = (
    "audit_completeness",
    "transition_audit",
    "append_only",
    "witnesses_present",
    "rows_accounted_for",
    "values_as_declared",
    "instants_true",
    "identities_kept",
    "states_followed",
    "reasons_said",
)
_CONSISTENT = (
    "books_match_wal",
    "lost_rows_restored",
    "restored_as_it_was",
    "time_window",
    "exactly_once",
    "convergence",
    "scores_applied",
)
_RUNBOOKS = ("runbook_steps_exact", "runbook_rows", "keyed_requests_once")


@dataclass(frozen=True, kw_only=True)
class CriterionRule:
    """A criterion before judgement. ``text`` is the specification's; ``checks`` decide it together."""

    section: Section
    text: str
    checks: tuple[str, ...]


def _rules(section: Section, *rows: tuple[str, tuple[str, ...]]) -> tuple[CriterionRule, ...]:
    return tuple(
        CriterionRule(section=section, text=text, checks=tuple(dict.fromkeys(checks))) for text, checks in rows
    )


_SUCCESS = _rules(
    "success",
    ("No founder intervention required at any point", (*_NOBODY, "founder_revoked")),
    (
        "All contests completed SCHEDULED → LOCKED → LIVE → COMPLETE → SETTLED → PAID_OUT",
        (*_LIFECYCLE, "promised_events"),
    ),
    (
        "All injected failures were recovered via runbooks",
        ("faults_recovered", "runbook_steps_exact", "promised_events"),
    ),
    (
        "All ledger entries correct and auditable",
        (*_LEDGER, "exactly_once", "keyed_requests_once", "books_match_wal", "audit_completeness"),
    ),
    (
        "All payout transfers executed (or marked terminal failed)",
        ("transfers_final", "payout_retry_rules", "retry_after_honoured", "given_up_for_cause"),
    ),
    ("Audit trail shows every operation with timestamp and reason", _TRAIL),
    (
        "Admin dashboards reflect real-time state accurately",
        ("diagnostics_truthful", "dashboards_truthful", "answers_true", "metrics_true", "log_true"),
    ),
    ("No errors requiring database access to resolve", ("no_database_access", "convergence", "no_escalation")),
)
_FAILURE = _rules(
    "failure",
    ("Founder access required at any point", (*_NOBODY, "founder_revoked")),
    (
        "Any manual database edit needed",
        ("no_database_access", "audit_completeness", "append_only", "books_match_wal", "restored_as_it_was"),
    ),
    ("Runbook procedure fails when executed exactly as documented", ("runbook_steps_exact",)),
    ("Ingestion validation fails silently (no error logged)", ("ingestion_errors_logged",)),
    (
        "Payment or payout requires manual Stripe intervention",
        ("no_stripe_dashboard", "stripe_balance_explained", "three_way_reconciliation"),
    ),
    ("Audit trail has gaps or missing entries", (*_TRAIL, "runbook_steps_logged")),
    ("Payout execution requires manual trigger", ("payout_automatic", "no_manual_endpoints")),
    ("System enters ERROR state with no documented recovery", ("error_states_recovered", "failures_escalated")),
)
_BEFORE = _rules(
    "before",
    (
        "All Iteration 05 (Automatic Payout) services are deployed to staging",
        ("jobs_ran", "payout_automatic", "stripe_contract"),
    ),
    (
        "All Iteration 06B runbooks are tested in staging (at least once per procedure)",
        ("runbooks_rehearsed", "runbook_steps_exact"),
    ),
    (
        "Monitoring dashboards are active and reporting",
        (
            "monitoring_active",
            "diagnostics_truthful",
            "dashboards_truthful",
            "metrics_true",
            "alerts_have_a_cause",
            "alert_evaluation",
            "alerts_as_specified",
            "no_alert_table",
        ),
    ),
    ("runbook_executions table is created and tested", ("runbook_rows",)),
    ("Founder access is explicitly revoked (verified by access control audit)", ("founder_revoked",)),
    (
        "Engineering on-call is muted for non-emergency issues (test only)",
        ("no_manual_endpoints", "failures_escalated"),
    ),
)
_DURING = _rules(
    "during",
    ("All state transitions logged in real-time", ("transition_audit",)),
    ("No manual interventions recorded (access audit clean)", (*_NOBODY, "no_other_host")),
    ("Runbooks executed for all injected failures", ("faults_recovered", "alerts_answered")),
    ("All runbook steps produce expected output", ("runbook_steps_exact",)),
    ("runbook_executions table populated for each procedure", ("runbook_rows", "runbook_steps_logged")),
)
_AFTER = _rules(
    "after",
    ("All contests completed (no stuck states)", ("contests_paid_out", "no_error_state", "convergence")),
    ("All winners paid out correctly (audit trail verified)", (*_WINNERS, "audit_completeness")),
    ("No data inconsistencies discovered", (*_CONSISTENT, *_LEDGER)),
    ("Audit trail is complete (no gaps)", _TRAIL),
    ("Postmortem review completed (what went wrong, what worked)", ("postmortem_reviewed",)),
)
_CONSTRAINT = _rules(
    "constraint",
    ("No Direct Production Database Access", ("no_database_access", "founder_revoked")),
    ("No Manual Stripe Dashboard Interventions", ("no_stripe_dashboard",)),
    ("No Code Deploys or Configuration Changes", ("nothing_deployed",)),
    ("No Manual State Repairs", ("no_manual_endpoints", "postings_referenced", "append_only", "no_database_access")),
    (
        "All Contest Lifecycle Stages Must Complete Via Automated Systems",
        (*_LIFECYCLE, "payout_automatic", "jobs_ran"),
    ),
    (
        "All Ingestion Operations Automated",
        ("ingestion_automatic", "ingestion_errors_logged", "scores_applied", "jobs_ran"),
    ),
    (
        "All Failure Recovery Automated or Runbook-Driven",
        (
            "faults_recovered",
            "payout_retry_rules",
            "retry_after_honoured",
            "failures_escalated",
            "alerts_answered",
            "convergence",
        ),
    ),
)
_COMPLETION_06C = _rules(
    "completion",
    ("Founder Absence Simulation passes with zero engineering intervention", (*_NOBODY, "founder_revoked")),
    ("All documented runbooks successfully execute in sequence without failure", _RUNBOOKS),
    ("All contest lifecycle stages complete automatically", (*_LIFECYCLE, "payout_automatic")),
    (
        "All payout transfers either complete or transition to failed_terminal with documented reason",
        ("transfers_final", "payout_retry_rules", "retry_after_honoured", "given_up_for_cause"),
    ),
    ("Audit trail is append-only and complete", (*_TRAIL, "runbook_steps_logged")),
    ("14-day simulation completes without system entering ERROR state", ("no_error_state", "jobs_ran")),
    ("Ledger reconciliation shows correct balances for all participants", (*_LEDGER, *_WINNERS)),
    ("No data corrections required; system is self-healing", ("append_only", "postings_referenced", "convergence")),
)
_COMPLETION_ALL_PHASES = _rules(
    "completion",
    (
        "14-day staging simulation completes without founder/engineering access",
        ("founder_revoked", "no_database_access", "no_manual_endpoints", "witnesses_present"),
    ),
    ("No manual database edits during simulation", ("no_database_access", "audit_completeness", "books_match_wal")),
    ("No manual Stripe dashboard interventions", ("no_stripe_dashboard",)),
    ("No code deploys or configuration changes during simulation", ("nothing_deployed",)),
    ("All runbooks executed successfully when needed", (*_RUNBOOKS, "alerts_answered")),
    (
        "All contest lifecycle stages completed automatically"
        " (SCHEDULED → LOCKED → LIVE → COMPLETE → SETTLED → PAID_OUT)",
        (*_LIFECYCLE, "payout_automatic"),
    ),
    ("All injected failures recovered via documented procedures", ("faults_recovered", "promised_events")),
    (
        "Payout transfers executed automatically (either completed or failed_terminal with logged reason)",
        ("payout_automatic", "transfers_final", "given_up_for_cause"),
    ),
    ("Audit trail is complete and append-only", _TRAIL),
    ("Ledger reconciliation shows correct final balances", _LEDGER),
    ("Zero engineering intervention required during entire 14-day simulation", _NOBODY),
)

RULES: tuple[CriterionRule, ...] = (
    *_SUCCESS,
    *_FAILURE,
    *_BEFORE,
    *_DURING,
    *_AFTER,
    *_CONSTRAINT,
    *_COMPLETION_06C,
    *_COMPLETION_ALL_PHASES,
)
