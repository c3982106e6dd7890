"""Judges answers and metrics again only as far as a falsehood can affect them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from simulation.checks.conformance.metrics import metrics, metrics_of
from simulation.checks.conformance.statements import (
    Misstatement,
    Statements,
    answered,
    answered_one,
    answers,
    answers_of,
)
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract
from simulation.events import Exchange, MetricChange
from simulation.proof.coverage.dependencies import Thing

_Key = TypeVar("_Key")


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What the declaration of one answer or metric names: tables, and the things that its rules may read of them."""

    tables: frozenset[str]
    things: frozenset[Thing]

    @classmethod
    def of(cls, declared: BaseModel, contract: Contract) -> _Part:
        words = set(re.findall(r"\w+", declared.model_dump_json()))
        tables = frozenset(words & contract.tables.keys())
        things: set[Thing] = {("rows", table) for table in tables}
        for table in tables:
            things |= {("column", f"{table}.{word}") for word in (*words, *contract.tables[table].key)}
        return cls(tables=tables, things=frozenset(things))


class Stating:
    """The findings about answers and metrics in the true history."""

    def __init__(self, true: Case) -> None:
        contract = true.contract
        self._case = true
        self._answers = {number: _Part.of(answer, contract) for number, answer in enumerate(contract.answers)}
        self._metrics = {name: _Part.of(metric, contract) for name, metric in contract.metrics.items()}
        self._answered = tuple(answered(true)) if contract.answers else ()
        self._changes = {event.seq: event for event in true.events(MetricChange)}

    def things(self, find: Callable[[Case], Statements]) -> frozenset[Thing]:
        """Everything that the judging of all answers, or of all metrics, reads."""
        parts: Iterable[_Part] = (self._answers if find is answers else self._metrics).values()
        kind = Exchange if find is answers else MetricChange
        events = (event.seq for event in self._case.events(kind))
        fields = {(f"{kind.__name__}.{name}", str(seq)) for seq in events for name in kind.model_fields}
        return frozenset(fields).union(*(part.things for part in parts))

    def again(self, find: Callable[[Case], Statements], case: Case, changed: frozenset[Thing]) -> Statements:
        """The findings in a case in which ``changed`` differs from the true history."""
        return self._answers_again(case, changed) if find is answers else self._metrics_again(case, changed)

    def _answers_again(self, case: Case, changed: frozenset[Thing]) -> Statements:
        seqs = _events_in(changed, Exchange)
        numbers = {number for number, part in self._answers.items() if not part.things.isdisjoint(changed)}
        kept = [one for one in self._answered if one.event.seq not in seqs]
        told = [one for event in case.events(Exchange) if event.seq in seqs for one in answered_one(case, event)]
        given = sorted(
            (*(one for one in kept if one.number in numbers), *told), key=lambda one: (one.event.at, one.event.seq)
        )
        known = _tables_of(self._answers, {one.number for one in given if one.number is not None})
        found = answers_of(case, given, case.wal.transactions, known=known)
        true = self._case.remembered(answers)
        again = {one.event.seq for one in given} | seqs
        return _joined(
            true, [wrong for wrong in true.wrong if wrong.event is None or wrong.event.seq not in again], found
        )

    def _metrics_again(self, case: Case, changed: frozenset[Thing]) -> Statements:
        names = {name for name, part in self._metrics.items() if not part.things.isdisjoint(changed)}
        seqs = _events_in(changed, MetricChange)
        for event in case.events(MetricChange):
            if event.seq in seqs:
                names |= _metrics_that_differ(self._changes[event.seq], event) & self._metrics.keys()
        found = metrics_of(case, sorted(names), case.wal.transactions, known=_tables_of(self._metrics, names))
        true = self._case.remembered(metrics)
        return _joined(true, [wrong for wrong in true.wrong if wrong.declared not in names], found)


def _joined(true: Statements, kept: list[Misstatement], found: Statements) -> Statements:
    return Statements(wrong=[*kept, *found.wrong], judged=true.judged, not_judged=true.not_judged)


def _events_in(changed: frozenset[Thing], kind: type[Exchange] | type[MetricChange]) -> set[int]:
    """The numbers of the events of a kind that are changed."""
    return {int(seq) for name, seq in changed if name.partition(".")[0] == kind.__name__}


def _tables_of(parts: Mapping[_Key, _Part], keys: Collection[_Key]) -> frozenset[str]:
    return frozenset[str]().union(*(parts[key].tables for key in keys))


def _metrics_that_differ(old: MetricChange, new: MetricChange) -> set[str]:
    series = old.changes.keys() | new.changes.keys()
    return {one.partition("{")[0] for one in series if old.changes.get(one, "") != new.changes.get(one, "")}
