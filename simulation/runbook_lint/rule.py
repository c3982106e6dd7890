"""Lint rules: small functions with an id, gathered in a registry, that yield findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulation.runbook_lint.material import Material, RunbookSet


@dataclass(frozen=True, kw_only=True, order=True)
class LintFinding:
    """One thing to mend. Ordered as a person works through files: by file, line, rule."""

    file: Path
    line: int
    rule: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What a rule yields: a place and what is wrong there. ``file``: where it is not the book's own."""

    line: int
    message: str
    remedy: str
    file: Path | None = None


OfBook = Callable[[RunbookSet, Material], Iterator[Flaw]]
OfAll = Callable[[Material], Iterator[Flaw]]


@dataclass(frozen=True, kw_only=True)
class LintRule:
    """``says`` is the rule in a sentence; of ``of_book`` and ``of_all`` there is exactly one."""

    id: str
    says: str
    of_book: OfBook | None = None
    of_all: OfAll | None = None


REGISTRY: dict[str, LintRule] = {}


def book_rule(rule_id: str, says: str) -> Callable[[OfBook], OfBook]:
    """Register a rule that looks at one runbook at a time."""

    def keep(look: OfBook) -> OfBook:
        _register(LintRule(id=rule_id, says=says, of_book=look))
        return look

    return keep


def project_rule(rule_id: str, says: str) -> Callable[[OfAll], OfAll]:
    """Register a rule that looks at all there is; each of its flaws names its file."""

    def keep(look: OfAll) -> OfAll:
        _register(LintRule(id=rule_id, says=says, of_all=look))
        return look

    return keep


def _register(rule: LintRule) -> None:
    assert rule.id not in REGISTRY, f"two rules are called {rule.id}"
    REGISTRY[rule.id] = rule
