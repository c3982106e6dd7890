"""A declared write prepared for judging: what to do with each column of a row change that is this write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simulation.checks.conformance.answers import Answers
from simulation.checks.conformance.judges import Judge
from simulation.checks.conformance.scope import Scope, shown
from simulation.checks.conformance.values import ValueOf, argument
from simulation.contract.document import Join, Write
from simulation.contract.parts import by_need
from simulation.contract.paths import Argument
from simulation.contract.rules import Identity, Instant, Rule, State, Words

Kind = Literal["rows", "values", "instants", "identities", "states", "words"]


@dataclass(kw_only=True)
class Plan:
    """``count``: how many row changes were this write."""

    table: str
    write: Write
    facts: Answers | None
    columns: tuple[tuple[str, Kind, Judge], ...]
    free: tuple[str, ...]
    undeclared: tuple[str, ...]
    joins: tuple[tuple[str, Join, Mapping[str, ValueOf]], ...]
    count: int = 0


def joins_of(write: Write) -> Iterator[tuple[str, Join, Mapping[str, ValueOf]]]:
    """The joins of a write, each after those whose rows it is looked up by."""
    for name in by_need({name: join.where.values() for name, join in write.joins.items()}):
        yield name, write.joins[name], _where(write.joins[name].where)


def _where(where: Mapping[str, Argument]) -> Mapping[str, ValueOf]:
    return {column: argument(wanted) for column, wanted in where.items()}


def kept(column: str) -> Judge:
    """The judge of a column that an update of a complete table does not name: it must not change."""

    def judge(actual: Any, scope: Scope) -> str | None:
        before = (scope["old"] or {}).get(column)
        return None if actual == before else f"unchanged: {shown(before)}"

    return judge


def without_a_rule(_actual: Any, _scope: Scope) -> str | None:
    """The judge of a column that a complete table's contract does not name."""
    return "a rule for this column"


def kind_of(rule: Rule) -> Kind:
    """Under which of the jury's questions a rule's findings come."""
    match rule:
        case Instant():
            return "instants"
        case Identity():
            return "identities"
        case State():
            return "states"
        case Words():
            return "words"
        case _:
            return "values"
