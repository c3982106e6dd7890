"""Judges answers, metrics and the log again only as far as a falsehood can affect them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from simulation.checks.conformance.facts import facts_for, segments_of
from simulation.checks.conformance.log_lines import log_lines, log_lines_of
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
from simulation.contract.log import Log, LogLine
from simulation.events import Event, Exchange, MetricChange, PlatformLog
from simulation.proof.coverage.dependencies import Thing

_Key = TypeVar("_Key")
_OF_REQUESTS = ("delivery", "refused")
"""Facts that are found among the requests."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one declaration (answer, metric, line of the log) names: tables, and the things that its rules may read of
    them."""

    tables: frozenset[str]
    things: frozenset[Thing]

    @classmethod
    def of(cls, declared: BaseModel, contract: Contract, *more: str) -> _Part:
        words = {*re.findall(r"\w+", declared.model_dump_json()), *more}
        tables = frozenset(words & contract.tables.keys())
        things: set[Thing] = {("rows", table) for table in tables}
        for table in tables:
            things |= {("column", f"{table}.{word}") for word in (*words, *contract.tables[table].key)}
        return cls(tables=tables, things=frozenset(things))


class Stating:
    """The findings about answers, metrics and the log in the true history."""

    def __init__(self, true: Case) -> None:
        contract = true.contract
        self._case = true
        self._answers = {number: _Part.of(answer, contract) for number, answer in enumerate(contract.answers)}
        self._metrics = {name: _Part.of(metric, contract) for name, metric in contract.metrics.items()}
        self._lines = dict(_lines(true, contract))
        self._answered = tuple(answered(true)) if contract.answers else ()
        self._things: dict[object, frozenset[Thing]] = {}
        self._changes = {event.seq: event for event in true.events(MetricChange)}

    def things(self, find: Callable[[Case], Statements]) -> frozenset[Thing]:
        """Everything that the judging of all answers, of all metrics, or of the log reads."""
        if find not in self._things:
            self._things[find] = self._things_of(find)
        return self._things[find]

    def _things_of(self, find: Callable[[Case], Statements]) -> frozenset[Thing]:
        parts: Sequence[_Part]
        events: Sequence[Event]
        if find is answers:
            parts, events = [*self._answers.values()], [*self._case.events(Exchange)]
        elif find is metrics:
            parts, events = [*self._metrics.values()], [*self._case.events(MetricChange)]
        else:
            parts, events = [*self._lines.values()], [*self._case.events(PlatformLog), *self._case.events(Exchange)]
        fields = {
            (f"{type(event).__name__}.{name}", str(event.seq)) for event in events for name in type(event).model_fields
        }
        return frozenset(fields).union(*(part.things for part in parts))

    def again(
        self, find: Callable[[Case], Statements], case: Case, changed: frozenset[Thing], since: datetime | None
    ) -> Statements:
        """The findings in a case in which ``changed`` differs from the true history.

        :param since: rows and facts of before this instant are as they were; None: any may differ.
        """
        if find is answers:
            return self._answers_again(case, changed, since)
        return self._metrics_again(case, changed, since) if find is metrics else self._log_again(case, changed)

    def _log_again(self, case: Case, changed: frozenset[Thing]) -> Statements:
        declared, true = case.contract.log, self._case.remembered(log_lines)
        assert declared is not None
        numbers = {number for number, part in self._lines.items() if not part.things.isdisjoint(changed)}
        if not numbers and not _events_in(changed, Exchange):
            return log_lines(case)  # only lines differ, and what must stand there is known
        numbers |= {*_asked_about(declared, case, self._case, changed), *self._told_otherwise(declared, case, changed)}
        numbers = set(_with_siblings(declared, numbers))
        if not numbers:
            return true
        found = log_lines_of(case, numbers, known=_tables_of(self._lines, numbers))
        return _joined(true, [wrong for wrong in true.wrong if wrong.declared not in numbers], found)

    def _told_otherwise(self, declared: Log, case: Case, changed: frozenset[Thing]) -> Iterator[int]:
        """The declarations of lines that stand in one of the two logs only."""
        seqs = _events_in(changed, PlatformLog)
        before = Counter(text for event in self._case.events(PlatformLog) if event.seq in seqs for text in event.lines)
        now = Counter(text for event in case.events(PlatformLog) if event.seq in seqs for text in event.lines)
        for text in (before - now) + (now - before):
            line = declared.read(text)
            number = None if line is None else declared.number_of(line.says)
            if number is not None:
                yield number

    def _answers_again(self, case: Case, changed: frozenset[Thing], since: datetime | None) -> Statements:
        seqs = _events_in(changed, Exchange)
        numbers = {number for number, part in self._answers.items() if not part.things.isdisjoint(changed)}
        kept = [
            one
            for one in self._answered
            if one.number in numbers and one.event.seq not in seqs and (since is None or one.event.at >= since)
        ]
        told = [one for event in case.events(Exchange) if event.seq in seqs for one in answered_one(case, event)]
        given = sorted((*kept, *told), key=lambda one: (one.event.at, one.event.seq))
        known = _tables_of(self._answers, {one.number for one in given if one.number is not None})
        found = answers_of(case, given, case.wal.touching(known), known=known)
        true = self._case.remembered(answers)
        again = {one.event.seq for one in given} | seqs
        return _joined(
            true, [wrong for wrong in true.wrong if wrong.event is None or wrong.event.seq not in again], found
        )

    def _metrics_again(self, case: Case, changed: frozenset[Thing], since: datetime | None) -> Statements:
        names = {name for name, part in self._metrics.items() if not part.things.isdisjoint(changed)}
        seqs = _events_in(changed, MetricChange)
        for event in case.events(MetricChange):
            if event.seq in seqs:
                names |= _metrics_that_differ(self._changes[event.seq], event) & self._metrics.keys()
        true = self._case.remembered(metrics)
        since = None if true.wrong else since  # what is wrong at one scrape is not said again at the next
        known = _tables_of(self._metrics, names)
        found = metrics_of(case, sorted(names), case.wal.touching(known), known=known, since=since)
        return _joined(true, [wrong for wrong in true.wrong if wrong.declared not in names], found)


def _lines(true: Case, contract: Contract) -> Iterator[tuple[int, _Part]]:
    """Each declared line of the log with what its judging reads: of a row, the audit record beside it too."""
    for number, line in enumerate(contract.log.lines if contract.log is not None else ()):
        trail = (true.governance.audit_table, *true.governance.audit_columns.values()) if line.row is not None else ()
        yield number, _Part.of(line, contract, *trail)


def _asked_about(declared: Log, case: Case, true: Case, changed: frozenset[Thing]) -> Iterator[int]:
    """The lines about requests that were changed."""
    seqs = _events_in(changed, Exchange)
    asked = [event for event in case.events(Exchange) if event.seq in seqs]
    for number, line in enumerate(declared.lines):
        if line.for_each is None:
            continue
        route = line.for_each.request
        if line.for_each.fact in _OF_REQUESTS:
            concerned = bool(asked) and facts_for(case, line.for_each) != facts_for(true, line.for_each)
        else:
            concerned = any(route is not None and segments_of(route, event) is not None for event in asked)
        if concerned:
            yield number


def _with_siblings(declared: Log, numbers: Collection[int]) -> Iterator[int]:
    """These lines, those that a row may be about instead, and those that say the same."""
    for number, line in enumerate(declared.lines):
        others = (declared.lines[other] for other in numbers)
        if number in numbers or any(_may_be_instead(line, other) or line.says == other.says for other in others):
            yield number


def _may_be_instead(line: LogLine, other: LogLine) -> bool:
    """Whether one row may fit both: they are about one table, and no column must have values that differ."""
    both = line.when.keys() & other.when.keys()
    return (
        line.row is not None
        and line.row == other.row
        and not any(_values(line.when[column]).isdisjoint(_values(other.when[column])) for column in both)
    )


def _values(wanted: object) -> set[str]:
    return set(map(str, wanted)) if isinstance(wanted, list) else {str(wanted)}


def _joined(true: Statements, kept: list[Misstatement], found: Statements) -> Statements:
    return Statements(wrong=[*kept, *found.wrong], judged=true.judged, not_judged=true.not_judged)


def _events_in(changed: frozenset[Thing], kind: type[Exchange] | type[MetricChange] | type[PlatformLog]) -> set[int]:
    """The numbers of the events of a kind that are changed."""
    return {int(seq) for name, seq in changed if name.partition(".")[0] == kind.__name__}


def _tables_of(parts: Mapping[_Key, _Part], keys: Collection[_Key]) -> frozenset[str]:
    return frozenset[str]().union(*(parts[key].tables for key in keys))


def _metrics_that_differ(old: MetricChange, new: MetricChange) -> set[str]:
    series = old.changes.keys() | new.changes.keys()
    return {one.partition("{")[0] for one in series if old.changes.get(one, "") != new.changes.get(one, "")}
