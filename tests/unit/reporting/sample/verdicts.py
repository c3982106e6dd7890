"""Verdicts on the sample run: passed, failed, unknown. The texts are the specification's."""

from __future__ import annotations

from simulation.checks.base import CheckResult, Finding
from simulation.verdict import Criterion, Verdict
from tests.unit.reporting.sample.book import day

_TEXTS = {
    "success": (
        ("No founder intervention required at any point", ("no_intervention",)),
        ("All contests completed SCHEDULED → LOCKED → LIVE → COMPLETE → SETTLED → PAID_OUT", ("lifecycle",)),
        ("All injected failures were recovered via runbooks", ("fault_recovery",)),
        ("All ledger entries correct and auditable", ("double_entry", "reconciliation")),
        ("All payout transfers executed (or marked terminal failed)", ("payouts",)),
        ("Audit trail shows every operation with timestamp and reason", ("audit_completeness",)),
        ("Admin dashboards reflect real-time state accurately", ("diagnostics",)),
        ("No errors requiring database access to resolve", ("no_intervention", "convergence")),
    ),
    "failure": (
        ("Founder access required at any point", ("no_intervention",)),
        ("Any manual database edit needed", ("database_access",)),
        ("Runbook procedure fails when executed exactly as documented", ("runbooks",)),
        ("Ingestion validation fails silently (no error logged)", ("ingestion",)),
        ("Payment or payout requires manual Stripe intervention", ("stripe_origin",)),
        ("Audit trail has gaps or missing entries", ("audit_completeness",)),
        ("Payout execution requires manual trigger", ("payouts",)),
        ("System enters ERROR state with no documented recovery", ("lifecycle",)),
    ),
    "before": (
        ("Monitoring dashboards are active and reporting", ("diagnostics",)),
        ("runbook_executions table is created and tested", ("runbooks",)),
        ("Founder access is explicitly revoked (verified by access control audit)", ("access",)),
    ),
    "during": (
        ("All state transitions logged in real-time", ("lifecycle",)),
        ("All runbook steps produce expected output", ("runbooks",)),
    ),
    "after": (
        ("All contests completed (no stuck states)", ("lifecycle",)),
        ("All winners paid out correctly (audit trail verified)", ("reconciliation", "exactly_once")),
    ),
    "constraint": (
        ("No Direct Production Database Access", ("database_access",)),
        ("No Manual Stripe Dashboard Interventions", ("stripe_origin",)),
    ),
    "completion": (
        ("All payout transfers either complete or transition to failed_terminal with documented reason", ("payouts",)),
        ("No data corrections required; system is self-healing", ("convergence",)),
    ),
}  # fmt: skip

FINDINGS = (
    Finding(
        check="exactly_once", subject="High-Roller Duel / Grace Lindqvist", message="the prize was transferred twice",
        expected="1 transfer of $270.00", actual="2 transfers, $540.00 in all", at=day(10, 20, 15), seqs=(300, 301),
    ),
    Finding(
        check="reconciliation", subject="prize duel:p006", message="Stripe paid more than the ledger knows",
        expected="27000", actual="54000", at=day(10, 20, 15), seqs=(301,),
    ),
)  # fmt: skip


def _verdict(findings: tuple[Finding, ...] = (), unknown: dict[str, str] | None = None, not_verified: str | None = None) -> Verdict:
    unknown = unknown or {}
    names = sorted({name for rows in _TEXTS.values() for _, checks in rows for name in checks})
    results = tuple(
        CheckResult(
            check=name, examined=0 if name in unknown else 12, findings=tuple(f for f in findings if f.check == name),
            unknown=unknown.get(name), not_verified="stripe-mock is not here" if name == not_verified else None,
        )
        for name in names
    )  # fmt: skip
    criteria = tuple(
        Criterion(section=section, text=text, checks=checks, outcome=_outcome(checks, results))
        for section, rows in _TEXTS.items()
        for text, checks in rows
    )
    outcomes = {criterion.outcome for criterion in criteria}
    outcome = "fail" if "fail" in outcomes else "unknown" if "unknown" in outcomes else "pass"
    return Verdict(criteria=criteria, results=results, outcome=outcome, exit_code={"pass": 0, "fail": 1, "unknown": 2}[outcome],
                   digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")  # fmt: skip


def _outcome(checks: tuple[str, ...], results: tuple[CheckResult, ...]) -> str:
    mine = [result for result in results if result.check in checks]
    if any(result.findings for result in mine):
        return "fail"
    if any(result.unknown for result in mine):
        return "unknown"
    return "not_verified" if any(result.not_verified for result in mine) else "pass"


def passed_verdict(*, not_verified: str | None = None) -> Verdict:
    return _verdict(not_verified=not_verified)


def failed_verdict(*extra: Finding) -> Verdict:
    return _verdict((*FINDINGS, *extra))


def unknown_verdict() -> Verdict:
    return _verdict(unknown={"audit_completeness": "the write-ahead log witness was silent"})
