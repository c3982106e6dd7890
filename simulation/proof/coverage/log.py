"""Falsehoods about the platform's log: one line is left out, doubled, moved in time, or says another thing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulation.contract.log import FIELD, Log
from simulation.events import ContractDeclared, PlatformLog
from simulation.history import History
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Falsehood

_ELSEWHEN = "2026-01-01T00:00:00.000+00:00"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A line: the position of its event, and its own in that event."""

    position: int
    number: int
    text: str


def log_falsehoods(history: History, draw: Draw) -> Iterator[Falsehood]:
    """None where the target declares nothing about its log."""
    declared = history.of(ContractDeclared)
    document = declared[0].document.get("log") if declared else None
    if document is None:
        return
    log = Log.model_validate(document)
    for says, places in sorted(_by_words(history, log).items()):
        for kind in ("left out", "twice", "at another time"):
            for place in draw.of(places, "log", says, kind):
                instead = {"left out": (), "twice": (place.text, place.text)}.get(kind, (_moved(log, place.text),))
                yield _falsehood(history, place, says, "(line)", kind, instead)
        for name in sorted({name for place in places for name, _ in FIELD.findall(place.text)}):
            for place in draw.of([one for one in places if f" {name}=" in one.text], "log", says, name):
                yield _falsehood(history, place, says, name, "gone", (_without(place.text, name),))
                other = _others(places, place, name, draw)
                yield _falsehood(history, place, says, name, "another value", (_with(place.text, name, other),))


def _by_words(history: History, log: Log) -> dict[str, list[_Place]]:
    found: dict[str, list[_Place]] = {}
    for position, event in enumerate(history.events):
        if isinstance(event, PlatformLog):
            for number, text in enumerate(event.lines):
                line = log.read(text)
                if line is not None:
                    found.setdefault(line.says, []).append(_Place(position=position, number=number, text=text))
    return found


def _moved(log: Log, text: str) -> str:
    line = log.read(text)
    return text if line is None else text[: line.at_span[0]] + _ELSEWHEN + text[line.at_span[1] :]


def _without(text: str, name: str) -> str:
    return re.sub(rf' {name}=("(?:\\.|[^"\\])*"|\S*)', "", text, count=1)


def _with(text: str, name: str, value: str) -> str:
    return re.sub(rf' {name}=("(?:\\.|[^"\\])*"|\S*)', lambda _: f" {name}={value}", text, count=1)


def _others(places: Sequence[_Place], place: _Place, name: str, draw: Draw) -> str:
    """The value that another line has there; a word of no meaning where all have the same."""
    own = dict(FIELD.findall(place.text)).get(name)
    others = sorted({value for one in places for key, value in FIELD.findall(one.text) if key == name} - {own})
    return draw.chance("log", name, place.text).choice(others) if others else "something-else"


def _falsehood(history: History, place: _Place, says: str, fact: str, kind: str, instead: Sequence[str]) -> Falsehood:
    event = history.events[place.position]
    assert isinstance(event, PlatformLog)
    lines = (*event.lines[: place.number], *instead, *event.lines[place.number + 1 :])
    return Falsehood(
        area="log",
        subject=says,
        fact=fact,
        kind=kind,
        where=f"event {event.seq}, line {place.number + 1}",
        edits={place.position: event.model_copy(update={"lines": lines})},
    )
