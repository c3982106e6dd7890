"""Lint rules: functions with an id, kept in a registry, that yield flaws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulation.runbook_lint.material import Material, RunbookSet


@dataclass(frozen=True, kw_only=True, order=True)
class LintFinding:
    """One problem and its remedy. Sorted by file, line and rule, as a person works through files."""

    file: Path
    line: int
    rule: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What a rule yields: a line and what is wrong there. ``file`` is None for the file of the runbook itself."""

    line: int
    message: str
    remedy: str
    file: Path | None = None


OfBook = Callable[[RunbookSet, Material], Iterator[Flaw]]
OfAll = Callable[[Material], Iterator[Flaw]]


@dataclass(frozen=True, kw_only=True)
class LintRule:
    """``says`` is the rule in a sentence; exactly one of ``of_book`` (one runbook) and ``of_all`` (all) is set."""

    id: str
    says: str
    of_book: OfBook | None = None
    of_all: OfAll | None = None


REGISTRY: dict[str, LintRule] = {}


def book_rule(rule_id: str, says: str) -> Callable[[OfBook], OfBook]:
    """Decorator: register a rule that is applied to each runbook."""

    def keep(look: OfBook) -> OfBook:
        _register(LintRule(id=rule_id, says=says, of_book=look))
        return look

    return keep


def project_rule(rule_id: str, says: str) -> Callable[[OfAll], OfAll]:
    """Decorator: register a rule that is applied once to the whole project; its flaws name their file."""

    def keep(look: OfAll) -> OfAll:
        _register(LintRule(id=rule_id, says=says, of_all=look))
        return look

    return keep


def _register(rule: LintRule) -> None:
    assert rule.id not in REGISTRY, f"two rules are called {rule.id}"
    REGISTRY[rule.id] = rule
