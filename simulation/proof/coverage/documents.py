"""Falsehoods in JSON documents: one leaf (a value without values inside) changed or removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import JsonValue

from simulation.contract.functions import is_hash
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.values import KINDS, Kind, Values, first_of

Path = tuple[str | int, ...]
KEY_DROPPED = "a key dropped"
LEAF_CHANGED = "a leaf changed"

_ID = re.compile(r"\A(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[a-z]+_[A-Za-z0-9]{14,})\Z")
_Owner = TypeVar("_Owner")


@dataclass(frozen=True, kw_only=True)
class FalseDocument(Generic[_Owner]):
    """A document changed in one place. ``owner``: what the original document belongs to, such as a row."""

    owner: _Owner
    place: str
    kind: str
    document: JsonValue


@dataclass(frozen=True, kw_only=True)
class _Leaf(Generic[_Owner]):
    owner: _Owner
    document: JsonValue
    path: Path
    value: JsonValue


def false_documents(
    documents: Sequence[tuple[_Owner, JsonValue]], draw: Draw, *names: str, every_kind: bool
) -> Iterator[FalseDocument[_Owner]]:
    """For each place with leaves, such as ``.rankings[].score``: documents with a leaf changed, or its key removed.

    :param names: identify the documents, for the random choice.
    :param every_kind: change a leaf in each way that fits it; else only in the first, see ``first_of``.
    """
    places: dict[str, list[_Leaf[_Owner]]] = {}
    for owner, document in documents:
        for path, value in leaves(document):
            leaf = _Leaf(owner=owner, document=document, path=path, value=value)
            places.setdefault(place_of(path), []).append(leaf)
    for place in sorted(places):
        yield from _of_place(places[place], place, draw, (*names, place), every_kind=every_kind)


def _of_place(
    found: Sequence[_Leaf[_Owner]], place: str, draw: Draw, names: tuple[str, ...], *, every_kind: bool
) -> Iterator[FalseDocument[_Owner]]:
    values = Values.of(leaf.value for leaf in found)
    ways = [(kind.name, [leaf for leaf in found if kind.fits(leaf.value, values)]) for kind in KINDS]
    for name, fitting in ways if every_kind else [(LEAF_CHANGED, list(found))]:
        for number, leaf in enumerate(draw.of(fitting, *names, name)):
            kind = _kind(name, leaf.value, values)
            value = kind.tell(leaf.value, values, draw.chance(*names, name, str(number)))
            document = changed(leaf.document, leaf.path, value)
            yield FalseDocument(owner=leaf.owner, place=place, kind=name, document=document)
    for leaf in draw.of([leaf for leaf in found if leaf.path], *names, KEY_DROPPED):
        document = without(leaf.document, leaf.path)
        yield FalseDocument(owner=leaf.owner, place=place, kind=KEY_DROPPED, document=document)


def _kind(name: str, value: JsonValue, values: Values) -> Kind:
    return next((kind for kind in KINDS if kind.name == name), None) or first_of(value, values)


def leaves(document: JsonValue, path: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    """Path and value of each leaf; empty objects and lists are leaves too.

    Of a document of which the history has only a hash, the hash is the only leaf.
    """
    if is_hash(document):
        assert isinstance(document, dict)
        yield (*path, "sha256"), document["sha256"]
    elif isinstance(document, dict) and document:
        for key in sorted(document):
            yield from leaves(document[key], (*path, key))
    elif isinstance(document, list) and document:
        for number, item in enumerate(document):
            yield from leaves(item, (*path, number))
    else:
        yield path, document


def place_of(path: Path) -> str:
    """The path in a readable form, the same for all rows: ``.rankings[].score``."""
    return "".join("[]" if isinstance(step, int) else f".{named(step)}" for step in path)


def named(step: str) -> str:
    """A key or a segment of a URL path, with ids (numbers, UUIDs, Stripe's ids) replaced by ``{id}``."""
    return "{id}" if _ID.match(step) else step


def changed(document: JsonValue, path: Path, value: JsonValue) -> JsonValue:
    """A copy of the document with another value at ``path``."""
    if not path:
        return value
    if isinstance(document, list):
        number = int(path[0])
        return [*document[:number], changed(document[number], path[1:], value), *document[number + 1 :]]
    assert isinstance(document, dict)
    key = str(path[0])
    return {**document, key: changed(document[key], path[1:], value)}


def without(document: JsonValue, path: Path) -> JsonValue:
    """A copy of the document without the key or the element at ``path``."""
    if len(path) > 1:
        inner = document[path[0]]  # type: ignore[index]
        return changed(document, path[:1], without(inner, path[1:]))
    if isinstance(document, list):
        return [item for number, item in enumerate(document) if number != path[0]]
    assert isinstance(document, dict)
    return {key: item for key, item in document.items() if key != path[0]}
