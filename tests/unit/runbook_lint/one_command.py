"""One command in the place of a good one of the small project, and what a rule finds in it."""

from __future__ import annotations

from pathlib import Path

from simulation.runbook_lint.rule import LintFinding
from tests.unit.runbook_lint.project import GOOD, linted

_BOOK = "runbooks/mini.md"
_CAUSE = 'curl -sS "$API_BASE_URL/cause"\n'


def found(folder: Path, command: str, rule: str) -> list[LintFinding]:
    """The findings of ``rule`` with ``command`` as Diagnosis step 1."""
    assert _CAUSE in GOOD[_BOOK]
    findings = linted(folder, {_BOOK: GOOD[_BOOK].replace(_CAUSE, f"{command}\n", 1)})
    return [finding for finding in findings if finding.rule == rule]


def line_of(finding: LintFinding) -> str:
    """The line that it names."""
    return finding.file.read_text(encoding="utf-8").splitlines()[finding.line - 1]
