"""One column of one write, held against its rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulation.checks.conformance.functions import FUNCTIONS, TAKE_NOTHING, hash_of, is_hash
from simulation.checks.conformance.scope import MISSING, argument, instant, look_up, same, shown
from simulation.checks.conformance.writes import Tables
from simulation.contract.rules import (
    AnyOf,
    Asked,
    Caller,
    Composed,
    Constant,
    Counted,
    Derived,
    Document,
    Free,
    Given,
    Hashed,
    Instant,
    Keyed,
    Listing,
    Mapped,
    OneOf,
    Reference,
    Rule,
    State,
    Summed,
    Text,
    Unchanged,
    Words,
    filled,
    holes,
)

Scope = Mapping[str, Any]


def wrong(actual: Any, rule: Rule, scope: Scope, tables: Tables, *, column: str) -> str | None:
    """What the value should have been; None when it is as the rule says. Identities are judged elsewhere."""
    match rule:
        case Free():
            return None
        case Words(words=words):
            return _unsaid(actual, [_text(word, scope) for word in words])
        case OneOf(one_of=values):
            return None if any(same(actual, value) for value in values) else f"one of {', '.join(map(shown, values))}"
        case AnyOf(any_of=rules):
            complaints = [wrong(actual, each, scope, tables, column=column) for each in rules]
            return None if None in complaints else " or ".join(str(complaint) for complaint in complaints)
        case Document(document=keys) if not is_hash(actual):
            return _document(actual, keys, scope, tables)
        case Asked(asked=routes):
            return _unasked(actual, routes, scope)
        case Composed(composed=template, parts=parts):
            return _composed(actual, template, parts, scope, tables)
        case Hashed(sha256=path):
            return _another_document(actual, look_up(path, scope))
        case Instant():
            return _moment(actual, rule, scope)
        case Reference():
            return _unrelated(actual, rule, scope, tables)
        case State(state=state, after=after):
            return _state(actual, state, after, scope, column)
        case _:
            expected = value_of(rule, scope, tables, column=column)
            return None if same(actual, expected) else shown(expected)


def value_of(rule: Rule, scope: Scope, tables: Tables, *, column: str) -> Any:
    """The value that a rule of exactly one value demands."""
    match rule:
        case Constant(constant=value):
            return value
        case Given(given=path):
            return look_up(path, scope)
        case Caller(caller=path, otherwise=nobody):
            request = scope["requests"].get(look_up(path, scope))
            return nobody if request is None or request.subject is None else request.subject
        case Text(text=template):
            return _text(template, scope)
        case Unchanged():
            return look_up(f"old.{column}", scope)
        case Mapped(mapped=path, to=words):
            return words.get(str(look_up(path, scope)), MISSING)
        case Document(document=keys):
            return {key: value_of(below, scope, tables, column=key) for key, below in keys.items()}
        case Listing(list=path, called=name, each=below):
            return [value_of(below, {**scope, name: thing}, tables, column=column) for thing in _things(path, scope)]
        case Keyed(object=path, called=name, key=key, each=below):
            inner = [{**scope, name: thing} for thing in _things(path, scope)]
            return {str(look_up(key, each)): value_of(below, each, tables, column=column) for each in inner}
        case Counted(count=table, where=where):
            return len(tables.where(table, _arguments(where, scope)))
        case Summed(sum=place, where=where):
            table, _, summed = place.partition(".")
            return sum(int(str(row[summed])) for row in tables.where(table, _arguments(where, scope)))
        case Derived(derived=name, of=arguments):
            values = [argument(each, scope) for each in arguments]
            if name in TAKE_NOTHING:
                values = [None if value is MISSING else value for value in values]
            return MISSING if any(value is MISSING for value in values) else FUNCTIONS[name](*values)
        case _:
            raise TypeError(f"no value follows from {type(rule).__name__}")


def _things(path: str, scope: Scope) -> Any:
    found = look_up(path, scope)
    return () if found is MISSING else found


def _arguments(where: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    return {column: argument(wanted, scope) for column, wanted in where.items()}


def _text(template: str, scope: Scope) -> str:
    return filled(template, {path: str(look_up(path, scope)) for path in holes(template)})


def _unsaid(actual: Any, words: list[str]) -> str | None:
    said = str(actual).casefold()
    return None if all(word.casefold() in said for word in words) else f"a text with {', '.join(words)}"


def _document(actual: Any, keys: Mapping[str, Rule], scope: Scope, tables: Tables) -> str | None:
    if not isinstance(actual, dict) or set(actual) != set(keys):
        return f"an object with {', '.join(keys) or 'no keys'}"
    for key, rule in keys.items():
        complaint = wrong(actual[key], rule, scope, tables, column=key)
        if complaint is not None:
            return f"{key}: {complaint}"
    return None


def _unasked(actual: Any, routes: tuple[str, ...], scope: Scope) -> str | None:
    request = scope["requests"].get(actual)
    committed = scope["transaction"].at
    if request is not None and request.at >= committed and any(request.is_to(route) for route in routes):
        return None
    return f"the id of a request {' or '.join(routes)} answered at {committed:%Y-%m-%d %H:%M:%S} or later"


def _composed(actual: Any, template: str, parts: Mapping[str, Rule], scope: Scope, tables: Tables) -> str | None:
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template))
    found = re.fullmatch(pattern, str(actual))
    if found is None:
        return template
    for name, rule in parts.items():
        complaint = wrong(found[name], rule, scope, tables, column=name)
        if complaint is not None:
            return f"{template} with {name} {complaint}"
    return None


def _another_document(actual: Any, expected: Any) -> str | None:
    hashes = expected if isinstance(expected, (tuple, list)) else (expected,)
    return None if hash_of(actual) in hashes else f"a document with the sha256 {' or '.join(map(str, hashes))}"


def _moment(actual: Any, rule: Instant, scope: Scope) -> str | None:
    wanted = instant(look_up("transaction.at" if rule.instant == "commit" else rule.instant, scope))
    found = instant(actual)
    if wanted is None:
        return "a moment that can be known"
    earliest = wanted + timedelta(seconds=rule.plus_seconds)
    latest = earliest + timedelta(seconds=rule.within_seconds)
    if found is not None and earliest <= found <= latest:
        return None
    return earliest.isoformat() if earliest == latest else f"{earliest.isoformat()} to {latest.isoformat()}"


def _unrelated(actual: Any, rule: Reference, scope: Scope, tables: Tables) -> str | None:
    table, _, column = rule.refers.partition(".")
    rows = tables.where(table, {column: actual})
    row = scope["row"]
    if any(all(same(other.get(theirs), row.get(ours)) for ours, theirs in rule.same.items()) for other in rows):
        return None
    alike = " of the same " + ", ".join(rule.same) if rule.same else ""
    return f"the {column} of a row of {table}{alike}"


def _state(actual: Any, state: Any, after: tuple[Any, ...], scope: Scope, column: str) -> str | None:
    old = scope["old"] or {}
    if same(actual, state) and any(same(old.get(column), value) for value in after):
        return None
    return f"{shown(state)} after {' or '.join(map(shown, after))}, not after {shown(old.get(column))}"
