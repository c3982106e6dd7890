"""The one value that a rule demands, as a function of the scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulation.checks.conformance.scope import MISSING, Scope, argument, path_to
from simulation.checks.evidence.case import CannotTell
from simulation.contract.functions import FUNCTIONS, TAKE_NOTHING
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
    filled,
    holes,
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
        case Listing(list=path, called=name, each=item):
            return _listing(path_to(path), name, value_of(item, column))
        case Keyed(object=path, called=name, key=key, each=item):
            return _keyed(path_to(path), name, path_to(key), value_of(item, column))
        case Counted(count=table, where=where):
            rows = _rows(table, where)
            return _applied(len, [rows])
        case Summed(sum=place, where=where):
            table, _, column = place.partition(".")
            return _applied(lambda rows: sum(int(str(row[column])) for row in rows), [_rows(table, where)])
        case Derived():
            return _derived(rule)
        case _:
            raise TypeError(f"no value follows from {type(rule).__name__}")


def _caller(request_id: ValueOf, nobody: Any) -> ValueOf:
    def find(scope: Scope) -> Any:
        request = scope["requests"].get(str(request_id(scope)))
        return nobody if request is None or request.subject is None else request.subject

    return find


def _listing(things: ValueOf, name: str, item: ValueOf) -> ValueOf:
    return lambda scope: [item({**scope, name: thing}) for thing in each_of(things(scope))]


def _keyed(things: ValueOf, name: str, key: ValueOf, item: ValueOf) -> ValueOf:
    def make(scope: Scope) -> dict[str, Any]:
        inner = [{**scope, name: thing} for thing in each_of(things(scope))]
        return {str(key(each)): item(each) for each in inner}

    return make


def each_of(found: Any) -> Sequence[Any]:
    """The items of a list; empty if the value is not a list."""
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


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
