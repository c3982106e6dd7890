"""Which columns of its table an observation query passes on as they are, by parsing its SELECT.

What an observer shows can be held against the write-ahead log only where the query neither computes nor translates it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import Scope, build_scope

_DIALECT = "postgres"


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """A column of a table. ``path``: the aliases that lead to the table, from the outermost query inwards."""

    path: tuple[str, ...]
    column: str


_Origins = frozenset[_Origin]
"""The tables a column may come from: several where a join leaves its name unqualified, none for a computed value."""


def plain_columns(query: str, *, key: str) -> dict[str, str]:
    """Name in the result → column of the table whose rows the query shows: the one that ``key`` comes from.

    Columns of other tables and computed values are left out; a cast to text leaves a key what it is. Empty for what is
    no SELECT of one table's rows: a UNION, a computed key, a lone ``*``, SQL that cannot be parsed.
    """
    try:
        return _plain_columns(query, key)
    except RecursionError:  # nested more deeply than a parser goes
        return {}


def _plain_columns(query: str, key: str) -> dict[str, str]:
    scope = _scope(query)
    if scope is None or not isinstance(select := scope.expression, exp.Select):
        return {}
    shown = {item.output_name or _column(item).name: item for item in select.selects}
    tables = {origin.path for origin in _of_item(scope, shown[key], is_key=True)} if key in shown else set()
    if len(tables) != 1:
        return {}
    origins = {name: _of_item(scope, item, is_key=name == key) for name, item in shown.items()}
    return {name: origin.column for name, found in origins.items() for origin in found if origin.path in tables}


def is_filtered(query: str) -> bool:
    """Whether a query may leave out rows of the table that it shows: it has a condition, or a limit."""
    try:
        scope = _scope(query)
    except RecursionError:
        return True
    return scope is None or scope.expression.find(exp.Where, exp.Having, exp.Limit, exp.Distinct) is not None


def table_of_rows(query: str, *, key: str) -> str | None:
    """The table whose rows a query shows, where its column ``id`` is the key; None if that cannot be told."""
    if plain_columns(query, key=key).get(key) != "id" or (scope := _scope(query)) is None:
        return None
    assert isinstance(scope.expression, exp.Select), "it has plain columns"
    item = next(one for one in scope.expression.selects if key in (one.output_name, _column(one).name))
    (origin,) = _of_item(scope, item, is_key=True)
    for alias in origin.path:
        _, source = scope.selected_sources[alias]
        if isinstance(source, exp.Table):
            return source.name
        scope = source
    return None


def _scope(query: str) -> Scope | None:
    try:
        found = [tree for tree in parse(query, dialect=_DIALECT) if tree and not isinstance(tree, exp.Semicolon)]
    except SqlglotError:
        return None
    return build_scope(normalize_identifiers(found[0], dialect=_DIALECT)) if len(found) == 1 else None


def _of_item(scope: Scope, item: exp.Expr, *, is_key: bool = False) -> _Origins:
    """Where an item of a SELECT list comes from."""
    column = _column(item)
    if is_key and isinstance(column, exp.Cast) and column.to.is_type(*exp.DataType.TEXT_TYPES):
        column = column.this
    if not isinstance(column, exp.Column) or column.is_star:
        return frozenset()
    return _of_column(scope, column.name, table=column.table) or frozenset()


def _of_column(scope: Scope, name: str, *, table: str) -> _Origins | None:
    """Where a column that a query names comes from; None if no source of the query has it."""
    sources = {alias: source for alias, (_, source) in scope.selected_sources.items() if table in ("", alias)}
    for alias, source in sources.items():
        found = _of_result(source, name) if isinstance(source, Scope) else None
        if found is not None:
            return frozenset(_Origin(path=(alias, *origin.path), column=origin.column) for origin in found)
    tables = [alias for alias, source in sources.items() if isinstance(source, exp.Table)]
    return frozenset(_Origin(path=(alias,), column=name) for alias in tables) or None


def _of_result(scope: Scope, name: str) -> _Origins | None:
    """Where a column of a subquery's result comes from; None if it has no such column."""
    query = scope.expression
    if isinstance(query, exp.SetOperation):
        return frozenset() if name in query.named_selects else None  # rows of several tables
    stars = []
    for item in query.selects if isinstance(query, exp.Select) else ():
        if item.is_star:
            stars.append(_column(item))
        elif (item.output_name or _column(item).name) == name:
            return _of_item(scope, item)
    passed_on = (_of_column(scope, name, table=star.table if isinstance(star, exp.Column) else "") for star in stars)
    return next((found for found in passed_on if found is not None), None)


def _column(item: exp.Expr) -> exp.Expr:
    """What an item of a SELECT list shows, without its alias and brackets."""
    return item.unalias().unnest()
