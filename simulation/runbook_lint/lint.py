"""Applies all rules to all runbooks and collects their findings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulation.runbook_lint import (
    alerts,
    answers,
    at_once,
    credentials,
    grammar,
    metrics,
    order,
    pages,
    scenarios,
    typing_in,
    waiting,
    wording,
)
from simulation.runbook_lint.material import Material
from simulation.runbook_lint.places import split_place
from simulation.runbook_lint.rule import REGISTRY, Flaw, LintFinding, LintRule

RULE_MODULES = (
    grammar,
    order,
    wording,
    answers,
    typing_in,
    at_once,
    credentials,
    waiting,
    alerts,
    metrics,
    pages,
    scenarios,
)
"""Importing these modules registers their rules."""


def lint(material: Material) -> tuple[LintFinding, ...]:
    """Every finding once, in order of file and line.

    When single files were named, findings of project rules about other files are left out.
    """
    found = {finding for rule in REGISTRY.values() for finding in _findings(rule, material)}
    for file in material.scenario_files:
        material.scenario(file)
    found |= {_unreadable(error.place, error.problem, error.remedy) for error in material.unreadable}
    return tuple(sorted(found))


def _findings(rule: LintRule, material: Material) -> Iterator[LintFinding]:
    if rule.of_book is not None:
        for book in material.books:
            for flaw in rule.of_book(book, material):
                yield _finding(rule, flaw, book.file)
    elif rule.of_all is not None:
        for flaw in rule.of_all(material):
            finding = _finding(rule, flaw, material.index.file)
            if not material.asked or finding.file.resolve() in material.asked:
                yield finding


def _finding(rule: LintRule, flaw: Flaw, file: Path) -> LintFinding:
    return LintFinding(file=flaw.file or file, line=flaw.line, rule=rule.id, message=flaw.message, remedy=flaw.remedy)


def _unreadable(place: str, problem: str, remedy: str) -> LintFinding:
    file, line = split_place(place)
    return LintFinding(
        file=file, line=line, rule="RB054" if file.suffix == ".yaml" else "RB040", message=problem, remedy=remedy
    )
