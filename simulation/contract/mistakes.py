"""Mistakes in a contract that its schema cannot detect: names that do not exist, rules that never apply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any

from simulation.contract.document import Contract, Join, Table, Write, write_of
from simulation.contract.facts import DERIVED_FACTS, Call, Event, Request, TransactionScope
from simulation.contract.facts_named import Facts
from simulation.contract.log import LogLine
from simulation.contract.names import ANYTHING, Columns, ListOf, Named, fields_of
from simulation.contract.parts import Place, paths_of
from simulation.contract.paths import holes
from simulation.contract.rule_mistakes import Mistake, RuleReader, misnamed, no_columns, no_route, undeclared
from simulation.contract.rules import Rule
from simulation.contract.statement_mistakes import of_answer, of_metric
from simulation.documents.refusal import suggest

_SEGMENT = re.compile(r"\{(\w+)(?:\.\.\.)?\}")
_FACTS = {"request": Request, "call": Call, "event": Event}


def mistakes(parts: Iterable[Contract], whole: Contract) -> Iterator[list[Mistake]]:
    """The mistakes in each file's part of a contract, one list per part.

    :param whole: the contract from all files, whose tables and writes the parts may refer to.
    """
    reader = _Reader(whole)
    for part in parts:
        yield [
            *(mistake for name, table in part.tables.items() for mistake in reader.of_table(name, table)),
            *reader.of_statements(part),
        ]


@dataclass(frozen=True)
class _Reader:
    whole: Contract

    @cached_property
    def columns(self) -> Mapping[str, tuple[str, ...]]:
        """Each table's columns: for a complete table those that its inserts have rules for. Empty for other tables,
        whose columns are not known before a run."""
        return {name: _columns_of(table) for name, table in self.whole.tables.items()}

    @cached_property
    def always_there(self) -> Mapping[str, Any]:
        """The names with which paths of every write may begin, each with its kind."""
        rows = {name: Columns(table=name, known=known) for name, known in self.columns.items()}
        return {
            "now": datetime,
            "transaction": TransactionScope,
            "audit": ANYTHING,
            "with": Named(what="the contract", below=rows),
            "before": Named(what="the contract", below=rows),
            "all": Named(what="the contract", below={name: ListOf(item=row) for name, row in rows.items()}),
        }

    def of_statements(self, part: Contract) -> Iterator[Mistake]:
        """Mistakes in what one file declares of answers and metrics."""
        for number, answer in enumerate(part.answers):
            yield from (_below(("answers", number), found) for found in of_answer(answer, self.columns))
        for name, metric in part.metrics.items():
            yield from (_below(("metrics", name), found) for found in of_metric(metric, self.columns))
        for number, line in enumerate(part.log.lines if part.log is not None else ()):
            yield from (_below(("log", "lines", number), found) for found in self._of_line(line))

    def _of_line(self, line: LogLine) -> Iterator[Mistake]:
        if line.for_each is not None:
            yield from _of_facts(line.for_each)
            scope: Mapping[str, Any] = {"now": datetime, line.for_each.name: _fact_kind(line.for_each)}
        else:
            table = line.row or ""
            unknown = list(undeclared(("row",), table, self.columns))
            yield from unknown
            if unknown:
                return
            write = write_of(line)
            yield from self._of_conditions(write, self.columns[table])
            scope = self._before_joins(table, write)
        yield from (each for path in holes(line.says) for each in misnamed(("says",), path, scope))
        for name, rule in line.fields.items():
            reader = RuleReader(op="statement", scope=scope, columns=(), tables=self.columns)
            yield from reader.mistakes(("fields", name), rule, whole=False)

    def of_table(self, name: str, table: Table) -> Iterator[Mistake]:
        """Mistakes in one file's part about a table."""
        place: Place = ("tables", name)
        yield from no_columns((*place, "key"), table.key if "key" in table.model_fields_set else (), self.columns[name])
        yield from self._of_shared((*place, "inserted"), name, "insert", table.inserted)
        yield from self._of_shared((*place, "updated"), name, "update", table.updated)
        yield from _never_reached(place, table, self.whole.tables[name].writes)
        for index, write in enumerate(table.writes):
            for found in self._of_write(name, write):
                yield replace(
                    found,
                    place=(*place, "writes", index, *found.place),
                    problem=f"write {write.name!r}: {found.problem}",
                )

    def _of_shared(self, place: Place, name: str, op: str, rules: Mapping[str, Rule]) -> Iterator[Mistake]:
        """Mistakes in rules shared by all writes with the operation ``op``: each must make sense for every one."""
        readers = [self._rules(name, write) for write in self.whole.tables[name].writes if write.op == op]
        if rules and not readers:
            yield Mistake(
                place=place,
                problem=f"no write of {name} is an {op}, so nothing comes of these rules",
                remedy=f"add a write with `op: {op}` below `writes:`",
            )
        yield from no_columns(place, rules, self.columns[name])
        for column, rule in rules.items():
            found = (mistake for reader in readers for mistake in reader.mistakes((*place, column), rule))
            yield from islice(found, 1)

    def _of_write(self, table: str, write: Write) -> Iterator[Mistake]:
        yield from self._of_conditions(write, self.columns[table])
        yield from self._of_joins(table, write)
        if write.for_each is not None:
            yield from _of_facts(write.for_each)
            yield from self._of_match(table, write, write.for_each)
        yield from no_columns(("columns",), write.columns, self.columns[table])
        rules = self._rules(table, write)
        for column, rule in write.columns.items():
            yield from rules.mistakes(("columns", column), rule)
            yield from _of_answers(("columns", column), rule)
        missing = sorted(set(self.columns[table]) - set(self.whole.tables[table].rules_of(write)))
        if write.op == "insert" and missing:
            yield Mistake(
                place=("columns",),
                problem=f"no rule for {', '.join(missing)}, and {table} is complete",
                remedy="write a rule for each column, if only {free: why nobody outside can know it}",
            )

    def _of_conditions(self, write: Write, columns: tuple[str, ...]) -> Iterator[Mistake]:
        yield from no_columns(("when",), write.when, columns)
        yield from no_columns(("before",), write.before, columns)
        if write.before and write.op == "insert":
            yield Mistake(place=("before",), problem="an insert has no row before it", remedy="remove `before:`")
        for name in write.touching:
            yield from undeclared(("touching", name), name, self.columns)
        if write.for_each is None:
            for word in sorted({"match", "every", "repeated"} & write.model_fields_set):
                yield Mistake(
                    place=(word,),
                    problem=f"{word} means nothing without for_each",
                    remedy="name the facts in `for_each:`",
                )

    def _of_joins(self, table: str, write: Write) -> Iterator[Mistake]:
        scope = self._before_joins(table, write)
        others = ", ".join(sorted(scope))
        for name, join in write.joins.items():
            place: Place = ("joins", name)
            if name in others.split(", "):
                yield Mistake(place=place, problem=f"{name!r} is taken", remedy=f"use a name other than {others}")
            yield from undeclared((*place, "table"), join.table, self.columns)
            yield from no_columns((*place, "where"), join.where, self.columns.get(join.table, ()))
            for column, path in join.where.items():
                if isinstance(path, str):
                    yield from misnamed((*place, "where", column), path, scope)
            scope[name] = self._joined(join)

    def _of_match(self, table: str, write: Write, facts: Facts) -> Iterator[Mistake]:
        fact, scope = {facts.name: _fact_kind(facts)}, self._scope(table, write)
        for own, path in write.match.items():
            place: Place = ("match", own)
            if path.split(".")[0] not in fact:
                yield Mistake(
                    place=place,
                    problem=f"{path!r} is not in the fact",
                    remedy=f"write where in the fact the value of {own} stands: {facts.name}.…",
                )
            else:
                yield from misnamed(place, path, fact)
            head = own.split(".")[0]
            if head in write.joins or (head in scope and head not in self.columns[table]):
                yield from misnamed(place, own, scope)
            else:
                yield from no_columns(("match",), (head,), self.columns[table])

    def _rules(self, table: str, write: Write) -> RuleReader:
        return RuleReader(
            op=write.op, scope=self._scope(table, write), columns=self.columns[table], tables=self.columns
        )

    def _scope(self, table: str, write: Write) -> Mapping[str, Any]:
        """The names with which paths of a write may begin, each with its kind."""
        joined = {name: self._joined(join) for name, join in write.joins.items()}
        return {**joined, **self._before_joins(table, write)}

    def _before_joins(self, table: str, write: Write) -> dict[str, Any]:
        row = Columns(table=table, known=self.columns[table])
        scope = {**self.always_there, "row": row}
        if write.op != "insert":
            scope["old"] = row
        if write.for_each is not None:
            scope[write.for_each.name] = _fact_kind(write.for_each)
        return scope

    def _joined(self, join: Join) -> Any:
        row = Columns(table=join.table, known=self.columns.get(join.table, ()))
        return ListOf(item=row) if join.all else row


def _below(place: Place, mistake: Mistake) -> Mistake:
    return replace(mistake, place=(*place, *mistake.place))


def _of_answers(place: Place, rule: Rule) -> Iterator[Mistake]:
    """Values taken from what the platform answered. It would be believed about itself: answer and row are wrong alike.

    Only the names that it makes up can be known from nowhere else.
    """
    for path in paths_of(rule):
        if path.startswith("request.answer.") and not re.search(r"(^|[._])id$", path):
            yield Mistake(
                place=place,
                problem=f"{path!r} is the platform's own word, and no witness",
                remedy="derive it from something outside, or write {free: why nobody outside can know it}",
            )


def _columns_of(table: Table) -> tuple[str, ...]:
    if not table.complete:
        return ()
    inserts = (table.rules_of(write) for write in table.writes if write.op == "insert")
    return tuple(dict.fromkeys(column for rules in inserts for column in rules))


def _never_reached(place: Place, table: Table, writes: Iterable[Write]) -> Iterator[Mistake]:
    """Writes of one file that can never apply, because an earlier write matches every change that they would match.

    :param writes: those of all files, in the order in which they are tried.
    """
    takes_all: dict[str, str] = {}
    own = {id(write): index for index, write in enumerate(table.writes)}
    for write in writes:
        if write.op in takes_all and id(write) in own:
            yield Mistake(
                place=(*place, "writes", own[id(write)]),
                problem=f"write {write.name!r} is never reached: {takes_all[write.op]!r} before it has no condition",
                remedy="put that one last, or give it `actions:`, `when:`, `before:` or `touching:`",
            )
        if not (write.actions or write.when or write.before or write.touching):
            takes_all.setdefault(write.op, write.name)


def _of_facts(facts: Facts) -> Iterator[Mistake]:
    place: Place = ("for_each",)
    if facts.fact is not None and facts.fact not in DERIVED_FACTS:
        yield Mistake(
            place=(*place, "fact"),
            problem=f"there is no fact {facts.fact!r}",
            remedy=suggest(facts.fact, list(DERIVED_FACTS)),
        )
        return
    yield from no_route((*place, facts.name), facts.request or facts.call)
    for word, kind in (("status", "request"), ("outcome", "call")):
        if word in facts.model_fields_set and facts.name != kind:
            yield Mistake(place=(*place, word), problem=f"only a {kind} has {word}", remedy="remove it")
    scope = {facts.name: _fact_kind(facts)}
    for word, names in (("where", list(facts.where)), ("distinct", [facts.distinct] if facts.distinct else [])):
        for name in names:
            yield from misnamed((*place, word), f"{facts.name}.{name}", scope)


def _fact_kind(facts: Facts) -> Any:
    """The kind of a fact, for following paths; of requests and calls, ``path`` has the route's segments."""
    if facts.fact is not None:
        return DERIVED_FACTS.get(facts.fact, ANYTHING)
    kind, route = _FACTS[facts.name], facts.request or facts.call or ""
    below = dict(fields_of(kind))
    if "path" in below:
        segments = _SEGMENT.findall(route)
        below["path"] = Named(what=f"the route {route}", below=dict.fromkeys(segments, ANYTHING))
    return Named(what=f"a {facts.name}", below=below)
