"""Rehearses one runbook in three ways: recovered, rolled back, failed safely."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simulation.assembly import RunRequest
from simulation.checks.verdict import judge
from simulation.errors import SimulationError
from simulation.rehearsal import judging
from simulation.rehearsal.observed_run import Lived, live, place_of
from simulation.rehearsal.tampering import with_spoilt_answer
from simulation.rehearsal.watcher import StepPlace, Watcher
from simulation.reporting.write import write_report
from simulation.world.operator.runbook import Runbook, Section

WAYS = ("recovered", "rolled back", "failed safely")


@dataclass(frozen=True, kw_only=True)
class RehearsalOutcome:
    """The outcome of one way: passed if ``problems`` is empty. ``note``: a remark, such as "nothing to roll back"."""

    problems: tuple[str, ...]
    note: str = ""
    directory: Path | None = None
    """The run directory, kept only when there are problems."""


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """A runbook and its outcome in each way.

    ``sim_seconds`` is the simulated duration of the execution that was to recover; None when it never ended.
    """

    name: str
    ways: Mapping[str, RehearsalOutcome]
    sim_seconds: int | None

    @property
    def good(self) -> bool:
        return all(not outcome.problems for outcome in self.ways.values())


def rehearse(name: str, prepared: Callable[[str], RunRequest]) -> Rehearsed:
    """Carry the runbook out in all three ways. A ``SimulationError`` becomes a problem and is not raised.

    :param prepared: gives, for a runbook's name, the request to run its own scenario.
    """
    try:
        request = prepared(name)
        runbook = next(book for book in request.runbooks if book.name == name)
        first = live(request, runbook, Watcher(runbook=name))
    except SimulationError as error:
        return _never(name, str(error))
    ways = {WAYS[0]: _ruled(first, judging.recovered(first))}
    if not first.steps:
        reason = "not tried: the runbook was not carried out at all"
        ways |= dict.fromkeys(WAYS[1:], RehearsalOutcome(problems=(reason,)))
    else:
        ways[WAYS[1]] = _attempt(lambda: _rolled_back(first, request))
        ways[WAYS[2]] = _attempt(lambda: _failed_safely(first, request))
    ended = first.execution.ended if first.execution is not None else None
    return Rehearsed(name=name, ways=ways, sim_seconds=None if ended is None else ended.sim_duration_seconds)


def _rolled_back(first: Lived, request: RunRequest) -> RehearsalOutcome:
    """Run again with the last Verification step of the first run made to fail: its expected output is altered."""
    verification = first.steps_of(Section.VERIFICATION)
    if not verification:
        return RehearsalOutcome(problems=("not tried: no step of Verification was carried out",))
    at = place_of(verification[-1])
    lived = live(_spoilt(request, first.runbook, at), first.runbook, Watcher(runbook=first.runbook.name, stops=True))
    return _ruled(lived, judging.rolled_back(lived), note=_reads_only(first.runbook, "nothing to roll back"))


def _failed_safely(first: Lived, request: RunRequest) -> RehearsalOutcome:
    """Run again with the first writing step made to fail.

    Its writing requests are refused; if it makes none over HTTP, its expected output is altered instead.
    """
    name, writing = first.runbook.name, first.first_writing
    failing = writing or next(iter(first.steps_of(Section.VERIFICATION)), first.steps[0])
    at = place_of(failing)
    if writing is not None and any(request.method != "GET" for request in first.requests_of(writing)):
        lived = live(request, first.runbook, Watcher(runbook=name, refuse_at=at))
    else:
        lived = live(_spoilt(request, first.runbook, at), first.runbook, Watcher(runbook=name))
    return _ruled(lived, judging.failed_safely(lived), note=_reads_only(first.runbook, "a reading step failed"))


def _reads_only(runbook: Runbook, note: str) -> str:
    return "" if runbook.writes else note


def _spoilt(request: RunRequest, runbook: Runbook, at: StepPlace) -> RunRequest:
    return replace(request, runbooks=with_spoilt_answer(request.runbooks, name=runbook.name, at=at))


def _attempt(way: Callable[[], RehearsalOutcome]) -> RehearsalOutcome:
    try:
        return way()
    except SimulationError as error:
        return RehearsalOutcome(problems=(f"the run broke off: {error}",))


def _ruled(lived: Lived, problems: Iterator[str], *, note: str = "") -> RehearsalOutcome:
    """The outcome of a run: delete its directory if there is no problem, else write its report."""
    found = tuple(problems)
    if not found:
        shutil.rmtree(lived.directory.path)
        return RehearsalOutcome(problems=(), note=note)
    write_report(lived.directory.path, lived.history, judge(lived.history))
    return RehearsalOutcome(problems=found, note=note, directory=lived.directory.path)


def _never(name: str, reason: str) -> Rehearsed:
    return Rehearsed(name=name, ways=dict.fromkeys(WAYS, RehearsalOutcome(problems=(reason,))), sim_seconds=None)


def totals(rehearsed: Sequence[Rehearsed]) -> Mapping[str, int]:
    """For each way, the number of runbooks without problems."""
    return {way: sum(not item.ways[way].problems for item in rehearsed) for way in WAYS}
