"""Ways to make a value false: what a defect could have written instead, by the value's sort (number, text, ...)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from pydantic import JsonValue

from simulation.checks.evidence.wal import as_instant

Sort = Literal["flag", "number", "instant", "text", "document", "null"]

_MEMBERS = 12
_TIMES_A_MEMBER = 3
_INVENTED = "false"
"""The false value for a column that was always null."""


def sort_of(value: JsonValue) -> Sort:
    """The sort of a value: the type by which falsehoods are chosen."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict | list):
        return "document"
    return "text" if as_instant(value) is None else "instant"


@dataclass(frozen=True, kw_only=True)
class Values:
    """All values that a column, or a place in a document, had in a run: distinct, without null, sorted."""

    seen: tuple[JsonValue, ...]
    enumeration: bool
    """True when they are few texts that recur, such as a status, a type or a currency."""
    sorts: Mapping[Sort, int]
    """Number of distinct values of each sort."""

    @classmethod
    def of(cls, values: Iterable[JsonValue]) -> Values:
        present = [value for value in values if value is not None]
        distinct = {_canonical(value): value for value in present}
        seen = tuple(distinct[text] for text in sorted(distinct))
        few = len(seen) <= _MEMBERS and len(present) >= _TIMES_A_MEMBER * len(seen)
        sorts = Counter(map(sort_of, seen))
        return cls(seen=seen, enumeration=few and set(sorts) == {"text"}, sorts=sorts)

    def has_others(self, value: JsonValue) -> bool:
        """Whether another value of the same sort was seen; ``value`` must be one of those seen."""
        return value is not None and self.sorts[sort_of(value)] > 1

    def others(self, value: JsonValue) -> list[JsonValue]:
        """The other values of the same sort that were seen."""
        sort, own = sort_of(value), _canonical(value)
        return [other for other in self.seen if _canonical(other) != own and sort_of(other) == sort]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A way to make a value false. ``tell`` returns a different value for any value that ``fits`` accepts."""

    name: str
    fits: Callable[[JsonValue, Values], bool]
    tell: Callable[[JsonValue, Values, Random], JsonValue]


def _canonical(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)


def _is(*sorts: Sort) -> Callable[[JsonValue, Values], bool]:
    return lambda value, _: sort_of(value) in sorts


def _moved(**by: int) -> Callable[[JsonValue, Values, Random], JsonValue]:
    """A function that moves a time by the given amount (arguments of ``timedelta``) and keeps its text format."""

    def move(value: JsonValue, _values: Values, _draw: Random) -> JsonValue:
        text = str(value)
        instant = datetime.fromisoformat(text[:19]) + timedelta(**by)
        return instant.isoformat(sep=text[10]) + text[19:]

    return move


def _another(value: JsonValue, values: Values, draw: Random) -> JsonValue:
    return draw.choice(values.others(value))


def _plus_one(value: JsonValue, _values: Values, _draw: Random) -> JsonValue:
    assert isinstance(value, int | float)
    return value + 1


def _value(_value: JsonValue, values: Values, draw: Random) -> JsonValue:
    return draw.choice(values.seen) if values.seen else _INVENTED


KINDS: tuple[Kind, ...] = (
    Kind(name="three hours earlier", fits=_is("instant"), tell=_moved(hours=-3)),
    Kind(name="plus one", fits=_is("number"), tell=_plus_one),
    Kind(name="flipped", fits=_is("flag"), tell=lambda value, _values, _draw: not value),
    Kind(
        name="another member",
        fits=lambda value, values: values.enumeration and values.has_others(value),
        tell=_another,
    ),
    Kind(
        name="another row's value",
        fits=lambda value, values: not values.enumeration and sort_of(value) != "flag" and values.has_others(value),
        tell=_another,
    ),
    Kind(
        name="cut",
        fits=lambda value, _: sort_of(value) == "text" and len(str(value)) > 1,
        tell=lambda value, _values, _draw: str(value)[: len(str(value)) // 2],
    ),
    Kind(name="one second later", fits=_is("instant"), tell=_moved(seconds=1)),
    Kind(
        name="emptied",
        fits=lambda value, _: sort_of(value) in ("text", "document") and bool(value),
        tell=lambda value, _values, _draw: type(value)(),  # type: ignore[misc]
    ),
    Kind(
        name="null",
        fits=lambda value, _: value is not None,
        tell=lambda _value, _values, _draw: None,
    ),
    Kind(name="a value instead of null", fits=_is("null"), tell=_value),
)
"""The order matters: :func:`first_of` takes the first that fits."""


def first_of(value: JsonValue, values: Values) -> Kind:
    """The first way to make this value false; there is one for every value."""
    return next(kind for kind in KINDS if kind.fits(value, values))
