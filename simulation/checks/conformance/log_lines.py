"""The platform's log, compared with the lines that its contract declares.

The log is the platform's own word. What it must say follows from rows that other checks have judged, and from facts
outside; it is never taken as evidence of anything.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from simulation.checks.conformance.engine import write_scope
from simulation.checks.conformance.facts import facts_for, requests_by_id
from simulation.checks.conformance.judges import Judge, judge_of
from simulation.checks.conformance.scope import MISSING, Scope, instant, same, shown
from simulation.checks.conformance.statements import Misstatement, Statements
from simulation.checks.conformance.values import text_of, value_of
from simulation.checks.conformance.world import World
from simulation.checks.conformance.writes import Tables, read_writes
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.wal import whole_second
from simulation.contract.document import Contract, Table, Write, write_of
from simulation.contract.log import FIELD, Log, LogLine
from simulation.contract.rules import EXACT, Rule
from simulation.events import Event, FaultInjected, FaultScheduled, PlatformLog
from simulation.scenario.faults.concurrency import TwoAtOnce
from simulation.scenario.faults.payments import WebhookThenKilled
from simulation.scenario.faults.programs import BackendKilled
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.scenario.faults.transfers import TransferThenKilled

_BREAKING = frozenset(
    name
    for name, kind in KINDS.items()
    if issubclass(kind, (StatementFault, TwoAtOnce, BackendKilled, TransferThenKilled, WebhookThenKilled))
)
"""Faults that come between a commit and the line about it."""
_SLOWING = frozenset(name for name, kind in KINDS.items() if getattr(kind, "mode", None) == "slow")
"""Faults by which a request takes its time, so that it ends some while after the line about it."""
_TROUBLE = timedelta(minutes=10)
"""For so long around such a fault a line may be late, or be lost with the process that was to write it: what the
other of two at once may take (:mod:`simulation.checks.evidence.held_open`), and longer than any kill or slow statement.
"""


@dataclass(kw_only=True)
class _Line:
    """One line of the log. ``fields``: name → text, as it stands there."""

    text: str
    says: str
    at: datetime
    fields: Mapping[str, str]
    event: PlatformLog
    taken: bool = False


@dataclass(frozen=True, kw_only=True)
class _Expected:
    """One line that must be there. ``number``: of its declaration; ``until``: when it is written at the latest."""

    number: int
    says: str
    at: datetime
    until: datetime
    required: bool
    many: bool
    judges: Mapping[str, Judge]
    scope: Scope
    event: Event | None

    def complaints(self, line: _Line) -> Iterator[tuple[str, str, str]]:
        """Field, what it should be, and what it is, for each that is otherwise."""
        for name in {**self.judges, **line.fields}:
            actual, judge = line.fields.get(name), self.judges.get(name)
            should = "no such field" if judge is None else judge(actual, self.scope)
            if should is not None:
                yield name, should, "no such field" if actual is None else actual


def log_lines(case: Case) -> Statements:
    """Judge the log. Call it through :meth:`Case.remembered`."""
    assert case.contract.log is not None
    return log_lines_of(case, range(len(case.contract.log.lines)), known=None)


def log_lines_of(case: Case, numbers: Collection[int], *, known: Collection[str] | None) -> Statements:
    """:func:`log_lines` for some declared lines only: with one of a row all of that row, and with one all that say the
    same.

    :param known: the tables that their declarations name; None: all.
    """
    found, declared = Statements(), case.contract.log
    assert declared is not None
    lines = {number: declared.lines[number] for number in sorted(numbers)}
    by_words: dict[str, list[_Line]] = defaultdict(list)
    for line in _written(case, declared, found):
        number = declared.number_of(line.says)
        if number is None:
            found.not_judged[f"{line.says}: no rule is about it"] += 1
        elif number in lines:
            by_words[line.says].append(line)
            found.judged["log"] += 1
    troubled = _Troubles(case)
    every = known is None and len(lines) == len(declared.lines)
    expected = case.remembered(_all_expected) if every else list(_expected(case, lines, known))
    left = [one for one in expected if not _taken(one, by_words[one.says], troubled)]
    for one in left:
        other = _take(one, by_words[one.says], troubled, whole=False)
        if other is not None:
            found.wrong += _complaints(one, other)
        elif one.required and not troubled.near(one.at):
            found.wrong.append(_missing(one))
    for line in (line for several in by_words.values() for line in several if not line.taken):
        found.wrong.append(_unexplained(line, declared.number_of(line.says)))
    return found


def _all_expected(case: Case) -> Sequence[_Expected]:
    """What must stand in the log, whatever does."""
    assert case.contract.log is not None
    lines = dict(enumerate(case.contract.log.lines))
    return list(_expected(case, lines, None))


def _expected(case: Case, lines: Mapping[int, LogLine], known: Collection[str] | None) -> Iterator[_Expected]:
    """Of the lines that are one for a row the first that fits counts; those that may be many come beside it."""
    yield from _of_rows(case, {number: line for number, line in lines.items() if not line.many}, known)
    for number, line in lines.items():
        if line.many and line.row is not None:
            yield from _of_rows(case, {number: line}, known)
    yield from _of_facts(case, lines)


def _written(case: Case, declared: Log, found: Statements) -> Iterator[_Line]:
    for event in case.events(PlatformLog):
        for text in event.lines:
            parts = declared.read(text)
            at = None if parts is None else instant(parts.at)
            if parts is None or at is None:
                found.not_judged["a line of another shape"] += 1
                continue
            yield _Line(
                text=text,
                says=parts.says,
                at=whole_second(at),
                fields=_fields(parts.fields),
                event=event,
            )


@lru_cache(maxsize=65_536)
def _fields(text: str) -> Mapping[str, str]:
    return {name: _unquoted(value) for name, value in FIELD.findall(text)}


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value


def _of_rows(case: Case, lines: Mapping[int, LogLine], known: Collection[str] | None) -> Iterator[_Expected]:
    """A line for each row that a line is declared to be about."""
    writes = defaultdict[str, list[Write]](list)
    for number, line in lines.items():
        if line.row is not None:
            writes[line.row].append(write_of(line).model_copy(update={"name": str(number)}))
    about = Contract(tables={name: Table(writes=tuple(several)) for name, several in writes.items()})
    prepared = {number: _prepared(line) for number, line in lines.items()}
    rows, world = Tables(keys={name: table.key for name, table in case.contract.tables.items()}), World(case)
    transactions = case.wal.transactions if known is None else case.wal.touching(known)
    read = read_writes(transactions, about, case.governance, rows, known=known, judged=about.tables.keys())
    for transaction, written in read if writes else ():
        declares = [(one, int(one.write.name)) for one in written if one.write is not None]
        shared = write_scope(case, world, rows, transaction, written) if declares else {}
        for one, number in declares:
            says, judges = prepared[number]
            scope = {**shared, "row": one.row, "old": one.old}
            yield _Expected(
                number=number,
                says=str(says(scope)),
                at=transaction.at,
                until=transaction.at + timedelta(seconds=lines[number].within_seconds),
                required=lines[number].every and not lines[number].many and case.whole,
                many=lines[number].many,
                judges=judges,
                scope=scope,
                event=transaction,
            )


def _of_facts(case: Case, lines: Mapping[int, LogLine]) -> Iterator[_Expected]:
    for number, line in lines.items():
        if line.for_each is None:
            continue
        says, judges = _prepared(line)
        for fact in facts_for(case, line.for_each):
            scope = {"now": fact.at, line.for_each.name: fact, "requests": case.remembered(requests_by_id)}
            yield _Expected(
                number=number,
                says=str(says(scope)),
                at=fact.at,
                until=fact.at + timedelta(seconds=line.within_seconds),
                required=line.every and not line.many and fact.required and case.whole,
                many=line.many,
                judges=judges,
                scope=scope,
                event=None,
            )


def _prepared(line: LogLine) -> tuple[Callable[[Scope], Any], Mapping[str, Judge]]:
    return text_of(line.says), {name: _judge(rule, name) for name, rule in line.fields.items()}


def _judge(rule: Rule, name: str) -> Judge:
    """The judge of a field, whose value is text, or None where it is not there."""
    if not isinstance(rule, EXACT):
        return _of_text(judge_of(rule, name))
    value = value_of(rule, name)

    def judge(actual: Any, scope: Scope) -> str | None:
        wanted = value(scope)
        alike = actual is None if wanted is None else actual is not None and _reads(wanted, actual)
        return None if alike else "no such field" if wanted is None else shown(wanted)

    return judge


def _of_text(judge: Judge) -> Judge:
    """A judge that takes a number for what it is, though it stands in the log as text."""

    def judge_text(actual: Any, scope: Scope) -> str | None:
        complaint = judge(actual, scope)
        if complaint is not None and isinstance(actual, str) and actual.isdecimal():
            return None if judge(int(actual), scope) is None else complaint
        return complaint

    return judge_text


def _reads(wanted: Any, actual: str) -> bool:
    return wanted is not MISSING and (str(wanted) == actual or same(actual, wanted))


@dataclass
class _Troubles:
    """When a fault came between a commit and the line about it."""

    case: Case
    _at: list[datetime] = field(init=False)
    _slow: list[tuple[datetime, datetime]] = field(init=False)

    def __post_init__(self) -> None:
        self._at = sorted(strike.at for strike in self.case.events(FaultInjected) if strike.fault_kind in _BREAKING)
        self._slow = [
            (fault.starts_at, (fault.ends_at or fault.starts_at) + _TROUBLE)
            for fault in self.case.events(FaultScheduled)
            if fault.fault_kind in _SLOWING
        ]

    def near(self, at: datetime) -> bool:
        return bisect_left(self._at, at - _TROUBLE) < bisect_right(self._at, at + _TROUBLE)

    def slack(self, at: datetime) -> timedelta:
        """By how much a line may be earlier or later than it should be."""
        slow = any(since <= at <= until for since, until in self._slow)
        return _TROUBLE if slow or self.near(at) else timedelta()


def _take(one: _Expected, lines: Sequence[_Line], troubled: _Troubles, *, whole: bool) -> _Line | None:
    """The first line left that is at the right instant; ``whole``: and whose fields are all right."""
    slack = troubled.slack(one.at)
    for line in lines:
        if line.taken or not one.at - slack <= line.at <= one.until + slack:
            continue
        if not whole or next(one.complaints(line), None) is None:
            line.taken = True
            return line
    return None


def _taken(one: _Expected, lines: Sequence[_Line], troubled: _Troubles) -> bool:
    """Whether the line is there; of those that may come in any number all are taken, and it is never certain."""
    if not one.many:
        return _take(one, lines, troubled, whole=True) is not None
    while _take(one, lines, troubled, whole=True) is not None:
        pass
    return False


def _complaints(one: _Expected, line: _Line) -> Iterator[Misstatement]:
    for name, should, actual in one.complaints(line):
        yield Misstatement(
            kind="log",
            declared=one.number,
            about=f"log, {one.says}: {name}",
            expected=should,
            actual=actual,
            at=line.at,
            event=one.event,
            request_id=line.fields.get("request_id"),
        )


def _missing(one: _Expected) -> Misstatement:
    return Misstatement(
        kind="log",
        declared=one.number,
        about=f"log, {one.says}",
        expected="a line that says so",
        actual="none",
        at=one.at,
        event=one.event,
    )


def _unexplained(line: _Line, number: int | None) -> Misstatement:
    return Misstatement(
        kind="log",
        declared=-1 if number is None else number,
        about=f"log, {line.says}",
        expected="a row or a fact outside that it is about",
        actual=shown(line.text),
        at=line.at,
        event=line.event,
        request_id=line.fields.get("request_id"),
    )
