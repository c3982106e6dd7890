"""Small pure functions that a contract may name in ``derived``. None is specific to one platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from math import floor
from typing import Any

from simulation.documents.canonical import canonical_sha256


def plus(*numbers: int) -> int:
    return sum(numbers)


def minus(first: int, second: int) -> int:
    return first - second


def times(first: int, second: int) -> int:
    return first * second


def lower(text: str) -> str:
    return text.lower()


def upper(text: str) -> str:
    return text.upper()


def length(values: Any) -> int:
    return len(values)


def first_set(*values: Any) -> Any:
    """The first value that is not null: for columns that are set once and then stay."""
    return next((value for value in values if value is not None), None)


def equal(first: Any, second: Any) -> bool:
    return bool(first == second)


def differ(first: Any, second: Any) -> bool:
    return bool(first != second)


def sorted_ids(rows: Any) -> list[str]:
    """The ``id`` of each row, in order."""
    return sorted(str(row["id"]) for row in rows)


def pg_array(*items: Any) -> str:
    """The items as PostgreSQL writes an array, e.g. ``{a,b}``."""
    return "{" + ",".join(map(str, items)) + "}"


def hash_of(document: Any) -> str:
    """sha256 of a document's canonical JSON; the document may be given itself or as its hash."""
    return str(document["sha256"]) if is_hash(document) else canonical_sha256(document)


def is_hash(value: Any) -> bool:
    """Whether the value is the hash that the write-ahead log's witness records instead of a large document."""
    return isinstance(value, dict) and set(value) == {"sha256", "characters"}


def column_of(rows: Any, column: str) -> list[Any]:
    """One column of several rows, in their order."""
    return [row[column] for row in rows]


def seconds_between(start: str, end: str) -> int:
    """Whole seconds from one instant to another."""
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds())


def whole_number(text: str) -> int:
    return int(text)


def sum_of(rows: Any, column: str) -> int:
    """The sum of one column of several rows or elements."""
    return sum(int(row[column]) for row in rows)


def tally(rows: Any, column: str) -> dict[str, int]:
    """Each value of a column with the number of rows that have it."""
    return dict(Counter(str(row[column]) for row in rows))


def number_of_kinds(rows: Any, column: str) -> int:
    """How many different values a column has."""
    return len({str(row[column]) for row in rows})


def latest(*instants: Any) -> Any:
    """The latest of several instants, or of a list of them; null counts as none."""
    return max(_present(instants), key=_moment, default=None)


def earliest(*instants: Any) -> Any:
    """The earliest of several instants, or of a list of them; null counts as none."""
    return min(_present(instants), key=_moment, default=None)


def _present(values: Iterable[Any]) -> list[Any]:
    each = (item for value in values for item in (value if isinstance(value, (list, tuple)) else [value]))
    return [value for value in each if value is not None]


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def seconds_since(now: datetime, then: Any) -> float:
    """Seconds from an instant until now, with their fraction."""
    return (now - _moment(then)).total_seconds()


def earlier_by(then: Any, seconds: int) -> datetime:
    """The instant so many seconds before another."""
    return _moment(then) - timedelta(seconds=seconds)


def rounded_down(number: float) -> int:
    return floor(number)


def greatest(numbers: Any) -> Any:
    """The greatest of a list of numbers; 0 of none."""
    return max(numbers, default=0)


def at_least(number: int, least: int) -> bool:
    return number >= least


def all_of(*values: Any) -> bool:
    """Whether each value is neither false, 0, empty nor null."""
    return all(values)


def all_set(*values: Any) -> bool:
    """Whether none of the values is null."""
    return all(value is not None for value in values)


def any_of(*values: Any) -> bool:
    return any(values)


def none_of(*values: Any) -> bool:
    return not any(values)


def field_of_last(facts: Any, field: str) -> Any:
    """One field of the last of several facts; null of none."""
    return getattr(facts[-1], field) if facts else None


def first_of(values: Any) -> Any:
    """The first of several; null of none."""
    return values[0] if values else None


def column_of_first(rows: Any, column: str) -> Any:
    """One column of the first of several rows; null of none."""
    return rows[0][column] if rows else None


def kinds_of(rows: Any, column: str) -> list[Any]:
    """The different values of a column, in order."""
    return sorted({row[column] for row in rows})


def sorted_by(rows: Any, column: str) -> list[Any]:
    return sorted(rows, key=lambda row: str(row[column]))


def before(first: Any, second: Any) -> bool:
    """Whether one instant comes before another."""
    return _moment(first) < _moment(second)


def is_past(then: Any, now: datetime, seconds: int) -> bool:
    """Whether an instant lies more than so many seconds before now."""
    return then is not None and (now - _moment(then)).total_seconds() > seconds


def available_by_currency(changes: Any, now: datetime) -> dict[str, int]:
    """What a balance can be drawn on for now, by currency: the changes whose money is available."""
    sums = dict.fromkeys((change.currency for change in changes), 0)
    for change in changes:
        sums[change.currency] += change.amount_cents if change.available_at <= now else 0
    return sums


def held_back_by_currency(changes: Any, now: datetime) -> dict[str, int]:
    """What is left of each while Stripe holds back all that is available: nothing, or what is owed to Stripe."""
    return {currency: min(0, cents) for currency, cents in available_by_currency(changes, now).items()}


def rest_by_currency(changes: Any, less: Any) -> dict[str, int]:
    """By currency what the changes come to, less what another mapping by currency says."""
    sums = dict.fromkeys((change.currency for change in changes), 0)
    for change in changes:
        sums[change.currency] += change.amount_cents
    return {currency: cents - less.get(currency, 0) for currency, cents in sums.items()}


def sum_by(rows: Any, column: str, by: str) -> dict[str, int]:
    """The sum of one column of several rows, for each value of another column."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[str(row[by])] += int(row[column])
    return dict(sums)


def sum_of_fields(facts: Any, field: str) -> int:
    """The sum of one field of several facts."""
    return sum(getattr(fact, field) for fact in facts)


def rows_by_table(written: Any, but: Any) -> dict[str, int]:
    """How many rows a transaction wrote to each table, without some tables."""
    return {table: len(rows) for table, rows in written.items() if table not in but}


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "canonical_sha256": canonical_sha256,
    "plus": plus,
    "minus": minus,
    "times": times,
    "differ": differ,
    "lower": lower,
    "upper": upper,
    "length": length,
    "first_set": first_set,
    "equal": equal,
    "sorted_ids": sorted_ids,
    "pg_array": pg_array,
    "whole_number": whole_number,
    "column_of": column_of,
    "seconds_between": seconds_between,
    "hash_of": hash_of,
    "sum_of": sum_of,
    "tally": tally,
    "number_of_kinds": number_of_kinds,
    "latest": latest,
    "earliest": earliest,
    "seconds_since": seconds_since,
    "earlier_by": earlier_by,
    "rounded_down": rounded_down,
    "greatest": greatest,
    "at_least": at_least,
    "all_of": all_of,
    "all_set": all_set,
    "any_of": any_of,
    "none_of": none_of,
    "field_of_last": field_of_last,
    "first_of": first_of,
    "column_of_first": column_of_first,
    "kinds_of": kinds_of,
    "sorted_by": sorted_by,
    "before": before,
    "is_past": is_past,
    "available_by_currency": available_by_currency,
    "held_back_by_currency": held_back_by_currency,
    "rest_by_currency": rest_by_currency,
    "sum_by": sum_by,
    "sum_of_fields": sum_of_fields,
    "rows_by_table": rows_by_table,
}
TAKE_NOTHING = frozenset({"first_set", "all_of", "any_of", "none_of"})
"""Functions that get null for a path that does not exist."""
