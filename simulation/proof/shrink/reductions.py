"""Smaller scenarios than a given one, the smallest first: candidates, which may break rules or lose the finding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from simulation.scenario.contest import Contest
from simulation.scenario.faults.fault import Fault
from simulation.scenario.model import Scenario
from simulation.scenario.tournament import Tournament
from simulation.words import plural

Reduction = Callable[[Scenario], Iterator[Scenario]]

_FEWEST_ENTRANTS = (1, 2, 3, 4, 6)
_ROUND_HOURS = (6, 8)
"""From one round's tee to the next one's: rounds take six hours, and eight leave time for one that was suspended."""
_MOST_LENGTHS = 3
"""Numbers of days that are tried, from the least that the tournaments fit into."""
_ALL = 10**6
_CALM = {
    "withdrawals": 0,
    "disqualified": 0,
    "alternates": 0,
    "suspended_round": None,
    "playoff_holes": 0,
    "rounds_held": 4,
    "second_cut": None,
    "renamed": 0,
    "namesakes": 0,
    "moved_days": 0,
    "cancelled": False,
}


def with_faults(scenario: Scenario, ids: Collection[str]) -> Scenario:
    """Only these faults; a task that one of the others needed goes with it."""
    gone = [fault for fault in scenario.faults if fault.id not in ids]
    done = {(at, runbook) for fault in gone for at, runbook in fault.tasks().items()}
    tasks = tuple(task for task in scenario.operator.tasks if (task.at, task.runbook) not in done)
    return scenario.model_copy(
        update={
            "faults": tuple(fault for fault in scenario.faults if fault.id in ids),
            "operator": scenario.operator.model_copy(update={"tasks": tasks}),
        }
    )


def with_contests(scenario: Scenario, contests: Sequence[Contest]) -> Scenario:
    """Only these contests, and the tournaments that they or a fault need."""
    used = {contest.tournament for contest in contests}
    used |= {tournament for fault in scenario.faults if (tournament := getattr(fault, "tournament", None))}
    kept = {key: tournament for key, tournament in scenario.tournaments.items() if key in used}
    return scenario.model_copy(update={"contests": tuple(contests), "tournaments": kept})


def fewer_contests(scenario: Scenario) -> Iterator[Scenario]:
    """One alone, then all but one."""
    contests = scenario.contests
    if len(contests) > 1:
        yield from (with_contests(scenario, [contest]) for contest in contests)
        yield from (with_contests(scenario, [other for other in contests if other is not one]) for one in contests)


def fewer_tasks(scenario: Scenario) -> Iterator[Scenario]:
    """None, then all but one."""
    tasks = scenario.operator.tasks
    for kept in ((), *(tasks[:number] + tasks[number + 1 :] for number in range(len(tasks)))):
        yield scenario.model_copy(update={"operator": scenario.operator.model_copy(update={"tasks": kept})})


def fewer_entrants(scenario: Scenario) -> Iterator[Scenario]:
    """A few in each contest, who all pay in time; then the same with the habits that there are."""
    for most in _FEWEST_ENTRANTS:
        yield _each_contest(scenario, partial(_punctual, most=most))
    yield _each_contest(scenario, partial(_punctual, most=_ALL))
    for most in _FEWEST_ENTRANTS:
        yield _each_contest(scenario, partial(_crowd, most=most))


def fewer_days(scenario: Scenario) -> Iterator[Scenario]:
    """The fewest days in which the tournaments end, and somewhat more."""
    last = max(tournament.final_board_at for tournament in scenario.tournaments.values())
    least = (last - scenario.start) // timedelta(days=1) + 1
    for days in range(least, min(least + _MOST_LENGTHS, scenario.days)):
        yield scenario.model_copy(update={"days": days})


def closer_rounds(scenario: Scenario) -> Iterator[Scenario]:
    """Rounds that follow each other at once, contests that end with them, and the fewest days."""
    for hours in _ROUND_HOURS:
        tournaments = {key: _closer(tournament, hours) for key, tournament in scenario.tournaments.items()}
        contests = tuple(
            _of(contest, end=min(contest.end, tournaments[contest.tournament].final_board_at))
            for contest in scenario.contests
        )
        closer = scenario.model_copy(update={"tournaments": tournaments, "contests": contests})
        yield from fewer_days(closer)
        yield closer


def calmer_tournaments(scenario: Scenario) -> Iterator[Scenario]:
    """Tournaments in which everybody plays to the end."""
    calm = {key: tournament.model_copy(update=_CALM) for key, tournament in scenario.tournaments.items()}
    yield scenario.model_copy(update={"tournaments": calm})


def simpler_faults(scenario: Scenario) -> Iterator[Scenario]:
    """Faults that strike once, and the first victim."""
    for name in ("times", "nth"):
        for fault in scenario.faults:
            if getattr(fault, name, 1) > 1:
                yield _with_fault_changed(scenario, fault, {name: 1})


def all_at_once(scenario: Scenario) -> Iterator[Scenario]:
    """The smallest that each way of reducing proposes, put together: where it works, one run does for all of them.

    Entrants are few, and not the fewest: enough for the prizes and victims that there are.
    """
    reduced = next(fewer_tasks(scenario))
    reduced = next(calmer_tournaments(reduced))
    reduced = next(closer_rounds(reduced), reduced)
    for most in _FEWEST_ENTRANTS[1:]:
        yield _each_contest(reduced, partial(_punctual, most=most))


REDUCTIONS: Sequence[Reduction] = (
    all_at_once,
    fewer_tasks,
    fewer_entrants,
    closer_rounds,
    fewer_days,
    calmer_tournaments,
    simpler_faults,
)
"""After :func:`fewer_contests`, in the order in which they are tried."""


def size(scenario: Scenario) -> str:
    """``2 faults, 1 contest, 6 entrants, 2 days``."""
    entrants = sum(contest.entrants for contest in scenario.contests)
    return ", ".join(
        plural(number, name)
        for number, name in (
            (len(scenario.faults), "fault"),
            (len(scenario.contests), "contest"),
            (entrants, "entrant"),
            (scenario.days, "day"),
        )
    )


def _each_contest(scenario: Scenario, change: Callable[[Contest], Contest]) -> Scenario:
    return scenario.model_copy(update={"contests": tuple(map(change, scenario.contests))})


def _of(contest: Contest, **changed: Any) -> Contest:
    return contest.model_copy(update=changed)


def _crowd(contest: Contest, most: int) -> Contest:
    return _of(contest, entrants=min(most, contest.entrants))


def _punctual(contest: Contest, most: int) -> Contest:
    none = dict.fromkeys(("late_joiners", "late_payers", "double_payers", "non_payers"), 0)
    return _of(contest, entrants=min(most, contest.entrants), **none)


def _closer(tournament: Tournament, hours: int) -> Tournament:
    return tournament.model_copy(update={"round_interval_hours": min(hours, tournament.round_interval_hours)})


def _with_fault_changed(scenario: Scenario, changed: Fault, update: dict[str, Any]) -> Scenario:
    faults: Iterable[Fault] = (
        fault.model_copy(update=update) if fault is changed else fault for fault in scenario.faults
    )
    return scenario.model_copy(update={"faults": tuple(faults)})
