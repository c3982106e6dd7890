"""Who enters a contest when, with which roster, and how they pay: drawn from the seed before the run begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from simulation.chance import chance
from simulation.scenario.contest import Contest
from simulation.world.entrants.people import Person

Habit = Literal["prompt", "late_joiner", "late_payer", "double_payer", "non_payer"]

_LAST_HOUR = timedelta(hours=1)
_LAST_MINUTE = timedelta(minutes=1)
_SECONDS_TO_PAY = (120, 1_800)
_COPIED_ROSTERS = 0.15
"""Share of entrants who take another entrant's roster, so that there are ties."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One person's plan for one contest. ``pay_at`` is None if they never pay."""

    person: Person
    habit: Habit
    join_at: datetime
    pay_at: datetime | None
    roster: tuple[str, ...]


def plan_entries(contest: Contest, *, players: Sequence[Person], field: Sequence[str], seed: int) -> tuple[Entry, ...]:
    """The entries of one contest in order of joining.

    :param players: the pool to draw entrants from; at least ``contest.entrants``.
    :param field: provider player ids to pick rosters from.
    """
    source = chance(seed, "entries", contest.key)
    entrants = source.sample(list(players), contest.entrants)
    rosters = _rosters(contest, field, source)
    entries = [
        _entry(contest, person, habit, roster, source)
        for person, habit, roster in zip(entrants, _habits(contest), rosters, strict=True)
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.join_at, entry.person.key)))


def _habits(contest: Contest) -> list[Habit]:
    """How each entrant pays, in the scenario's numbers; the entrants' order is random, so who gets which habit is,
    too."""
    numbers: dict[Habit, int] = {
        "late_joiner": contest.late_joiners,
        "late_payer": contest.late_payers,
        "double_payer": contest.double_payers,
        "non_payer": contest.non_payers,
    }
    numbers["prompt"] = contest.entrants - sum(numbers.values())
    return [habit for habit, number in numbers.items() for _ in range(number)]


def _rosters(contest: Contest, field: Sequence[str], source: Random) -> list[tuple[str, ...]]:
    rosters: list[tuple[str, ...]] = []
    for _ in range(contest.entrants):
        if rosters and source.random() < _COPIED_ROSTERS:
            rosters.append(source.choice(rosters))
        else:
            rosters.append(tuple(source.sample(list(field), contest.roster_size)))
    return [rosters[0] if number < contest.same_rosters else roster for number, roster in enumerate(rosters)]


def _entry(contest: Contest, person: Person, habit: Habit, roster: tuple[str, ...], source: Random) -> Entry:
    join_at = _moment(*_joining_window(contest, late=habit == "late_joiner"), source)
    return Entry(
        person=person, habit=habit, join_at=join_at, pay_at=_pay_at(contest, habit, join_at, source), roster=roster
    )


def _joining_window(contest: Contest, *, late: bool) -> tuple[datetime, datetime]:
    """When entrants join. Late joiners: within the last hour before the lock, or the last half of a shorter window."""
    open_for = contest.lock - contest.created
    late_from = contest.lock - min(_LAST_HOUR, open_for / 2)
    if late:
        return late_from, contest.lock - 5 * _LAST_MINUTE
    return contest.created + min(5 * _LAST_MINUTE, open_for / 4), late_from


def _pay_at(contest: Contest, habit: Habit, join_at: datetime, source: Random) -> datetime | None:
    if habit == "non_payer":
        return None
    if habit == "late_payer":
        return _moment(contest.lock + 2 * _LAST_MINUTE, contest.start - 2 * _LAST_MINUTE, source)
    return min(join_at + timedelta(seconds=source.randint(*_SECONDS_TO_PAY)), contest.lock - _LAST_MINUTE)


def _moment(earliest: datetime, latest: datetime, source: Random) -> datetime:
    """A random whole second of a window."""
    span_seconds = max(0, int((latest - earliest).total_seconds()))
    return earliest.replace(microsecond=0) + timedelta(seconds=source.randint(0, span_seconds))
