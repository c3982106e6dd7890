"""Matches rows of the write-ahead log with rows of canonical relations, so that both witnesses are changed alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from simulation.checks.evidence.wal import as_instant
from simulation.events import Event, Observation, Row, RunStarted
from simulation.events.governance import Governance
from simulation.paths import ROOT
from simulation.proof.coverage.rows import TableRow, Tables
from simulation.targets.columns import plain_columns
from simulation.targets.queries import KEYS, load_queries

_BUILTIN_QUERIES = ROOT / "simulation" / "targets" / "builtin" / "observe.sql"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A row of an observed relation. ``names``: column of the target's table → column of the relation."""

    position: int
    """Index of the observation among the history's events."""
    number: int
    """Index of the row within the observation."""
    names: Mapping[str, str]


Places = Mapping[tuple[str, str], Sequence[Place]]
"""(table, key) of a row in the log → where the observer saw it."""


def places_of(events: Sequence[Event], tables: Tables) -> Places:
    """Where the observer saw each row of the log at the end of the run; columns that a query computes are left out."""
    last = {event.relation: position for position, event in enumerate(events) if isinstance(event, Observation)}
    found: dict[tuple[str, str], list[Place]] = {}
    for relation, position in sorted(last.items()):
        observation = events[position]
        assert isinstance(observation, Observation)
        names = _own_columns(events, relation, observation.rows)
        for number, row in _best_match(observation.rows, names, tables):
            place = Place(position=position, number=number, names={own: seen for seen, own in names.items()})
            found.setdefault((row.table, row.key), []).append(place)
    return found


def same(observed: JsonValue, logged: JsonValue) -> bool:
    """Whether an observed and a logged value are the same, though perhaps formatted differently."""
    return observed == logged or _plain(observed) == _plain(logged)


def _plain(value: JsonValue) -> object:
    return as_instant(value) or str(value)


def _own_columns(events: Sequence[Event], relation: str, rows: Sequence[Row]) -> Mapping[str, str]:
    """Column of the relation → column of the target's table, for columns that the query selects unchanged."""
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    known = _observed_columns(started) if started is not None else None
    if known is not None:
        return known.get(relation, {})
    return {column: column for row in rows for column in row}


def _observed_columns(started: RunStarted) -> Mapping[str, Mapping[str, str]] | None:
    governance: Governance = started.governance
    if governance.observed_columns is not None or started.target != "builtin":
        return governance.observed_columns
    queries = load_queries(_BUILTIN_QUERIES)
    return {relation: plain_columns(query, key=KEYS[relation]) for relation, query in queries.items()}


def _best_match(observed: Sequence[Row], names: Mapping[str, str], tables: Tables) -> Sequence[tuple[int, TableRow]]:
    """(index of the observed row, row of the log), for the table with the most rows that match."""
    matches = [list(_matches(observed, names, rows)) for _, rows in sorted(tables.items())]
    return max(matches, key=len, default=[])


def _matches(
    observed: Sequence[Row], names: Mapping[str, str], rows: Sequence[TableRow]
) -> Iterator[tuple[int, TableRow]]:
    """Pairs of an observed row and a table row that are equal in all common columns, JSON documents left out."""
    left = [(row, row.last) for row in rows if row.last is not None]
    if not names or not all(set(names.values()) <= last.keys() for _, last in left):
        return
    told = [
        (name, own)
        for name, own in sorted(names.items())
        if not any(isinstance(value, dict | list) for value in _values(observed, name, left, own))
    ]
    index: dict[tuple[object, ...], list[TableRow]] = {}
    for row, last in left:
        index.setdefault(tuple(_plain(last[own]) for _, own in told), []).append(row)
    for number, seen in enumerate(observed):
        alike = index.get(tuple(_plain(seen.get(name)) for name, _ in told))
        if alike:
            yield number, alike.pop(0)


def _values(
    observed: Sequence[Row], name: str, logged: Sequence[tuple[TableRow, Row]], own: str
) -> Iterator[JsonValue]:
    yield from (row.get(name) for row in observed)
    yield from (last[own] for _, last in logged)
