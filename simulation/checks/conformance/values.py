"""One column of one write, held against its rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from simulation.checks.conformance.functions import FUNCTIONS
from simulation.checks.conformance.scope import MISSING, argument, hash_of, instant, look_up, same, shown
from simulation.checks.conformance.writes import Tables
from simulation.contract.rules import (
    AnyOf,
    Constant,
    Counted,
    Derived,
    Document,
    Given,
    Hashed,
    Instant,
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
        case Words(words=words):
            return _unsaid(actual, [_text(word, scope) for word in words])
        case OneOf(one_of=values):
            return None if any(same(actual, value) for value in values) else f"one of {', '.join(map(shown, values))}"
        case AnyOf(any_of=rules):
            complaints = [wrong(actual, each, scope, tables, column=column) for each in rules]
            return None if None in complaints else " or ".join(str(complaint) for complaint in complaints)
        case Document(document=keys):
            return _document(actual, keys, scope, tables)
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
        case Text(text=template):
            return _text(template, scope)
        case Unchanged():
            return look_up(f"old.{column}", scope)
        case Counted(count=table, where=where):
            return len(tables.where(table, _arguments(where, scope)))
        case Summed(sum=place, where=where):
            table, _, summed = place.partition(".")
            return sum(int(str(row[summed])) for row in tables.where(table, _arguments(where, scope)))
        case Derived(derived=name, of=arguments):
            values = [argument(each, scope) for each in arguments]
            return MISSING if MISSING in values else FUNCTIONS[name](*values)
        case _:
            raise TypeError(f"no value follows from {type(rule).__name__}")


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
