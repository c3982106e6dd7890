"""Rules between the parts of a scenario: dates that must lie inside of each other, rosters that the field can fill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

from simulation.currency import MOST_CHARGE, USD, currency_of, in_steps
from simulation.documents.refusal import suggest
from simulation.scenario.contest import Contest
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.faults.rule import BrokenRule, days_of, minute
from simulation.scenario.faults.victims import called_off
from simulation.scenario.funds import broken_fund_rules
from simulation.scenario.model import Scenario
from simulation.scenario.orders import SHORTEST_ENTRY, Orders
from simulation.scenario.settings import OperatorTask
from simulation.scenario.tournament import ROUNDS, Tournament
from simulation.words import plural

_ROOM_TO_PAY_OUT = timedelta(hours=1)
_ROOM_TO_PAY_LATE = timedelta(minutes=10)
_ROOM_FOR_A_TASK = timedelta(hours=2)
_SURE_TO_FINISH = 2
_NIGHT_HOURS = 8
"""From a round's first tee to the next one's when its last holes are played in between."""


def broken_rules(
    scenario: Scenario,
    *,
    runbooks: frozenset[str],
    steps: Mapping[str, int] = MappingProxyType({}),
    usual_platform: bool = True,
    all_there: bool = True,
) -> tuple[BrokenRule, ...]:
    """Everything that makes the scenario impossible to run, or a fault impossible to meet.

    :param runbooks: names of the runbooks there are.
    :param steps: see :func:`broken_fault_rules`. :param usual_platform: see :func:`broken_fault_rules`.
    :param all_there: no part was left out because of a mistake in it; else its money cannot be counted.
    """
    usual_platform = usual_platform and scenario.profile == "contests"  # there is no usual shop
    found: list[BrokenRule] = []
    for key, tournament in scenario.tournaments.items():
        found.extend(_of_tournament(key, tournament, scenario))
    for index, orders in enumerate(scenario.orders):
        found.extend(_of_orders(index, orders, scenario))
    for index, contest in enumerate(scenario.contests if scenario.profile == "contests" else ()):
        found.extend(_of_contest(index, contest, scenario))
        if usual_platform and 0 in (len(contest.payout_percent), *contest.payout_percent.values()):
            found.append(
                BrokenRule(
                    path=("contests", index, "payout_percent"),
                    problem=f"payout_percent {contest.payout_percent}: a contest without a prize, or with one of "
                    "nothing, is not created",
                    remedy="give place 1 a share of 1 or more, and each place that is named",
                )
            )
    for index, task in enumerate(scenario.operator.tasks):
        found.extend(_of_task(index, task, scenario, runbooks))
    found.extend(broken_fault_rules(scenario, runbooks=runbooks, steps=steps, usual_platform=usual_platform))
    if len(called_off(scenario)) == len(scenario.contests):
        found.append(
            BrokenRule(
                path=("contests", 0, "min_entries"),
                problem="every contest is called off, so that there is nothing to settle and to pay",
                remedy="lower min_entries of one, or add a contest that is played",
            )
        )
    if scenario.profile == "payments":
        return tuple(_in_words_of_orders(rule) for rule in found)
    if all_there and not found:  # else its money may be counted wrongly
        found.extend(broken_fund_rules(scenario))
    return tuple(found)


def _of_tournament(key: str, tournament: Tournament, scenario: Scenario) -> Iterator[BrokenRule]:
    path = ("tournaments", key)
    if tournament.first_round <= scenario.start:
        yield BrokenRule(
            path=(*path, "first_round"),
            problem=f"first_round {minute(tournament.first_round)} is not after the start {minute(scenario.start)}",
            remedy="move first_round later",
        )
    if tournament.final_board_at + _ROOM_TO_PAY_OUT > scenario.end:
        yield BrokenRule(
            path=(*path, "first_round"),
            problem=f"the final board comes {minute(tournament.final_board_at)}; the window of "
            f"{days_of(scenario.days)} ends {minute(scenario.end)} and leaves no hour to settle and pay",
            remedy="move first_round earlier, shorten round_interval_hours, or raise days",
        )
    for name in _said_of_a_drawn_one(tournament) if tournament.played else ():
        yield BrokenRule(
            path=(*path, name),
            problem=f"{name} is of a drawn tournament, and this one is replayed from its results",
            remedy=f"leave {name} out, or results",
        )
    for name in ("disqualified", "second_cut") if tournament.rounds_held < ROUNDS else ():
        if getattr(tournament, name):
            yield BrokenRule(
                path=(*path, name),
                problem=f"{name} is about round {ROUNDS}, and {tournament.rounds_held} are held",
                remedy=f"leave {name} out, or rounds_held",
            )
    if tournament.suspended_round and tournament.suspended_round >= tournament.rounds_held:
        yield BrokenRule(
            path=(*path, "suspended_round"),
            problem=f"round {tournament.suspended_round} is finished on the morning of the next, "
            f"and {tournament.rounds_held} are held",
            remedy="name an earlier round, or leave rounds_held out",
        )
    if tournament.second_cut is not None and tournament.second_cut >= tournament.cut_after_round_2:
        yield BrokenRule(
            path=(*path, "second_cut"),
            problem=f"{tournament.second_cut} play on of the {tournament.cut_after_round_2} who made the cut",
            remedy="let fewer play on",
        )
    if tournament.cancelled and tournament.moved_days:
        yield BrokenRule(
            path=(*path, "moved_days"),
            problem=f"moved by {days_of(tournament.moved_days)}, and cancelled at the same moment",
            remedy="leave one of them out",
        )
    away = tournament.withdrawals + tournament.alternates + tournament.disqualified
    playing_on = tournament.second_cut or tournament.cut_after_round_2
    if (tournament.disqualified or tournament.alternates) and away + _SURE_TO_FINISH > playing_on:
        yield BrokenRule(
            path=(*path, "alternates" if tournament.alternates else "disqualified"),
            problem=f"{away} of {tournament.players} players withdraw or are disqualified, and "
            f"{playing_on} are to finish",
            remedy=f"let {_SURE_TO_FINISH} be left who are sure to finish",
        )
    default = Tournament.model_fields["cut_after_round_2"].default  # stands in every stored scenario
    if tournament.cut_after_round_2 > tournament.players and tournament.cut_after_round_2 != default:
        yield BrokenRule(
            path=(*path, "cut_after_round_2"),
            problem=f"{tournament.cut_after_round_2} make the cut of a field of {tournament.players}",
            remedy=f"{tournament.players} or fewer",
        )
    if tournament.suspended_round and tournament.round_interval_hours < _NIGHT_HOURS:
        yield BrokenRule(
            path=(*path, "suspended_round"),
            problem=f"round {tournament.suspended_round} cannot be finished before the next, "
            f"{plural(tournament.round_interval_hours, 'hour')} after its first tee",
            remedy=f"round_interval_hours: {_NIGHT_HOURS} or more",
        )
    if tournament.withdrawals >= tournament.players:
        yield BrokenRule(
            path=(*path, "withdrawals"),
            problem=f"{tournament.withdrawals} of {tournament.players} players withdraw",
            remedy="let somebody finish",
        )


def _said_of_a_drawn_one(tournament: Tournament) -> tuple[str, ...]:
    drawn = {"disqualified": 0, "alternates": 0, "rounds_held": ROUNDS, "second_cut": None}
    return tuple(name for name, calm in drawn.items() if getattr(tournament, name) != calm)


def _of_task(index: int, task: OperatorTask, scenario: Scenario, runbooks: frozenset[str]) -> Iterator[BrokenRule]:
    path = ("operator", "tasks", index)
    if task.runbook not in runbooks:
        yield BrokenRule(
            path=(*path, "runbook"),
            problem=f"the task names the runbook {task.runbook!r}, which does not exist",
            remedy=f"write it; {suggest(task.runbook, sorted(runbooks))}" if runbooks else "write it",
        )
    if not scenario.start <= task.at <= scenario.end - _ROOM_FOR_A_TASK:
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"the task is at {minute(task.at)}, the window goes from {minute(scenario.start)} to "
            f"{minute(scenario.end)} and must leave two hours to carry it out",
            remedy="move at into the window",
        )


def _of_orders(index: int, orders: Orders, scenario: Scenario) -> Iterator[BrokenRule]:
    for name, at in (("opens", orders.opens), ("closes", orders.closes)):
        if not scenario.start <= at <= scenario.end:
            yield BrokenRule(
                path=("orders", index, name),
                problem=f"{name} {minute(at)} is not within the window from {minute(scenario.start)} to "
                f"{minute(scenario.end)}",
                remedy="move it into the window",
            )


def _in_words_of_orders(rule: BrokenRule) -> BrokenRule:
    """A fault's rule about a contest, where its victims are orders."""
    said = {"another contest": "other orders", "a contest": "orders", "contest": "orders", "the lock": "they close"}
    problem, remedy = rule.problem, rule.remedy
    for word, own in said.items():
        problem, remedy = problem.replace(word, own), remedy.replace(word, own)
    return BrokenRule(
        path=tuple("orders" if part == "contest" else part for part in rule.path), problem=problem, remedy=remedy
    )


def _of_contest(index: int, contest: Contest, scenario: Scenario) -> Iterator[BrokenRule]:
    path, tournament = ("contests", index), scenario.tournaments[contest.tournament]
    if contest.created < scenario.start:
        yield BrokenRule(
            path=(*path, "created"),
            problem=f"created {minute(contest.created)} is before the start {minute(scenario.start)}",
            remedy="move it into the window",
        )
    if contest.lock - contest.created < SHORTEST_ENTRY:
        yield BrokenRule(
            path=(*path, "lock"),
            problem=f"lock {minute(contest.lock)} leaves entrants {contest.lock - contest.created} to join and pay",
            remedy="leave 20 minutes or more after created",
        )
    least, unit = currency_of(contest.currency).least_charge, "cents" if contest.currency == USD else contest.currency
    if contest.entry_fee_cents and not least <= contest.entry_fee_cents <= MOST_CHARGE:
        yield BrokenRule(
            path=(*path, "entry_fee_cents"),
            problem=f"entry_fee_cents {contest.entry_fee_cents}: Stripe takes charges of {least} to {MOST_CHARGE} "
            f"{unit}",
            remedy=f"{least} to {MOST_CHARGE}, or 0 for a contest that costs nothing",
        )
    payable = in_steps(contest.entry_fee_cents, contest.currency)
    if contest.entry_fee_cents != payable:
        yield BrokenRule(
            path=(*path, "entry_fee_cents"),
            problem=f"entry_fee_cents {contest.entry_fee_cents}: Stripe takes amounts in {contest.currency} that end "
            "in 0 only",
            remedy=f"write {payable}",
        )
    if contest.lock > tournament.first_round:
        yield BrokenRule(
            path=(*path, "lock"),
            problem=f"lock {minute(contest.lock)} is after the first tee of {contest.tournament} "
            f"{minute(tournament.first_round)}: entrants would know scores",
            remedy="lock at the first tee or before",
        )
    if not tournament.first_round < contest.end <= tournament.final_board_at:
        yield BrokenRule(
            path=(*path, "end"),
            problem=f"end {minute(contest.end)} is not between the planned first tee {minute(tournament.first_round)} "
            f"and the final board {minute(tournament.final_board_at)} of {contest.tournament}",
            remedy="a contest is settled at the final board, and not before its end: move end between the two",
        )
    yield from _of_entrants(path, contest, tournament)


def _of_entrants(path: tuple[str | int, ...], contest: Contest, tournament: Tournament) -> Iterator[BrokenRule]:
    for name in ("late_payers", "double_payers", "non_payers") if not contest.entry_fee_cents else ():
        if getattr(contest, name):
            yield BrokenRule(
                path=(*path, name),
                problem=f"{name} {getattr(contest, name)}, and nobody pays anything for this contest",
                remedy=f"take out {name}, or give it an entry fee",
            )
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
