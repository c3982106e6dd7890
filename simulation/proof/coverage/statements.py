"""Falsehoods about the platform's answers, metrics and samples, and about runbook executions: one event is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from simulation.events import (
    Event,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    MetricChange,
    RunbookStep,
    Sample,
)
from simulation.proof.coverage.documents import false_documents, named
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Area, Falsehood

_ASKERS = frozenset({"entrant", "organizer", "operator", "operator_robot"})
_EXECUTION_EVENTS = (ExecutionStarted, RunbookStep, ExecutionTakenOver, ExecutionEnded)
_STAMPS = frozenset({"kind", "seq", "at", "cause"})
_OK, _BROKEN = 200, 500
_FIRST_REFUSAL = 400


@dataclass(frozen=True, kw_only=True)
class _Statement:
    """A field of an event, taken as a JSON document."""

    position: int
    subject: str
    field: str
    label: str
    """First part of the fact's name; the place within the document follows."""
    document: JsonValue


def statement_falsehoods(events: Sequence[Event], draw: Draw) -> Iterator[Falsehood]:
    """Falsehoods about answers, metrics, samples and runbook executions, in this order."""
    yield from _statuses(events, draw)
    yield from _told(events, draw, "answer", _answer)
    yield from _metrics(events, draw)
    yield from _told(events, draw, "sample", _sample)
    yield from _told(events, draw, "runbook", _execution)


def route(exchange: Exchange) -> str:
    """The request with ids replaced, as ``POST /api/users/{id}``."""
    return f"{exchange.method} {'/'.join(map(named, exchange.path.split('/')))}"


def _told(
    events: Sequence[Event], draw: Draw, area: Area, read: Callable[[int, Event], Iterator[_Statement]]
) -> Iterator[Falsehood]:
    """Change each place of the events' documents in every way that fits its value.

    :param read: the statements of an event, given its position.
    """
    found: dict[tuple[str, str], list[_Statement]] = {}
    for position, event in enumerate(events):
        for statement in read(position, event):
            found.setdefault((statement.subject, statement.label), []).append(statement)
    for (subject, label), statements in sorted(found.items()):
        documents = [(statement, statement.document) for statement in statements]
        for told in false_documents(documents, draw, area, subject, label, every_kind=True):
            position, document = told.owner.position, told.document
            is_tuple = isinstance(getattr(events[position], told.owner.field), tuple)
            value = tuple(document) if is_tuple and isinstance(document, list) else document
            yield _falsehood(events, position, area, subject, label + told.place, told.kind, {told.owner.field: value})


def _falsehood(
    events: Sequence[Event],
    position: int,
    area: Area,
    subject: str,
    fact: str,
    kind: str,
    fields: dict[str, object],
) -> Falsehood:
    event = events[position]
    edits = {position: event.model_copy(update=fields)}
    return Falsehood(
        area=area, subject=subject, fact=fact or "(all)", kind=kind, where=f"event {event.seq}", edits=edits
    )


def _answer(position: int, event: Event) -> Iterator[_Statement]:
    if isinstance(event, Exchange) and event.actor in _ASKERS:
        yield _Statement(
            position=position, subject=route(event), field="response_body", label="", document=event.response_body
        )


def _statuses(events: Sequence[Event], draw: Draw) -> Iterator[Falsehood]:
    """Turn the status of successful answers into 500, and of refusals into 200."""
    found: dict[tuple[str, int], list[int]] = {}
    for position, event in enumerate(events):
        if isinstance(event, Exchange) and event.actor in _ASKERS:
            status = _BROKEN if event.status < _FIRST_REFUSAL else _OK
            found.setdefault((route(event), status), []).append(position)
    for (subject, status), positions in sorted(found.items()):
        for position in draw.of(positions, "status", subject, str(status)):
            yield _falsehood(events, position, "answer", subject, "(status)", f"answered {status}", {"status": status})


def _sample(position: int, event: Event) -> Iterator[_Statement]:
    if isinstance(event, Sample):
        yield _Statement(
            position=position, subject=event.endpoint, field="reported", label=event.subject, document=event.reported
        )


def _execution(position: int, event: Event) -> Iterator[_Statement]:
    if isinstance(event, _EXECUTION_EVENTS):
        document = event.model_dump(mode="json", exclude=set(_STAMPS))
        for field in sorted(document):
            yield _Statement(position=position, subject=event.kind, field=field, label=field, document=document[field])


def _metrics(events: Sequence[Event], draw: Draw) -> Iterator[Falsehood]:
    """Change a metric's series in three ways: another value, removed, or its change not reported."""
    found: dict[str, list[tuple[int, str]]] = {}
    for position, event in enumerate(events):
        if isinstance(event, MetricChange):
            for series in sorted(event.changes):
                found.setdefault(series.partition("{")[0], []).append((position, series))
    for name in sorted(found):
        for kind, tell in _METRIC_KINDS.items():
            fitting = [(at, series) for at, series in found[name] if _is_false(events[at], tell, series)]
            for position, series in draw.of(fitting, "metric", name, kind):
                event = events[position]
                assert isinstance(event, MetricChange)
                changes = tell(event.changes, series)
                yield _falsehood(events, position, "metric", name, "(value)", kind, {"changes": changes})


def _is_false(event: Event, tell: Callable[[Changes, str], Changes], series: str) -> bool:
    """Whether it changes anything: a series that ends is gone already."""
    return isinstance(event, MetricChange) and tell(event.changes, series) != event.changes


Changes = dict[str, float | None]
_METRIC_KINDS: dict[str, Callable[[Changes, str], Changes]] = {
    "plus one": lambda changes, series: {**changes, series: (changes[series] or 0.0) + 1},
    "gone": lambda changes, series: {**changes, series: None},
    "not reported": lambda changes, series: {name: value for name, value in changes.items() if name != series},
}
