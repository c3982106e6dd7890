"""Mistakes in one rule: paths or functions that do not exist, kinds of rules where they cannot be applied."""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulation.contract.facts import DERIVED_FACTS
from simulation.contract.functions import FUNCTIONS
from simulation.contract.names import ANYTHING, Columns, Misnamed, follow, items_of
from simulation.contract.parts import Place, own_paths, rules_below
from simulation.contract.paths import Argument
from simulation.contract.queries import Found, Happened, Rows
from simulation.contract.rules import (
    EXACT,
    AnyOf,
    Asked,
    Composed,
    Counted,
    Derived,
    Identity,
    Keyed,
    Listing,
    Reference,
    Rule,
    State,
    Summed,
    Unchanged,
    kind_name,
    kind_of,
)
from simulation.documents.refusal import suggest
from simulation.words import plural

_ROUTE = re.compile(r"[A-Z]+ /[^\s{}]*(\{[A-Za-z_]\w*(?:\.\.\.)?\}[^\s{}]*)*")
_PART = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A mistake in a contract, with its place and how to correct it."""

    place: Place
    problem: str
    remedy: str


def misnamed(place: Place, path: str, scope: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake if the path does not exist in the scope."""
    found = follow(path, scope)
    if isinstance(found, Misnamed):
        yield Mistake(place=place, problem=found.problem, remedy=found.remedy)


def no_route(place: Place, route: str | None) -> Iterator[Mistake]:
    """A mistake if the text is not a route (``METHOD /path``)."""
    if route is not None and not _ROUTE.fullmatch(route):
        yield Mistake(
            place=place, problem=f"{route!r} is no route", remedy="write METHOD /path/{name}, e.g. POST /api/users/{id}"
        )


def no_columns(place: Place, named: Iterable[str], known: tuple[str, ...]) -> Iterator[Mistake]:
    """A mistake for each named column that the table does not have; none where ``known`` is empty (columns unknown)."""
    for column in named:
        if known and column not in known:
            yield Mistake(
                place=(*place, column), problem=f"there is no column {column!r}", remedy=suggest(column, list(known))
            )


def undeclared(place: Place, table: str, tables: Collection[str]) -> Iterator[Mistake]:
    """A mistake if the contract does not have the table."""
    if table not in tables:
        yield Mistake(
            place=place,
            problem=f"table {table!r} is not in the contract",
            remedy=f"declare it below `tables:`, if only with `what:`; {suggest(table, sorted(tables))}",
        )


@dataclass(frozen=True, kw_only=True)
class RuleReader:
    """Finds mistakes in the rules of one write.

    ``scope``: the names with which paths may begin; ``columns``: the table's columns, empty where they are not known;
    ``tables``: the columns of every table of the contract.
    """

    op: str
    scope: Mapping[str, Any]
    columns: tuple[str, ...]
    tables: Mapping[str, tuple[str, ...]]

    def mistakes(self, place: Place, rule: Rule, *, whole: bool = True, exact: bool = False) -> Iterator[Mistake]:
        """All mistakes in a rule and its parts.

        :param whole: the rule is about a whole column rather than a part of a document.
        :param exact: only a rule that determines exactly one value is allowed here.
        """
        for below, path in own_paths(rule):
            yield from misnamed((*place, *below), path, self.scope)
        yield from self._of_kind(place, rule)
        yield from self._out_of_place(place, rule, whole=whole, exact=exact)
        reader = self._reader_below(rule)
        if isinstance(rule, Keyed):
            yield from misnamed((*place, "key"), rule.key, reader.scope)
        for below, part in rules_below(rule):
            yield from reader.mistakes(
                (*place, *below),
                part,
                whole=whole and isinstance(rule, AnyOf),
                exact=exact or isinstance(rule, Keyed) or (isinstance(rule, Listing) and self.op != "statement"),
            )

    def _reader_below(self, rule: Rule) -> RuleReader:
        """The reader for a rule's parts: for a list's items, their name (``called``) is in the scope, too."""
        if isinstance(rule, Rows):
            return replace(self, scope={**self.scope, rule.called: self._row_of(rule.rows)})
        if not isinstance(rule, (Listing, Keyed)):
            return self
        item = self._item_of(rule.list if isinstance(rule, Listing) else rule.object)
        return replace(self, scope={**self.scope, rule.called: ANYTHING if item is None else item})

    def _item_of(self, things: Argument) -> Any:
        """The kind of the items of a list; None if it is certainly no list."""
        if isinstance(things, Rows):
            return self._row_of(things.rows)
        if isinstance(things, Happened):
            return DERIVED_FACTS.get(things.happened, ANYTHING)
        found = follow(things, self.scope) if isinstance(things, str) else ANYTHING
        return ANYTHING if isinstance(found, Misnamed) else items_of(found)

    def _row_of(self, table: str) -> Columns:
        return Columns(table=table, known=self.tables.get(table, ()))

    def _out_of_place(self, place: Place, rule: Rule, *, whole: bool, exact: bool) -> Iterator[Mistake]:
        kind = kind_of(rule)
        if exact and not isinstance(rule, EXACT):
            known = ", ".join(sorted(map(kind_name, EXACT)))
            yield Mistake(
                place=(*place, kind),
                problem=f"{kind} does not say one value, and each of several things needs one",
                remedy=f"write one of {known}",
            )
        elif (isinstance(rule, Identity) and not whole) or (isinstance(rule, (State, Unchanged)) and not whole):
            yield Mistake(
                place=(*place, kind),
                problem=f"{kind} is about a whole column, and this is a part of one",
                remedy="say it of the column, or write another rule here",
            )
        elif isinstance(rule, Unchanged) and self.op == "insert":
            yield Mistake(
                place=(*place, kind),
                problem="an insert has no row before it",
                remedy="write what the column begins with",
            )

    def _of_kind(self, place: Place, rule: Rule) -> Iterator[Mistake]:
        match rule:
            case Derived():
                yield from _of_function(place, rule)
            case Counted(count=table, where=where):
                yield from undeclared((*place, "count"), table, self.tables)
                yield from no_columns((*place, "where"), tuple(where), self.tables.get(table, ()))
            case Summed(sum=column, where=where):
                yield from self._of_column((*place, "sum"), column)
                yield from no_columns((*place, "where"), tuple(where), self.tables.get(column.split(".")[0], ()))
            case Rows():
                yield from self._of_rows(place, rule)
            case Found(found=column, where=where):
                yield from self._of_column((*place, "found"), column)
                yield from no_columns((*place, "where"), tuple(where), self.tables.get(column.split(".")[0], ()))
            case Happened(happened=fact):
                yield from _of_happened(place, fact, tuple(rule.where))
            case Reference(refers=column, same=same):
                yield from self._of_column((*place, "refers"), column)
                yield from no_columns((*place, "same"), tuple(same), self.columns)
                theirs = self.tables.get(column.split(".")[0], ())
                for ours, other in same.items():
                    yield from (
                        replace(mistake, place=(*place, "same", ours)) for mistake in no_columns((), (other,), theirs)
                    )
            case Identity(identity=kind, by=by):
                if by and kind != "shared":
                    yield Mistake(
                        place=(*place, "by"),
                        problem=f"by means nothing to an identity that is {kind}",
                        remedy="remove it, or write identity: shared",
                    )
                yield from no_columns((*place, "by"), by, self.columns)
            case Asked(asked=routes):
                for index, route in enumerate(routes):
                    yield from no_route((*place, "asked", index), route)
            case Composed():
                yield from _of_parts(place, rule)

    def _of_rows(self, place: Place, rule: Rows) -> Iterator[Mistake]:
        yield from undeclared((*place, "rows"), rule.rows, self.tables)
        named = (*rule.where, *rule.given, *rule.one_of, *rule.none_of, *rule.past, *rule.present)
        named = (*named, *(column.removeprefix("-") for column in rule.order))
        for mistake in no_columns((), named, self.tables.get(rule.rows, ())):
            yield replace(mistake, place=(*place, "rows"))
        if isinstance(rule.only, str):
            yield from misnamed((*place, "only"), rule.only, self._reader_below(rule).scope)

    def _of_column(self, place: Place, text: str) -> Iterator[Mistake]:
        table, dot, column = text.partition(".")
        if not dot:
            yield Mistake(place=place, problem=f"{text!r} is no column", remedy="write table.column")
            return
        yield from undeclared(place, table, self.tables)
        yield from (replace(mistake, place=place) for mistake in no_columns((), (column,), self.tables.get(table, ())))


def _of_happened(place: Place, fact: str, fields: Iterable[str]) -> Iterator[Mistake]:
    kind = DERIVED_FACTS.get(fact)
    if kind is None:
        remedy = suggest(fact, list(DERIVED_FACTS))
        yield Mistake(place=(*place, "happened"), problem=f"there is no fact {fact!r}", remedy=remedy)
        return
    for name in fields:
        yield from misnamed((*place, "where", name), f"{fact}.{name}", {fact: kind})


def _of_function(place: Place, rule: Derived) -> Iterator[Mistake]:
    if rule.derived not in FUNCTIONS:
        yield Mistake(
            place=(*place, "derived"),
            problem=f"there is no function {rule.derived!r}",
            remedy=suggest(rule.derived, sorted(FUNCTIONS)),
        )
        return
    signature = inspect.signature(FUNCTIONS[rule.derived])
    try:
        signature.bind(*rule.of)
    except TypeError:
        yield Mistake(
            place=(*place, "of"),
            problem=f"{rule.derived} does not take {plural(len(rule.of), 'value')}",
            remedy=f"it takes {', '.join(signature.parameters)}" + (" …" if _takes_many(signature) else ""),
        )


def _takes_many(signature: inspect.Signature) -> bool:
    return any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in signature.parameters.values())


def _of_parts(place: Place, rule: Composed) -> Iterator[Mistake]:
    named = _PART.findall(rule.composed)
    for name in dict.fromkeys(named):
        if named.count(name) > 1:
            yield Mistake(
                place=(*place, "composed"), problem=f"{{{name}}} stands twice", remedy="name each part differently"
            )
        if name not in rule.parts:
            yield Mistake(
                place=(*place, "composed"), problem=f"{{{name}}} has no rule", remedy=f"add `{name}:` below `parts:`"
            )
    for name in rule.parts:
        if name not in named:
            yield Mistake(
                place=(*place, "parts", name),
                problem=f"{{{name}}} is not in the text",
                remedy="remove it, or put it there",
            )
