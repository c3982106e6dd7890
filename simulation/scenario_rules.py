"""Rules between the parts of a scenario: dates that must lie inside of each other, faults that must find a victim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.scenario import Contest, Fault, Scenario, Tournament

_ROOM_TO_PAY_OUT = timedelta(hours=1)
_ROOM_TO_PAY_LATE = timedelta(minutes=10)
_SHORTEST_ENTRY = timedelta(minutes=20)


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    path: tuple[str | int, ...]
    problem: str
    remedy: str


def broken_rules(scenario: Scenario, *, runbooks: frozenset[str]) -> tuple[BrokenRule, ...]:
    """Everything that makes the scenario impossible to run, or a fault impossible to meet.

    :param runbooks: names of the runbooks there are.
    """
    found: list[BrokenRule] = []
    for key, tournament in scenario.tournaments.items():
        found.extend(_of_tournament(key, tournament, scenario))
    for index, contest in enumerate(scenario.contests):
        found.extend(_of_contest(index, contest, scenario))
    for index, fault in enumerate(scenario.faults):
        found.extend(_of_fault(index, fault, scenario, runbooks))
    return tuple(found)


def _of_tournament(key: str, tournament: Tournament, scenario: Scenario) -> Iterator[BrokenRule]:
    path = ("tournaments", key)
    if tournament.first_round <= scenario.start:
        yield BrokenRule(
            path=(*path, "first_round"),
            problem=f"first_round {_say(tournament.first_round)} is not after the start {_say(scenario.start)}",
            remedy="move first_round later",
        )
    if tournament.final_board_at + _ROOM_TO_PAY_OUT > scenario.end:
        yield BrokenRule(
            path=(*path, "first_round"),
            problem=f"the final board comes {_say(tournament.final_board_at)}; the window of {scenario.days} days ends "
            f"{_say(scenario.end)} and leaves no hour to settle and pay",
            remedy="move first_round earlier, shorten round_interval_hours, or raise days",
        )
    if tournament.withdrawals >= tournament.players:
        yield BrokenRule(
            path=(*path, "withdrawals"),
            problem=f"{tournament.withdrawals} of {tournament.players} players withdraw",
            remedy="let somebody finish",
        )


def _of_contest(index: int, contest: Contest, scenario: Scenario) -> Iterator[BrokenRule]:
    path, tournament = ("contests", index), scenario.tournaments[contest.tournament]
    if contest.created < scenario.start:
        yield BrokenRule(
            path=(*path, "created"),
            problem=f"created {_say(contest.created)} is before the start {_say(scenario.start)}",
            remedy="move it into the window",
        )
    if contest.lock - contest.created < _SHORTEST_ENTRY:
        yield BrokenRule(
            path=(*path, "lock"),
            problem=f"lock {_say(contest.lock)} leaves entrants {contest.lock - contest.created} to join and pay",
            remedy="leave 20 minutes or more after created",
        )
    if contest.lock > tournament.first_round:
        yield BrokenRule(
            path=(*path, "lock"),
            problem=f"lock {_say(contest.lock)} is after the first tee of {contest.tournament} "
            f"{_say(tournament.first_round)}: entrants would know scores",
            remedy="lock at the first tee or before",
        )
    if not tournament.first_round < contest.end <= tournament.final_board_at:
        yield BrokenRule(
            path=(*path, "end"),
            problem=f"end {_say(contest.end)} is not between the first tee {_say(tournament.first_round)} "
            f"and the final board {_say(tournament.final_board_at)} of {contest.tournament}",
            remedy="a contest is settled at the final board, and not before its end: move end between the two",
        )
    yield from _of_entrants(path, contest, tournament)


def _of_entrants(path: tuple[str | int, ...], contest: Contest, tournament: Tournament) -> Iterator[BrokenRule]:
    if contest.late_payers and contest.start - contest.lock < _ROOM_TO_PAY_LATE:
        yield BrokenRule(
            path=(*path, "late_payers"),
            problem=f"{contest.late_payers} pay between lock and start, which are {contest.start - contest.lock} apart",
            remedy="leave 10 minutes or more between lock and start, or set late_payers to 0",
        )
    field = len(tournament.played) or tournament.players
    if contest.roster_size > field:
        yield BrokenRule(
            path=(*path, "roster_size"),
            problem=f"a roster of {contest.roster_size} from a field of {field}",
            remedy="lower roster_size or raise the tournament's players",
        )


def _of_fault(index: int, fault: Fault, scenario: Scenario, runbooks: frozenset[str]) -> Iterator[BrokenRule]:
    path = ("faults", index)
    if fault.expect.runbook is not None and fault.expect.runbook not in runbooks:
        yield BrokenRule(
            path=(*path, "expect", "runbook"),
            problem=f"fault {fault.id} expects the runbook {fault.expect.runbook!r}, which does not exist",
            remedy=f"write it, or name one of: {', '.join(sorted(runbooks)) or '(there are none)'}",
        )
    if fault.tournament is not None:
        yield from _of_provider_fault(path, fault, scenario)
        return
    contest = next(contest for contest in scenario.contests if contest.key == fault.contest)
    victims, what = _victims(fault, contest)
    if fault.nth > victims:
        yield BrokenRule(
            path=(*path, "nth" if victims else "contest"),
            problem=f"fault {fault.id} waits for {what} {fault.nth} of {contest.key}, which has {victims}",
            remedy=f"lower nth to {victims} or less" if victims else "name a contest that has one",
        )


def _victims(fault: Fault, contest: Contest) -> tuple[int, str]:
    """How many payments or transfers the contest is sure to have."""
    if not contest.entry_fee_cents:
        return 0, "payment"
    paying = contest.entrants - contest.non_payers
    if fault.kind.startswith(("transfer_", "destination_")):
        prizes = sum(1 for percent in contest.payout_percent.values() if percent)
        return min(paying, prizes), "transfer"
    return paying + contest.double_payers, "payment"


def _of_provider_fault(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """The feed is polled from the first lock of the tournament's contests to its final board."""
    assert fault.tournament is not None, "only called for faults of a tournament"
    followers = [contest for contest in scenario.contests if contest.tournament == fault.tournament]
    if not followers:
        yield BrokenRule(
            path=(*path, "tournament"),
            problem=f"no contest follows {fault.tournament}, so that nobody asks for its scores",
            remedy="name a tournament of a contest",
        )
    elif fault.at is not None:
        first, last = min(contest.lock for contest in followers), scenario.tournaments[fault.tournament].final_board_at
        if not first <= fault.at <= last:
            yield BrokenRule(
                path=(*path, "at"),
                problem=f"fault {fault.id} at {_say(fault.at)}: scores of {fault.tournament} are asked for from "
                f"{_say(first)} to {_say(last)}",
                remedy="move at between the two",
            )


def _say(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
