"""Verdicts on the sample run, by the real criteria: passed, failed, unknown."""

from __future__ import annotations

from simulation.checks.base import CheckResult, Finding
from simulation.checks.criteria import RULES
from simulation.checks.evidence.keys import Keys
from simulation.checks.verdict import Criterion, Verdict
from tests.unit.reporting.sample.book import day

FINDINGS = (
    Finding(
        check="exactly_once",
        subject="duel, prize of Grace Lindqvist",
        message="the prize was transferred twice",
        expected="1 transfer of $270.00",
        actual="2 transfers of $270.00",
        at=day(10, 20, 15),
        seqs=(300, 301),
        keys=Keys(contest="duel", stripe_object_id="tr_second"),
        amount_cents=27_000,
    ),
    Finding(
        check="three_way_reconciliation",
        subject="prize duel:p006",
        message="expected, ledger and Stripe differ",
        expected="$270.00",
        actual="ledger $270.00, Stripe $540.00",
        at=day(10, 20, 15),
        seqs=(301,),
        amount_cents=27_000,
    ),
)


def passed_verdict() -> Verdict:
    """Everything holds but what only people can verify."""
    return _verdict()


def failed_verdict(*extra: Finding) -> Verdict:
    """A prize was paid twice."""
    return _verdict(findings=(*FINDINGS, *extra))


def unknown_verdict() -> Verdict:
    """A witness was silent."""
    return _verdict(unknown={"audit_completeness": "the write-ahead log witness recorded no transaction"})


def _verdict(findings: tuple[Finding, ...] = (), unknown: dict[str, str] | None = None) -> Verdict:
    names = sorted({name for rule in RULES for name in rule.checks})
    results = {name: _result(name, findings, (unknown or {}).get(name)) for name in names}
    criteria = tuple(
        Criterion(section=rule.section, text=rule.text, checks=rule.checks, outcome=_worst(rule.checks, results))
        for rule in RULES
    )
    outcome = _worst([name for name in names if name != "postmortem_reviewed"], results)
    return Verdict(
        criteria=criteria,
        results=tuple(results.values()),
        outcome=outcome,
        exit_code={"pass": 0, "fail": 1, "unknown": 2}[outcome],
        digest="9f86d081" * 8,
    )


def _result(name: str, findings: tuple[Finding, ...], unknown: str | None) -> CheckResult:
    return CheckResult(
        check=name,
        title=f"The title of {name}",
        examined=0 if unknown else 12,
        unknown=unknown,
        findings=tuple(finding for finding in findings if finding.check == name),
        not_verified="only people can review a postmortem" if name == "postmortem_reviewed" else None,
    )


def _worst(checks: list[str] | tuple[str, ...], results: dict[str, CheckResult]) -> str:
    outcomes = {results[name].outcome for name in checks}
    return next(outcome for outcome in ("fail", "unknown", "not_verified", "pass") if outcome in outcomes)
