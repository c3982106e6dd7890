"""The tables of a database as its catalogue describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, NULL), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'
ORDER BY c.relname, a.attnum"""
_CONSTRAINTS = """
SELECT c.relname, k.contype::text, pg_get_constraintdef(k.oid), f.relname,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY AS u (number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class f ON f.oid = k.confrelid
WHERE n.nspname = 'public' ORDER BY c.relname, k.conname"""
_ONE_OF = re.compile(r"= ANY \(+ARRAY\[(.+?)\]")
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, kw_only=True)
class Column:
    """``values``: the texts that a check or an enumeration allows; ``references``: the table of its foreign key."""

    name: str
    type: str
    nullable: bool
    default: str | None
    references: str | None
    values: tuple[str, ...]

    @property
    def is_time(self) -> bool:
        return self.type.startswith("timestamp")

    @property
    def is_number(self) -> bool:
        return self.type in ("smallint", "integer", "bigint", "numeric")

    @property
    def is_json(self) -> bool:
        return self.type in ("json", "jsonb")


@dataclass(frozen=True, kw_only=True)
class Table:
    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def to(self, table: str | None) -> str | None:
        """The first column that refers to another table."""
        return next((column.name for column in self.columns if table and column.references == table), None)


def read_tables(connection: psycopg.Connection[Any]) -> tuple[Table, ...]:
    """The tables of the schema ``public``, by name."""
    keys: dict[str, tuple[str, ...]] = {}
    references: dict[tuple[str, str], str] = {}
    values: dict[tuple[str, str], tuple[str, ...]] = {}
    for table, kind, definition, other, columns in connection.execute(_CONSTRAINTS).fetchall():
        if kind == "p":
            keys[table] = tuple(columns)
        elif len(columns or ()) == 1 and kind == "f":
            references[table, columns[0]] = other
        elif len(columns or ()) == 1 and kind == "c" and (found := _ONE_OF.search(definition)):
            values[table, columns[0]] = tuple(text.replace("''", "'") for text in _LITERAL.findall(found[1]))
    grouped: dict[str, list[Column]] = {}
    for table, name, kind, nullable, default, labels in connection.execute(_COLUMNS).fetchall():
        grouped.setdefault(table, []).append(
            Column(
                name=name,
                type=kind,
                nullable=nullable,
                default=default,
                references=references.get((table, name)),
                values=tuple(labels or values.get((table, name), ())),
            )
        )
    return tuple(
        Table(name=name, key=keys.get(name, ()), columns=tuple(columns)) for name, columns in sorted(grouped.items())
    )


def by_name(tables: Sequence[Table]) -> Mapping[str, Table]:
    return {table.name: table for table in tables}
