"""What the platform answered and measured, compared with the statements that its contract declares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from simulation.checks.conformance.facts import request_of, segments_of
from simulation.checks.conformance.judges import Judge, judge_of
from simulation.checks.conformance.moments import Moments
from simulation.checks.conformance.scope import shown
from simulation.checks.conformance.values import ValueOf, argument
from simulation.checks.conformance.world import World
from simulation.checks.evidence.case import Case
from simulation.contract.parts import by_need
from simulation.contract.paths import Argument
from simulation.contract.statements import Answer
from simulation.events import Event, Exchange, Transaction

_ASKERS = frozenset({"entrant", "organizer", "operator", "operator_robot"})
_REFUSED = 400
_CUT = re.compile(r"\(\d+ bytes\)")
"""What the witness of exchanges keeps of a body that is too long."""


Told = Literal["answers", "metrics", "log"]


@dataclass(frozen=True, kw_only=True)
class Misstatement:
    """Something that the platform said and that was not so. ``about``: a request with its route, a series, or what a
    line of the log says."""

    kind: Told
    declared: int | str
    """Of an answer or a line of the log its number in the contract, of a metric its name."""
    about: str
    expected: str
    actual: str
    at: datetime
    event: Event | None
    request_id: str | None = None


@dataclass
class Statements:
    """``not_judged``: what no rule is about, or what the contract says cannot be known, with how often."""

    wrong: list[Misstatement] = field(default_factory=list)
    judged: Counter[Told] = field(default_factory=Counter)
    not_judged: Counter[str] = field(default_factory=Counter)


def answers(case: Case) -> Statements:
    """Judge all answers. Call it through :meth:`Case.remembered`."""
    return answers_of(case, answered(case), case.wal.transactions, known=None)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One answer: ``number`` of the declaration that fits, None where none does; ``path`` has its segments."""

    event: Exchange
    number: int | None
    path: Mapping[str, str]


def answered(case: Case) -> Sequence[Answered]:
    """The answers that people and operators got and that were no refusals, each with its declaration, in order."""
    return [one for event in sorted(case.events(Exchange), key=_when) for one in answered_one(case, event)]


def _when(event: Exchange) -> datetime:
    return event.at


def answered_one(case: Case, event: Exchange) -> Iterator[Answered]:
    """An answer with its declaration, if a person or an operator got it and it was no refusal."""
    if event.actor in _ASKERS and event.status < _REFUSED:
        yield _answered(event, case.contract.answers)


def _answered(event: Exchange, declared: Sequence[Answer]) -> Answered:
    for number, answer in enumerate(declared):
        path = segments_of(answer.to, event)
        if path is not None and _fits(event, answer):
            return Answered(event=event, number=number, path=path)
    return Answered(event=event, number=None, path={})


def _fits(event: Exchange, answer: Answer) -> bool:
    parameters = event.query.split("&")
    return (not answer.status or event.status in answer.status) and all(
        f"{name}={value}" in parameters for name, value in answer.query.items()
    )


def answers_of(
    case: Case, given: Sequence[Answered], transactions: Sequence[Transaction], *, known: Collection[str] | None
) -> Statements:
    """:func:`answers` for some answers only.

    :param given: in the order of their instants.
    :param known: the tables that their declarations name; None: all.
    """
    found, world = Statements(), World(case)
    moments = Moments(transactions, world.keys, known)
    numbers = {one.number for one in given if one.number is not None}
    judges = {number: _prepared(case.contract.answers[number]) for number in sorted(numbers)}
    for one in given:
        about = f"{one.event.method} {one.event.path}"
        if one.number is None:
            found.not_judged[f"{one.event.method} {_route_of(one.event.path)}: no rule is about it"] += 1
            continue
        declared, prepared = case.contract.answers[one.number], judges[one.number]
        if prepared is None:
            found.not_judged[f"{declared.to}: {declared.not_judged}"] += 1
            continue
        if _CUT.fullmatch(str(one.event.response_body)):
            found.not_judged[f"{declared.to}: the answer is too long to be kept whole"] += 1
            continue
        moments.come_to(one.event.at)
        scope = world.scope(moments, one.event.at) | {"request": request_of(case, one.event, one.path)}
        complaint = _complaint(prepared, one.event, scope, moments, world)
        found.judged["answers"] += 1
        if complaint is not None:
            found.wrong.append(
                Misstatement(
                    kind="answers",
                    declared=one.number,
                    about=about,
                    expected=complaint,
                    actual=shown(one.event.response_body),
                    at=one.event.at,
                    event=one.event,
                    request_id=one.event.request_id,
                )
            )
    return found


def _route_of(path: str) -> str:
    """A path with ids as ``{id}``, so that equal requests are counted together."""
    return "/".join("{id}" if any(letter.isdigit() for letter in part) else part for part in path.split("/"))


@dataclass(frozen=True, kw_only=True)
class _Prepared:
    looks: Mapping[str, ValueOf]
    judge: Judge


def _prepared(answer: Answer) -> _Prepared | None:
    if answer.body is None:
        return None
    return _Prepared(looks=looks_of(answer.looks), judge=judge_of(answer.body, "body"))


def looks_of(looks: Mapping[str, Argument]) -> Mapping[str, ValueOf]:
    """What a statement looks for, each after those that it names."""
    return {name: argument(looks[name]) for name in by_need({name: [wanted] for name, wanted in looks.items()})}


def looked(looks: Mapping[str, ValueOf], scope: dict[str, Any]) -> dict[str, Any]:
    """The scope with what a statement's ``looks`` find, each of which may name those before it."""
    for name, look in looks.items():
        scope = {**scope, name: look(scope)}
    return scope


def _complaint(
    prepared: _Prepared, event: Exchange, scope: dict[str, Any], moments: Moments, world: World
) -> str | None:
    """What was wrong in every state that the answer may have been about, of rows and facts; None: right in one."""
    first = None
    for number, _ in enumerate(moments.states(event.at)):
        for not_yet in world.orders(event.at):
            complaint = prepared.judge(event.response_body, looked(prepared.looks, {**scope, "not_yet": not_yet}))
            if complaint is None:
                return None
            first = complaint if number == not_yet == 0 else first
    return first
