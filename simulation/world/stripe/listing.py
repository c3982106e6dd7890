"""List endpoints: newest first, paged by cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import dropwhile, islice
from typing import TypeVar

from simulation.world.stripe.errors import ApiError, JsonObject
from simulation.world.stripe.params import Params
from simulation.world.stripe.table import Identified, Table

PAGING = frozenset({"limit", "starting_after", "ending_before", "expand"})
"""Parameters that every list takes."""
_USUAL_LIMIT, _LARGEST_LIMIT = 10, 100
_Row = TypeVar("_Row", bound=Identified)


def page(
    table: Table[_Row],
    params: Params,
    *,
    url: str,
    wanted: Callable[[_Row], bool],
    render: Callable[[_Row], JsonObject],
) -> JsonObject:
    """One page of the rows that are ``wanted``; asks for one more than the limit to know ``has_more``."""
    limit = params.integer("limit") or _USUAL_LIMIT
    if limit > _LARGEST_LIMIT:
        raise ApiError(f"Invalid limit: at most {_LARGEST_LIMIT} objects a page.", param="limit")
    after, before = params.text("starting_after"), params.text("ending_before")
    if after is not None and before is not None:
        raise ApiError("Use starting_after or ending_before, not both.", param="ending_before")
    rows: Iterable[_Row] = table.newest_first() if before is None else iter(table)
    if (cursor := after or before) is not None:
        table.referenced(cursor, param="starting_after" if after else "ending_before")
        rows = islice(dropwhile(lambda row: row.id != cursor, rows), 1, None)
    found = list(islice(filter(wanted, rows), limit + 1))
    shown = found[:limit] if before is None else found[:limit][::-1]
    return {"object": "list", "data": [render(row) for row in shown], "has_more": len(found) > limit, "url": url}


def matches(wanted: str | None, actual: str | None) -> bool:
    """Whether ``value`` passes a filter; one that was not given (None) passes everything."""
    return wanted is None or wanted == actual
