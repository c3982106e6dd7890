"""Delta debugging: a smallest part of a list that still does what the whole does.

After Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002), algorithm *ddmin*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

_T = TypeVar("_T")
Part = tuple[_T, ...]


def smallest(items: Sequence[_T], first: Callable[[Iterable[Part[_T]]], Part[_T] | None]) -> Part[_T]:
    """No single item of what is returned can be left out.

    :param first: the first of some parts that still does it, or None.
    """
    kept = tuple(items)
    pieces = 2
    while len(kept) >= 2:
        chunks = _split(kept, pieces)
        rests = [_without(kept, chunk) for chunk in chunks] if pieces > 2 else []
        found = first([*chunks, *rests])
        if found is None and pieces == len(kept):
            break
        if found is None:
            pieces = min(2 * pieces, len(kept))
            continue
        pieces = 2 if found in chunks else max(pieces - 1, 2)
        kept, pieces = found, min(pieces, max(2, len(found)))
    return kept


def _split(items: Part[_T], pieces: int) -> list[Part[_T]]:
    """Into as many pieces of nearly the same length, in order."""
    bounds = [len(items) * number // pieces for number in range(pieces + 1)]
    return [items[first:last] for first, last in pairwise(bounds)]


def _without(items: Part[_T], chunk: Part[_T]) -> Part[_T]:
    return tuple(item for item in items if item not in chunk)
