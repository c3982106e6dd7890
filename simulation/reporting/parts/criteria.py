"""The specification's criteria by section, each with its outcome and the checks that decided it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from simulation.checks.base import CheckResult, Finding
from simulation.checks.verdict import Criterion, Verdict
from simulation.currency import currency_of
from simulation.reporting.parts.directory import Directory
from simulation.reporting.words import Mark, mark

_SECTIONS = {
    "success": "Success criteria",
    "failure": "Failure criteria",
    "before": "Checklist: before the simulation",
    "during": "Checklist: during the simulation",
    "after": "Checklist: after the simulation",
    "constraint": "Measurable constraints",
    "completion": "Completion criteria",
}
_NOT_OCCURRED = {"pass": "did not occur", "fail": "occurred"}
"""Words for a failure criterion, which is met by not occurring."""


@dataclass(frozen=True, kw_only=True)
class CriterionView:
    section: str
    text: str
    outcome: str
    mark: Mark
    word: str
    checks: tuple[CheckResult, ...]
    note: str = ""
    """What its words leave open: by what the faults were recovered."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for result in self.checks for finding in result.findings)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why it is unknown or not verified, one reason for each check."""
        reasons = ((result.check, result.unknown or result.not_verified) for result in self.checks)
        return tuple(f"{check}: {reason}" for check, reason in reasons if reason)


@dataclass(frozen=True, kw_only=True)
class SectionView:
    key: str
    title: str
    criteria: tuple[CriterionView, ...]

    @property
    def passed(self) -> int:
        return sum(criterion.outcome == "pass" for criterion in self.criteria)

    @property
    def all_passed(self) -> bool:
        return self.passed == len(self.criteria)

    @property
    def mark(self) -> Mark:
        """The worst outcome in the section."""
        outcomes = {criterion.outcome for criterion in self.criteria}
        return mark(next((o for o in ("fail", "unknown", "not_verified") if o in outcomes), "pass"))


def sections_of(
    verdict: Verdict, names: Directory, *, notes: Mapping[str, str] = MappingProxyType({})
) -> tuple[SectionView, ...]:
    """The sections that have criteria, in the specification's order.

    :param notes: check → the note of each criterion that it decides.
    """
    results = {result.check: _told(result, names) for result in verdict.results}
    known = [*_SECTIONS, *(c.section for c in verdict.criteria if c.section not in _SECTIONS)]
    sections = []
    for key in dict.fromkeys(known):
        criteria = tuple(_criterion(c, results, notes) for c in verdict.criteria if c.section == key)
        if criteria:
            sections.append(SectionView(key=key, title=_SECTIONS.get(key, key.capitalize()), criteria=criteria))
    return tuple(sections)


def _criterion(criterion: Criterion, results: dict[str, CheckResult], notes: Mapping[str, str]) -> CriterionView:
    marked = mark(criterion.outcome)
    word = _NOT_OCCURRED.get(criterion.outcome, marked.word) if criterion.section == "failure" else marked.word
    return CriterionView(
        section=criterion.section,
        text=criterion.text,
        outcome=criterion.outcome,
        mark=marked,
        word=word,
        checks=tuple(results[name] for name in criterion.checks if name in results),
        note="; ".join(notes[name] for name in criterion.checks if name in notes),
    )


def _told(result: CheckResult, names: Directory) -> CheckResult:
    """The result with ids in its findings' texts replaced by names."""
    findings = tuple(
        replace(
            finding,
            subject=names.told(finding.subject),
            message=names.told(finding.message),
            expected=names.told(finding.expected),
            actual=names.told(finding.actual),
        )
        for finding in result.findings
    )
    return replace(result, findings=findings)


def ranked(verdict: Verdict, names: Directory) -> list[tuple[Finding, Finding]]:
    """All findings, each as the check made it and as people read it.

    First those that are causes, by time; then those with an amount, largest first; then the rest. Within each group by
    time, those without a time last.
    """
    pairs = [
        pair for result in verdict.results for pair in zip(result.findings, _told(result, names).findings, strict=True)
    ]
    return sorted(pairs, key=lambda pair: _rank(pair[1]))


def size_of(finding: Finding) -> float:
    """Its amount in whole units, so that findings of different currencies can be ordered."""
    return (finding.amount_cents or 0) / float(10 ** currency_of(finding.currency).decimals)


def _rank(finding: Finding) -> tuple[bool, float, bool, str, str, str]:
    cents = 0 if finding.cause else size_of(finding)
    at = finding.at.isoformat() if finding.at else ""
    return not finding.cause, -cents, finding.at is None, at, finding.check, finding.subject
