"""Of what a rule consists: the paths that it looks up, and the rules within it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from simulation.contract.paths import Argument, Literally, holes
from simulation.contract.queries import Depending, Found, Happened, Rows
from simulation.contract.rules import (
    Among,
    AnyOf,
    Caller,
    Composed,
    Counted,
    Derived,
    Document,
    Given,
    Hashed,
    Instant,
    Keyed,
    Listing,
    Mapped,
    Rule,
    Summed,
    Text,
    Words,
    kind_of,
)

Place = tuple[str | int, ...]
"""A position in a contract: keys and list indices, relative to some part of it."""


def paths_of(rule: Rule) -> Iterator[str]:
    """The paths that a rule and its parts look up, without names that the rule itself defines (``called``)."""
    yield from (path for _, path in own_paths(rule))
    called = rule.called if isinstance(rule, (Listing, Keyed, Rows)) else None
    below = [path for _, each in rules_below(rule) for path in paths_of(each)]
    yield from (path for path in below if path.split(".")[0] != called)


def names_in(wanted: Argument) -> set[str]:
    """The names with which the paths of an argument begin."""
    if isinstance(wanted, Literally):
        return set()
    return {path.split(".")[0] for path in ((wanted,) if isinstance(wanted, str) else paths_of(wanted))}


def by_need(named: Mapping[str, Iterable[Argument]]) -> Sequence[str]:
    """The names in an order in which each comes after those that its arguments begin with.

    A contract stored in a history does not keep the order in which its names were written.
    """
    needs = {
        name: sorted(set[str]().union(*map(names_in, named[name])) & named.keys() - {name}) for name in sorted(named)
    }
    return tuple(TopologicalSorter(needs).static_order())


def own_paths(rule: Rule) -> Iterator[tuple[Place, str]]:
    """The paths that a rule itself looks up, each with the place below the rule where it is written."""
    match rule:
        case Given(given=path) | Hashed(sha256=path) | Caller(caller=path) | Mapped(mapped=path):
            yield (kind_of(rule),), path
        case Instant(instant=path) if path != "commit":
            yield ("instant",), path
        case Text(text=template):
            yield from ((("text",), path) for path in holes(template))
        case Words(words=templates):
            yield from ((("words", index), path) for index, each in enumerate(templates) for path in holes(each))
    yield from ((place, each) for place, each in _arguments(rule) if isinstance(each, str))
    if isinstance(rule, Rows):
        yield from ((("given", column), path) for column, path in rule.given.items())


def rules_below(rule: Rule) -> Iterator[tuple[Place, Rule]]:
    """The rules that a rule consists of, each with its place."""
    match rule:
        case Document(document=keys) | Composed(parts=keys):
            word = "document" if isinstance(rule, Document) else "parts"
            yield from (((word, key), below) for key, below in keys.items())
        case Listing(each=below) | Keyed(each=below):
            yield ("each",), below
            if isinstance(rule, Listing) and rule.only is not None and not isinstance(rule.only, (str, Literally)):
                yield ("only",), rule.only
        case AnyOf(any_of=rules):
            yield from ((("any_of", index), below) for index, below in enumerate(rules))
        case Rows(only=below) if below is not None and not isinstance(below, (str, Literally)):
            yield ("only",), below
    yield from ((place, each) for place, each in _arguments(rule) if not isinstance(each, (str, Literally)))


def _arguments(rule: Rule) -> Iterator[tuple[Place, Argument]]:
    """The arguments of a rule, each with its place. Not ``only``, in which a name is defined by the rule."""
    match rule:
        case Listing(list=things):
            yield ("list",), things
        case Among(among=things):
            yield ("among",), things
        case Keyed(object=things):
            yield ("object",), things
        case Derived(of=arguments):
            yield from ((("of", index), each) for index, each in enumerate(arguments))
        case Depending():
            yield from ((("when",), rule.when), (("then",), rule.then), (("otherwise",), rule.otherwise))
        case Counted() | Summed() | Found() | Happened() | Rows():
            yield from ((("where", column), each) for column, each in rule.where.items())
