"""A contract as a document: tables, the writes each may have, and a rule for every column of each write.

The scope of a write, in which its paths begin:

- ``row``, ``old``: the row after and before the write;
- ``transaction``: ``xid``, ``at`` of the commit; ``audit``: the audit record of the transaction, if it has one;
- ``with.<table>``: the first row of another table that the same transaction wrote, ``before.<table>`` that row as it
  was before, and ``all.<table>`` all rows of it that the transaction wrote;
- the fact that the write answers, by its kind: ``request``, ``call``, ``event``, or the name of a derived fact;
- ``contest``-like names of ``joins``: a row of another table, as it is after the transaction.

The kinds of facts outside, with their fields, are in :mod:`simulation.contract.facts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from simulation.contract.rules import (
    Among,
    AnyOf,
    Argument,
    Caller,
    Composed,
    Counted,
    Derived,
    Document,
    Given,
    Hashed,
    Instant,
    Keyed,
    Listing,
    Mapped,
    Path,
    Rule,
    Summed,
    Text,
    Words,
    holes,
)

_ALWAYS_THERE = frozenset({"row", "old", "transaction", "audit", "with", "before", "all"})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Facts(_Part):
    """Which facts outside a write answers: exactly one of the kinds is named.

    ``request``: ``METHOD /path`` with ``{name}`` for a segment, answered with 2xx (or ``status``); ``call``: the same
    at Stripe, with ``outcome``; ``event``: a type of Stripe event that the platform took, ``*`` for all; ``fact``: a
    derived fact by name. ``distinct``: of facts that are alike in this field only the first counts. ``where``: fields
    that a fact must have.
    """

    request: str | None = None
    status: tuple[int, ...] = ()
    call: str | None = None
    outcome: Literal["ok", "refused", "lost"] = "ok"
    event: str | None = None
    fact: str | None = None
    distinct: str | None = None
    where: dict[str, JsonValue] = {}

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        named = [kind for kind in (self.request, self.call, self.event, self.fact) if kind is not None]
        if len(named) != 1:
            raise ValueError("name exactly one of request, call, event and fact")
        return self

    @property
    def name(self) -> str:
        """What the fact is called in the scope of the write."""
        if self.fact is not None:
            return self.fact
        return next(kind for kind in ("request", "call", "event") if getattr(self, kind) is not None)


class Join(_Part):
    """A row of another table: the first whose columns have these values; with ``all`` every such row, as a list."""

    table: str
    all: bool = False
    where: Annotated[dict[str, Argument], Field(min_length=1)]


class Write(_Part):
    """One way in which a row of a table comes to be, or changes.

    A change of the table is this write when its operation is ``op``, the audit record of its transaction has one of the
    ``actions`` (if any are named), the row has the values of ``when`` after it and of ``before`` before it, and the
    transaction writes to each table of ``touching`` or, where that says false, does not. The first write of a table
    that fits is the one that counts.

    ``for_each``: the facts outside that it answers, one row each (``repeated``: one or more); ``match`` finds a row's
    fact. A fact without a row is a finding unless ``every`` is false, a row without a fact always is.
    Columns that an update does not name stay as they were.
    """

    name: str
    what: str = ""
    op: Literal["insert", "update", "delete"]
    actions: tuple[str, ...] = ()
    when: dict[str, JsonValue | list[JsonValue]] = {}
    before: dict[str, JsonValue | list[JsonValue]] = {}
    touching: dict[str, bool] = {}
    for_each: Facts | None = None
    every: bool = True
    repeated: bool = False
    match: dict[str, Path] = {}
    joins: dict[str, Join] = {}
    columns: dict[str, Rule] = {}

    @model_validator(mode="after")
    def _paths_begin_somewhere(self) -> Self:
        known = _ALWAYS_THERE | set(self.joins)
        if self.for_each is not None:
            known |= {self.for_each.name}
            if not self.match:
                raise ValueError(f"write {self.name}: for_each needs `match:`, by which a row finds its fact")
        for where, path in self._paths():
            first = path.split(".")[0]
            if first not in known:
                raise ValueError(
                    f"write {self.name}, {where}: {path!r} begins with {first!r}, which is none of"
                    f" {', '.join(sorted(known))}"
                )
        return self

    def _paths(self) -> Iterator[tuple[str, str]]:
        yield from ((f"match {column}", path) for column, path in self.match.items())
        for name, join in self.joins.items():
            yield from ((f"join {name}", path) for path in join.where.values() if isinstance(path, str))
        for column, rule in self.columns.items():
            yield from ((column, path) for path in paths_of(rule))


class Table(_Part):
    """A table of the target.

    ``complete``: every column of an insert must have a rule, an update changes nothing that it does not name, and a
    change that is none of the writes is a finding. Without it, what is not named is not judged, and counted as such.
    ``inserted`` and ``updated``: rules that all writes of the kind share.
    """

    what: str = ""
    key: tuple[str, ...] = ("id",)
    complete: bool = False
    inserted: dict[str, Rule] = {}
    updated: dict[str, Rule] = {}
    writes: tuple[Write, ...] = ()

    def rules_of(self, write: Write) -> dict[str, Rule]:
        """All rules that hold for a write, its own before the shared ones."""
        shared = {"insert": self.inserted, "update": self.updated}.get(write.op, {})
        return {**shared, **write.columns}


class Contract(_Part):
    """All that a target declares. An empty one judges nothing."""

    tables: dict[str, Table] = {}


NO_CONTRACT = Contract()


def paths_of(rule: Rule) -> Iterator[str]:
    """The paths that a rule looks up."""
    match rule:
        case Given(given=path) | Hashed(sha256=path) | Caller(caller=path) | Mapped(mapped=path) | Among(among=path):
            yield path
        case Instant(instant=path) if path != "commit":
            yield path
        case Derived(of=arguments):
            yield from (argument for argument in arguments if isinstance(argument, str))
        case Counted(where=where) | Summed(where=where):
            yield from (argument for argument in where.values() if isinstance(argument, str))
        case Text(text=template):
            yield from holes(template)
        case Words(words=templates):
            for template in templates:
                yield from holes(template)
        case Document(document=keys) | Composed(parts=keys):
            for below in keys.values():
                yield from paths_of(below)
        case Listing(list=things, called=name, each=below) | Keyed(object=things, called=name, each=below):
            yield things
            yield from (path for path in paths_of(below) if path.split(".")[0] != name)
        case AnyOf(any_of=rules):
            for below in rules:
                yield from paths_of(below)
        case _:
            return
