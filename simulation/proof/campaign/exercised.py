"""Which declarations of the target's contract a life held something against, and which columns had a value.

A declaration is a write (with the rules of all its columns), a change of state that one of its rules allows, an answer,
a metric, or a line of the log. A metric that was 0 at every scrape counts as not exercised: a platform that never
counts would have passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulation.checks.conformance.statements import answered
from simulation.checks.conformance.writes import RowWrite, Tables, read_writes
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract, Table, Write
from simulation.contract.rules import State
from simulation.contract.statements import Answer
from simulation.events import MetricChange, PlatformLog


@dataclass(frozen=True, kw_only=True)
class Exercised:
    """Names of declarations, and columns as ``table.column``."""

    rules: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()


def declared_by(contract: Contract) -> Exercised:
    """All that there is to exercise. What the contract itself says it cannot judge is left out."""
    rules = [name for table, declared in contract.tables.items() for name in _of_table(table, declared)]
    rules += [_answer(answer) for answer in contract.answers if answer.not_judged is None]
    rules += [_metric(name) for name, metric in contract.metrics.items() if metric.not_judged is None]
    rules += [] if contract.log is None else [_line(line.says) for line in contract.log.lines]
    columns = (
        f"{name}.{column}"
        for name, table in contract.tables.items()
        for column in {*table.inserted, *table.updated, *(column for write in table.writes for column in write.columns)}
    )
    return Exercised(rules=frozenset(rules), columns=frozenset(columns))


def exercised(case: Case) -> Exercised:
    """By one life.

    :raises CannotTell: the history does not have what tells it.
    """
    rules, columns = set[str](), set[str]()
    for one in _writes(case):
        columns |= {f"{one.table}.{column}" for column, value in one.row.items() if value is not None}
        if one.write is not None:
            rules |= {_write(one.table, one.write), *_changes(one, case.contract.tables[one.table])}
    answers = case.contract.answers
    rules |= {_answer(answers[one.number]) for one in answered(case) if one.number is not None}
    rules |= set(_counted(case)) | set(_said(case))
    declared = declared_by(case.contract)
    return Exercised(rules=declared.rules & rules, columns=declared.columns & columns)


def _of_table(table: str, declared: Table) -> Iterator[str]:
    for write in declared.writes:
        yield _write(table, write)
        for column, rule in declared.rules_of(write).items():
            if isinstance(rule, State):
                yield from (_change(table, column, before, rule.state) for before in rule.after)


def _writes(case: Case) -> Iterator[RowWrite]:
    tables = Tables(keys={name: table.key for name, table in case.contract.tables.items()})
    for _, writes in read_writes(case.wal.transactions, case.contract, case.governance, tables):
        yield from (one for one in writes if one.table in case.contract.tables)


def _changes(one: RowWrite, table: Table) -> Iterator[str]:
    if one.write is None or one.old is None:
        return
    for column, rule in table.rules_of(one.write).items():
        if isinstance(rule, State):
            yield _change(one.table, column, one.old.get(column), one.row.get(column))


def _counted(case: Case) -> Iterator[str]:
    for change in case.events(MetricChange):
        yield from (_metric(series.partition("{")[0]) for series, value in change.changes.items() if value)


def _said(case: Case) -> Iterator[str]:
    log = case.contract.log
    if log is None:
        return
    words = {
        read.says for event in case.events(PlatformLog) for text in event.lines if (read := log.read(text)) is not None
    }
    numbers = map(log.number_of, words)
    yield from (_line(log.lines[number].says) for number in numbers if number is not None)


def _write(table: str, write: Write) -> str:
    return f"{table}: {write.name}"


def _change(table: str, column: str, before: object, after: object) -> str:
    return f"{table}.{column}: {before} → {after}"


def _answer(answer: Answer) -> str:
    asked = "&".join(f"{name}={value}" for name, value in answer.query.items())
    status = ", ".join(map(str, answer.status))
    return f"answer to {answer.to}{f'?{asked}' if asked else ''}{f' ({status})' if status else ''}"


def _metric(name: str) -> str:
    return f"metric {name}"


def _line(says: str) -> str:
    return f"log: {says}"
