"""What a contract's path may name (fields of facts, columns of rows), so that a misspelt path is refused."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import JsonValue

from simulation.documents.refusal import suggest


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The kind of a table's row. ``known``: its columns, empty where they are not known before a run."""

    table: str
    known: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ListOf:
    """The kind of a list whose items are of one kind."""

    item: Any


@dataclass(frozen=True, kw_only=True)
class Named:
    """A mapping with exactly these names: the segments of a route, the tables of a transaction."""

    what: str
    below: Mapping[str, Any]


ANYTHING = object()
"""The kind of a value whose parts are not known before a run, such as the body of a request."""


@dataclass(frozen=True, kw_only=True)
class Misnamed:
    """What is wrong with a path, and how to correct it."""

    problem: str
    remedy: str


def follow(path: str, scope: Mapping[str, Any]) -> Any:
    """The kind of value at a path (a class, or one of the above); :class:`Misnamed` if the path does not exist."""
    first, *rest = path.split(".")
    if first not in scope:
        problem = f"{path!r} begins with {first!r}, which is not there"
        return Misnamed(problem=problem, remedy=suggest(first, sorted(scope)))
    here = scope[first]
    for name in rest:
        here = _below(here, name, path)
        if isinstance(here, Misnamed):
            return here
    return here


def items_of(kind: Any) -> Any:
    """The kind of a list's items; None if ``kind`` is certainly not a list."""
    if kind is ANYTHING:
        return ANYTHING
    if isinstance(kind, ListOf):
        return kind.item
    if get_origin(kind) in (tuple, list, Sequence):
        return _kind_of(get_args(kind)[0])
    return None


def _below(kind: Any, name: str, path: str) -> Any:
    if kind is ANYTHING:
        return ANYTHING
    if isinstance(kind, Columns):
        columns = dict.fromkeys(kind.known or (name,), ANYTHING)
        return _one_of(name, path, f"a row of {kind.table}", columns)
    if isinstance(kind, Named):
        return _one_of(name, path, kind.what, kind.below)
    if isinstance(kind, type) and is_dataclass(kind):
        return _one_of(name, path, f"a {kind.__name__}", fields_of(kind))
    item = items_of(kind)
    if item is None:
        return Misnamed(problem=f"{path!r}: nothing stands below a value", remedy=f"end the path before {name!r}")
    if not name.isdigit():
        problem = f"{path!r}: {name!r} is no place in a list"
        return Misnamed(problem=problem, remedy="write a number, from 0, or use list: or among:")
    return item


def _one_of(name: str, path: str, what: str, below: Mapping[str, Any]) -> Any:
    if name in below:
        return below[name]
    return Misnamed(problem=f"{path!r}: {what} has no {name!r}", remedy=suggest(name, list(below)))


@cache
def fields_of(kind: type) -> Mapping[str, Any]:
    """The fields of a dataclass, each with its kind."""
    return {name: _kind_of(hint) for name, hint in get_type_hints(kind).items()}


def _kind_of(hint: Any) -> Any:
    """The kind for a Python type hint: ``X | None`` becomes X, JSON and mappings become :data:`ANYTHING`."""
    if get_origin(hint) in (Union, types.UnionType):
        others = [each for each in get_args(hint) if each is not type(None)]
        return _kind_of(others[0]) if len(others) == 1 else ANYTHING
    return ANYTHING if hint is JsonValue or get_origin(hint) is Mapping else hint
