"""Search endpoints: objects whose fields fit a query, newest first (Stripe's search query language)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from simulation.world.stripe.errors import ApiError, JsonObject, Unmodelled
from simulation.world.stripe.params import Params

SEARCHING = frozenset({"query", "limit", "page", "expand"})
_USUAL_LIMIT, _LARGEST_LIMIT = 10, 100
_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[a-z_]+)(\[["'](?P<key>[^"']+)["']\])?\s*(?P<sign>:|~|>=|<=|>|<)\s*"""
    r"""(?P<value>"[^"]*"|'[^']*'|[0-9]+|null)\s*"""
)
_SIGNS: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Clause:
    field: str
    key: str | None
    sign: str
    value: str | None
    negated: bool

    def fits(self, shown: JsonObject) -> bool:
        actual = shown.get(self.field)
        if self.key is not None:
            actual = actual.get(self.key) if isinstance(actual, dict) else None
        return self._compares(actual) is not self.negated

    def _compares(self, actual: JsonValue) -> bool:
        if self.value is None:
            return actual is None
        if self.sign == ":":
            return actual is not None and str(actual).casefold() == self.value.casefold()
        if self.sign == "~":
            return actual is not None and self.value.casefold() in str(actual).casefold()
        return isinstance(actual, int) and self.value.isdecimal() and _SIGNS[self.sign](actual, int(self.value))


def found(newest_first: Sequence[JsonObject], params: Params, *, url: str, fields: Collection[str]) -> JsonObject:
    """One page of the objects, as they are shown, that fit ``query``.

    :param fields: those that the query may name, beside ``metadata['…']``.
    :raises ApiError: the query cannot be read.
    """
    limit = params.integer("limit") or _USUAL_LIMIT
    if limit > _LARGEST_LIMIT:
        raise ApiError(f"Invalid limit: at most {_LARGEST_LIMIT} objects a page.", param="limit")
    if params.text("page") is not None:
        raise Unmodelled("The Stripe twin shows the first page of a search only", param="page")
    clauses, every = _read(params.required_text("query"), {*fields, "metadata"})
    wanted = all if every else any
    fitting = [shown for shown in newest_first if wanted(clause.fits(shown) for clause in clauses)]
    return {
        "object": "search_result",
        "data": [*fitting[:limit]],
        "has_more": len(fitting) > limit,
        "next_page": None,
        "total_count": len(fitting),
        "url": url,
    }


def _read(query: str, fields: Collection[str]) -> tuple[list[_Clause], bool]:
    """The clauses, and whether all must fit. Stripe allows AND or OR in a query, never both."""
    clauses, words, at = [], set(), 0
    while True:
        match = _CLAUSE.match(query, at)
        if (
            match is None
            or match["field"] not in fields
            or (match["field"] == "metadata") != (match["key"] is not None)
        ):
            raise ApiError(f"We were unable to parse your search query near position {at}.", param="query")
        value = match["value"]
        clauses.append(
            _Clause(
                field=match["field"],
                key=match["key"],
                sign=match["sign"],
                value=None if value == "null" else value.strip("\"'"),
                negated=match["not"] is not None,
            )
        )
        at = match.end()
        if at == len(query):
            break
        word = re.compile(r"(AND|OR)?\s*", re.IGNORECASE).match(query, at)
        assert word is not None, "the pattern fits everywhere"
        words.add((word[1] or "AND").upper())
        at = word.end()
    if len(words) > 1:
        raise ApiError("A search query may use AND or OR, not both.", param="query")
    return clauses, "OR" not in words
