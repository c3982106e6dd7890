"""The one value that a rule demands, as a function of the scope."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from simulation.checks.conformance.scope import MISSING, Scope, instant, path_to
from simulation.checks.evidence.case import CannotTell
from simulation.contract.facts import Fact
from simulation.contract.functions import FUNCTIONS, TAKE_NOTHING
from simulation.contract.paths import Argument, Literally, filled, holes
from simulation.contract.queries import Depending, Found, Happened, Rows
from simulation.contract.rules import (
    Caller,
    Constant,
    Counted,
    Derived,
    Document,
    Given,
    Keyed,
    Listing,
    Mapped,
    Rule,
    Summed,
    Text,
    Unchanged,
)

ValueOf = Callable[[Scope], Any]


def value_of(rule: Rule, column: str) -> ValueOf:
    """The value that a rule of exactly one value demands, as a function of the scope."""
    match rule:
        case Constant(constant=value):
            return lambda _scope: value
        case Given(given=path):
            return path_to(path)
        case Caller(caller=path, otherwise=nobody):
            return _caller(path_to(path), nobody)
        case Text(text=template):
            return text_of(template)
        case Unchanged():
            return path_to(f"old.{column}")
        case Mapped(mapped=path, to=words):
            found = path_to(path)
            return lambda scope: words.get(str(found(scope)), MISSING)
        case Document(document=keys):
            below = {key: value_of(each, key) for key, each in keys.items()}
            return lambda scope: {key: each(scope) for key, each in below.items()}
        case Listing(called=name, each=item):
            return _listing(elements_of(rule), name, value_of(item, column))
        case Keyed(object=path, called=name, key=key, each=item):
            return _keyed(argument(path), name, path_to(key), value_of(item, column))
        case Counted(count=table, where=where):
            rows = _rows(table, where)
            return _applied(len, [rows])
        case Summed(sum=place, where=where):
            table, _, column = place.partition(".")
            return _applied(lambda rows: sum(int(str(row[column])) for row in rows), [_rows(table, where)])
        case Derived():
            return _derived(rule)
        case Rows():
            return rows_of(rule)
        case Found(found=place, where=where):
            return _found(place, where)
        case Happened():
            return _happened(rule)
        case Depending(when=when, then=then, otherwise=otherwise):
            return _depending(argument(when), argument(then), argument(otherwise))
        case _:
            raise TypeError(f"no value follows from {type(rule).__name__}")


def argument(wanted: Argument) -> ValueOf:
    """A function from the scope to an argument's value: the one at the path, the constant, or the rule's."""
    if isinstance(wanted, str):
        return path_to(wanted)
    if isinstance(wanted, Literally):
        constant = wanted.constant
        return lambda _scope: constant
    return value_of(wanted, "")


def _caller(request_id: ValueOf, nobody: Any) -> ValueOf:
    def find(scope: Scope) -> Any:
        request = scope["requests"].get(str(request_id(scope)))
        return nobody if request is None or request.subject is None else request.subject

    return find


def _listing(things: ValueOf, name: str, item: ValueOf) -> ValueOf:
    return lambda scope: [item({**scope, name: thing}) for thing in each_of(things(scope))]


def elements_of(rule: Listing) -> ValueOf:
    """The elements that a listing has an item for, as a function of the scope."""
    things = argument(rule.list)
    if rule.only is None:
        return things
    only, name = argument(rule.only), rule.called

    def find(scope: Scope) -> Any:
        found = things(scope)
        return found if found is MISSING else [one for one in each_of(found) if holds(only({**scope, name: one}))]

    return find


def _keyed(things: ValueOf, name: str, key: ValueOf, item: ValueOf) -> ValueOf:
    def make(scope: Scope) -> dict[str, Any]:
        inner = [{**scope, name: thing} for thing in each_of(things(scope))]
        return {str(key(each)): item(each) for each in inner}

    return make


def each_of(found: Any) -> Sequence[Any]:
    """The items of a list; empty if the value is not a list."""
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def rows_of(rule: Rows) -> ValueOf:
    """The rows that meet a rule's conditions at the scope's instant, as a function of the scope."""
    where = {column: argument(each) for column, each in rule.where.items()}
    given = {column: path_to(path) for column, path in rule.given.items()}
    only = None if rule.only is None else argument(rule.only)
    conditional = bool(rule.present or rule.one_of or rule.none_of or rule.past)

    def find(scope: Scope) -> Any:
        values = {column: each(scope) for column, each in where.items()}
        if MISSING in values.values():
            return MISSING
        asked = ((column, each(scope)) for column, each in given.items())
        values |= {column: value for column, value in asked if value is not MISSING}
        tables = scope["tables"]
        found = tables.where(rule.rows, values) if values else list(tables.rows[rule.rows].values())
        if conditional:
            found = [row for row in found if _meets(row, rule, scope)]
        if only is not None:
            found = [row for row in found if holds(only({**scope, rule.called: row}))]
        for column in reversed(rule.order):
            name = column.removeprefix("-")
            found.sort(key=lambda row: (row.get(name) is None, row.get(name)), reverse=column != name)
        return found[: rule.limit]

    return find


def _meets(row: Mapping[str, Any], rule: Rows, scope: Scope) -> bool:
    for column, values in rule.one_of.items():  # loops for speed: called for each row at each scrape
        if row.get(column) not in values:
            return False
    for column, values in rule.none_of.items():
        if row.get(column) in values:
            return False
    for column in rule.present:
        if row.get(column) is None:
            return False
    return all(_is_past(row.get(column), seconds, scope) for column, seconds in rule.past.items())


def _is_past(value: Any, seconds: int, scope: Scope) -> bool:
    then = instant(value)
    return then is not None and then < scope["now"] - timedelta(seconds=seconds)


def holds(value: Any) -> bool:
    """Whether a value is there and is neither false, 0, empty nor null."""
    return value is not MISSING and bool(value)


def _found(place: str, where: Mapping[str, Argument]) -> ValueOf:
    table, _, column = place.partition(".")
    rows = _rows(table, where)

    def find(scope: Scope) -> Any:
        found = rows(scope)
        return MISSING if found is MISSING else found[0].get(column, MISSING) if found else None

    return find


def _happened(rule: Happened) -> ValueOf:
    where = {name: argument(each) for name, each in rule.where.items()}

    def find(scope: Scope) -> Any:
        values = {name: each(scope) for name, each in where.items()}
        facts, now = scope["happened"](rule.happened), scope["now"]
        first = 0 if rule.within is None else bisect_left(facts, now - timedelta(seconds=rule.within), key=_when)
        last = bisect_right(facts, now, key=_when)
        until = facts[first : last - min(scope["not_yet"], last - bisect_left(facts, now, key=_when))]
        if not values:
            return until
        return [fact for fact in until if all(getattr(fact, name) == value for name, value in values.items())]

    return find


def _when(fact: Fact) -> datetime:
    return fact.at


def _depending(when: ValueOf, then: ValueOf, otherwise: ValueOf) -> ValueOf:
    return lambda scope: then(scope) if holds(when(scope)) else otherwise(scope)


def _rows(table: str, where: Mapping[str, Any]) -> ValueOf:
    wanted = {column: argument(each) for column, each in where.items()}

    def find(scope: Scope) -> Any:
        values = {column: each(scope) for column, each in wanted.items()}
        return MISSING if MISSING in values.values() else scope["tables"].where(table, values)

    return find


def _derived(rule: Derived) -> ValueOf:
    if rule.derived not in FUNCTIONS:
        raise CannotTell(f"the contract names a function {rule.derived}, which this version does not know")
    values = [argument(each) for each in rule.of]
    return _applied(
        FUNCTIONS[rule.derived], [_or_null(each) for each in values] if rule.derived in TAKE_NOTHING else values
    )


def _or_null(wanted: ValueOf) -> ValueOf:
    def find(scope: Scope) -> Any:
        value = wanted(scope)
        return None if value is MISSING else value

    return find


def _applied(function: Callable[..., Any], wanted: Sequence[ValueOf]) -> ValueOf:
    """The function applied to the values; :data:`MISSING` where a value is missing or of a type it does not take."""

    def call(scope: Scope) -> Any:
        values = [each(scope) for each in wanted]
        if any(value is MISSING for value in values):
            return MISSING
        try:
            return function(*values)
        except (TypeError, ValueError, KeyError, AttributeError):
            return MISSING

    return call


def text_of(template: str) -> ValueOf:
    paths = {path: path_to(path) for path in holes(template)}
    if not paths:
        return lambda _scope: template

    def fill(scope: Scope) -> Any:
        values = {path: found(scope) for path, found in paths.items()}
        return (
            MISSING
            if MISSING in values.values()
            else filled(template, {path: str(value) for path, value in values.items()})
        )

    return fill
