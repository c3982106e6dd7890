"""Rules compiled into judge functions: each is called thousands of times, so paths and kinds are resolved only once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from simulation.checks.conformance.scope import MISSING, Scope, instant, path_to, same, shown
from simulation.checks.conformance.values import ValueOf, argument, each_of, elements_of, holds, text_of, value_of
from simulation.checks.evidence.wal import whole_second
from simulation.contract.functions import hash_of, is_hash
from simulation.contract.paths import Argument, Literally
from simulation.contract.queries import Depending
from simulation.contract.rules import (
    Among,
    AnyOf,
    Asked,
    Caller,
    Composed,
    Constant,
    Document,
    Free,
    Hashed,
    Instant,
    Listing,
    OneOf,
    Reference,
    Rule,
    State,
    Words,
)

Complaint = str | None
"""What a value should have been; None when it is as its rule says."""
Judge = Callable[[Any, Scope], Complaint]
_BRACES = re.compile(r"\{(\w+)\}")


def judge_of(rule: Rule, column: str) -> Judge:
    """A function that compares a value of the column with the rule. ``Identity`` is judged by the engine instead."""
    match rule:
        case Constant(constant=value):
            return _exactly(value)
        case Instant():
            return _moment(rule)
        case Free():
            return lambda _actual, _scope: None
        case Words(words=templates):
            return _words([text_of(template) for template in templates])
        case OneOf(one_of=values):
            return _one_of(values)
        case Among(among=path):
            return _among(argument(path))
        case AnyOf(any_of=rules):
            return _any_of([judge_of(each, column) for each in rules])
        case Document(document=keys):
            return _document(rule, {key: judge_of(below, key) for key, below in keys.items()})
        case Asked(asked=routes):
            return _asked(routes)
        case Caller(caller=path):
            return _called(path_to(path), value_of(rule, column))
        case Composed(composed=template, parts=parts):
            return _composed(template, {name: judge_of(below, name) for name, below in parts.items()})
        case Hashed(sha256=path):
            return _hashed(path_to(path))
        case Reference():
            return _reference(rule)
        case State(state=state, after=after):
            return _state(state, after, column)
        case Listing(called=name, each=item):
            return _listing(rule, elements_of(rule), name, judge_of(item, column))
        case Depending(when=when, then=then, otherwise=otherwise):
            return _depending(argument(when), _judge_of(then, column), _judge_of(otherwise, column))
        case _:
            return _the(value_of(rule, column))


def _judge_of(wanted: Argument, column: str) -> Judge:
    return _the(argument(wanted)) if isinstance(wanted, (str, Literally)) else judge_of(wanted, column)


def _depending(when: ValueOf, then: Judge, otherwise: Judge) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        return then(actual, scope) if holds(when(scope)) else otherwise(actual, scope)

    return judge


def _exactly(value: Any) -> Judge:
    said = shown(value)
    return lambda actual, _scope: None if same(actual, value) else said


def _the(wanted: ValueOf) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        expected = wanted(scope)
        return None if same(actual, expected) else shown(expected)

    return judge


def _one_of(values: tuple[Any, ...]) -> Judge:
    said = f"one of {', '.join(map(shown, values))}"
    return lambda actual, _scope: None if any(same(actual, value) for value in values) else said


def _among(wanted: ValueOf) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        values = each_of(wanted(scope))
        return None if any(same(actual, value) for value in values) else f"one of {shown(values)}"

    return judge


def _any_of(judges: list[Judge]) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        complaints = []
        for each in judges:
            complaint = each(actual, scope)
            if complaint is None:
                return None
            complaints.append(complaint)
        return " or ".join(complaints)

    return judge


def _words(wanted: list[ValueOf]) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        said, words = str(actual).casefold(), [word(scope) for word in wanted]
        if all(word is not MISSING and word.casefold() in said for word in words):
            return None
        return f"a text with {', '.join(map(shown, words))}"

    return judge


def _document(rule: Document, judges: Mapping[str, Judge]) -> Judge:
    whole = _the(value_of(rule, "")) if not _leaves_free(rule) else None

    def judge(actual: Any, scope: Scope) -> Complaint:
        if is_hash(actual):
            return None if whole is None else whole(actual, scope)
        if not isinstance(actual, dict) or actual.keys() != judges.keys():
            return f"an object with {', '.join(judges) or 'no keys'}"
        for key, each in judges.items():
            complaint = each(actual[key], scope)
            if complaint is not None:
                return f"{key}: {complaint}"
        return None

    return judge


def _listing(rule: Listing, things: ValueOf, name: str, item: Judge) -> Judge:
    whole = None if _is_indefinite(rule.each) else _the(value_of(rule, ""))

    def judge(actual: Any, scope: Scope) -> Complaint:
        found = things(scope)
        if is_hash(actual):
            return None if whole is None else whole(actual, scope)
        if found is MISSING or not isinstance(actual, list) or len(actual) != len(each_of(found)):
            return shown(found) if found is MISSING else f"a list of {len(each_of(found))}"
        for number, (one, thing) in enumerate(zip(actual, each_of(found), strict=True)):
            complaint = item(one, {**scope, name: thing})
            if complaint is not None:
                return f"{number}: {complaint}"
        return None

    return judge


def _leaves_free(rule: Document) -> bool:
    """Whether some part has no single right value, so that a document known only by its hash cannot be judged."""
    return any(map(_is_indefinite, rule.document.values()))


def _is_indefinite(rule: Rule) -> bool:
    indefinite = (Free, Among, AnyOf, OneOf, Words, Instant, Composed, Asked, Hashed, Reference, State)
    return (
        isinstance(rule, indefinite)
        or (isinstance(rule, Document) and _leaves_free(rule))
        or (isinstance(rule, Listing) and _is_indefinite(rule.each))
        or (isinstance(rule, Depending) and any(map(_is_indefinite_argument, (rule.then, rule.otherwise))))
    )


def _is_indefinite_argument(wanted: Argument) -> bool:
    return not isinstance(wanted, (str, Literally)) and _is_indefinite(wanted)


def _asked(routes: tuple[str, ...]) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        request, committed = scope["requests"].get(str(actual)), scope["transaction"].at
        if request is None and not scope["whole"]:  # it may have been answered after the history breaks off
            return None
        if request is not None and request.at >= committed and any(request.is_to(route) for route in routes):
            return None
        return f"the id of a request {' or '.join(routes)} answered at {committed:%Y-%m-%d %H:%M:%S} or later"

    return judge


def _called(request_id: ValueOf, wanted: ValueOf) -> Judge:
    judge_whole = _the(wanted)

    def judge(actual: Any, scope: Scope) -> Complaint:
        unseen = str(request_id(scope)) not in scope["requests"] and not scope["whole"]  # as in _asked
        return None if unseen else judge_whole(actual, scope)

    return judge


def _composed(template: str, parts: Mapping[str, Judge]) -> Judge:
    first, *more = _BRACES.split(template)
    pieces = tuple(zip(more[::2], more[1::2], strict=True))  # (name of a part, the literal text after it)

    def judge(actual: Any, scope: Scope) -> Complaint:
        text, said = str(actual), template
        for found in _splits(text[len(first) :], pieces) if text.startswith(first) else ():
            complaints = {name: parts[name](found[name], scope) for name in found}
            if not any(complaints.values()):
                return None
            told = [f"{name} {complaint}" for name, complaint in complaints.items() if complaint is not None]
            said = f"{template} with {' and '.join(told)}"
        return said

    return judge


def _splits(text: str, pieces: tuple[tuple[str, str], ...]) -> Iterator[dict[str, str]]:
    """Every way to split a text into its parts; there may be several, since parts may contain the text between them."""
    if not pieces:
        if not text:
            yield {}
        return
    (name, then), *rest = pieces
    for end in range(1, len(text) + 1):
        if text.startswith(then, end):
            yield from ({name: text[:end], **others} for others in _splits(text[end + len(then) :], tuple(rest)))


def _hashed(wanted: ValueOf) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        found = wanted(scope)
        hashes = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        return None if hash_of(actual) in hashes else f"a document with the sha256 {' or '.join(map(str, hashes))}"

    return judge


def _moment(rule: Instant) -> Judge:
    of_commit, wanted = (
        rule.instant == "commit",
        path_to("transaction.at" if rule.instant == "commit" else rule.instant),
    )
    from_then, until = timedelta(seconds=rule.plus_seconds), timedelta(seconds=rule.within_seconds)
    exact = of_commit and not from_then and not until

    def judge(actual: Any, scope: Scope) -> Complaint:
        if exact and actual == scope["transaction"].text:
            return None
        then, found = instant(wanted(scope)), instant(actual)
        if then is None:
            return "a moment that can be known"
        earliest, latest = (scope["begun"] if of_commit else then) + from_then, then + from_then + until
        if found is not None and whole_second(earliest) <= whole_second(found) <= latest:
            return None
        return earliest.isoformat() if earliest == latest else f"{earliest.isoformat()} to {latest.isoformat()}"

    return judge


def _reference(rule: Reference) -> Judge:
    table, _, column = rule.refers.partition(".")
    alike = " of the same " + ", ".join(rule.same) if rule.same else ""
    said = f"the {column} of a row of {table}{alike}"

    def judge(actual: Any, scope: Scope) -> Complaint:
        row = scope["row"]
        for other in scope["tables"].where(table, {column: actual}):
            if all(same(other.get(theirs), row.get(ours)) for ours, theirs in rule.same.items()):
                return None
        return said

    return judge


def _state(state: Any, after: tuple[Any, ...], column: str) -> Judge:
    def judge(actual: Any, scope: Scope) -> Complaint:
        old = (scope["old"] or {}).get(column)
        if same(actual, state) and any(same(old, value) for value in after):
            return None
        return f"{shown(state)} after {' or '.join(map(shown, after))}, not after {shown(old)}"

    return judge
