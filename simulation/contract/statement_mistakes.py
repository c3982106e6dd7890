"""Mistakes in what a contract declares of answers and metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from simulation.contract.facts import Request
from simulation.contract.names import ANYTHING, Columns, ListOf, Named, fields_of
from simulation.contract.parts import Place, rules_below
from simulation.contract.paths import Argument, Literally
from simulation.contract.queries import Rows
from simulation.contract.rule_mistakes import Mistake, RuleReader, misnamed, no_route
from simulation.contract.rules import Asked, Caller, Identity, Instant, Reference, Rule, State, Unchanged, kind_of
from simulation.contract.statements import Answer, Metric

_SEGMENT = re.compile(r"\{(\w+)\}")
_OF_WRITES = (Asked, Caller, Identity, Reference, State, Unchanged)
"""Rules that only mean something for a write."""


def of_answer(answer: Answer, tables: Mapping[str, tuple[str, ...]]) -> Iterator[Mistake]:
    """Mistakes in one answer's declaration. ``tables``: each table's columns, empty where they are not known."""
    yield from no_route(("to",), answer.to)
    below = dict(fields_of(Request))
    below["path"] = Named(what=f"the route {answer.to}", below=dict.fromkeys(_SEGMENT.findall(answer.to), ANYTHING))
    scope = {"now": datetime, "request": Named(what="a request", below=below)}
    yield from _of_looks(answer.looks, scope, tables)
    if answer.body is not None:
        yield from _of_rule(("body",), answer.body, scope, tables)


def of_metric(metric: Metric, tables: Mapping[str, tuple[str, ...]]) -> Iterator[Mistake]:
    """Mistakes in one metric's declaration; ``tables`` as for :func:`of_answer`."""
    scope: dict[str, Any] = {"now": datetime}
    yield from _of_looks(metric.looks, scope, tables)
    row: Any = ANYTHING
    if metric.each is not None:
        yield from _of_rule(("each",), metric.each, scope, tables)
        row = Columns(table=metric.each.rows, known=tables.get(metric.each.rows, ()))
    scope = {**scope, "item": row}
    for label, where in metric.by.items():
        yield from _of_argument(("by", label), where, scope, tables)
    if metric.value is not None:
        labels = Named(what="the metric", below=dict.fromkeys((*metric.labels, *metric.by), ANYTHING))
        scope = {**scope, "label": labels, "group": ListOf(item=row)}
        yield from _of_rule(("value",), metric.value, scope, tables, exact=True)


def _of_looks(
    looks: Mapping[str, Argument], scope: dict[str, Any], tables: Mapping[str, tuple[str, ...]]
) -> Iterator[Mistake]:
    """Mistakes in what a statement looks for; adds each name to the scope."""
    for name, wanted in looks.items():
        if name in scope:
            others = ", ".join(sorted(scope))
            yield Mistake(place=("looks", name), problem=f"{name!r} is taken", remedy=f"use a name other than {others}")
        yield from _of_argument(("looks", name), wanted, scope, tables)
        row = Columns(table=wanted.rows, known=tables.get(wanted.rows, ())) if isinstance(wanted, Rows) else None
        scope[name] = ANYTHING if row is None else ListOf(item=row)


def _of_argument(
    place: Place, wanted: Argument, scope: Mapping[str, Any], tables: Mapping[str, tuple[str, ...]]
) -> Iterator[Mistake]:
    if isinstance(wanted, str):
        yield from misnamed(place, wanted, scope)
    elif not isinstance(wanted, Literally):
        yield from _of_rule(place, wanted, scope, tables, exact=True)


def _of_rule(
    place: Place,
    rule: Rule,
    scope: Mapping[str, Any],
    tables: Mapping[str, tuple[str, ...]],
    *,
    exact: bool = False,
) -> Iterator[Mistake]:
    reader = RuleReader(op="statement", scope=scope, columns=(), tables=tables)
    yield from reader.mistakes(place, rule, whole=False, exact=exact)
    yield from (replace(mistake, place=(*place, *mistake.place)) for mistake in _out_of_place(rule))


def _out_of_place(rule: Rule) -> Iterator[Mistake]:
    if isinstance(rule, _OF_WRITES) or (isinstance(rule, Instant) and rule.instant == "commit"):
        yield Mistake(
            place=(kind_of(rule),),
            problem=f"{kind_of(rule)} is about a write, and this is a statement",
            remedy="name a row that was written, or the instant `now`",
        )
    for below, part in rules_below(rule):
        yield from (replace(mistake, place=(*below, *mistake.place)) for mistake in _out_of_place(part))
