"""What faults of one scenario must leave each other: else one hides the other, or both are more than anybody survives.

What two faults do to one victim, or within one window, their kinds say themselves (``Fault.broken``). Here stands what
concerns the run as a whole. Source: fixtures/spec/platform.md, and the alerts and runbooks that come along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulation.scenario.faults.accounts import AccountsRestricted
from simulation.scenario.faults.alerting import STORM_RUNBOOK
from simulation.scenario.faults.database import ContestRowHeld, DatabaseConnectionsExhausted
from simulation.scenario.faults.events import WebhookEndpointDisabled
from simulation.scenario.faults.fault import Fault, VictimFault, runbooks_of
from simulation.scenario.faults.identity import AuthenticationOutage
from simulation.scenario.faults.payments import USUAL_REPEATS, PaymentFault, WebhookLost
from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.scenario.faults.stripe import PayoutWindowFault, SigningSecretRolled
from simulation.scenario.faults.transactions import PAYOUTS
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.faults.victims import (
    called_off,
    disturbed_payments,
    early_payers,
    played,
    sure_transfers,
    sure_victims,
)

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

_Rule = Callable[[Fault, Sequence[Fault], "Scenario"], Iterator[BrokenRule]]
"""Of a fault, those that stand before it, and their scenario."""

_ROOM_TO_END = timedelta(hours=6)
"""From the end of a fault until nothing of it is left to see."""
_ROOM_TO_POLL = timedelta(hours=1)
_NEXT_RECONCILIATION = timedelta(hours=26)
"""From a payment until the books have been compared with Stripe's, and what was missing is booked."""
_FETCHING = {
    runbook for kind in (WebhookLost, WebhookEndpointDisabled, SigningSecretRolled) for runbook in runbooks_of(kind)
} | {STORM_RUNBOOK}
"""Runbooks that fetch every event that never came, whatever they are about."""


def broken_together(scenario: Scenario, *, usual_platform: bool) -> Iterator[BrokenRule]:
    """Every fault that does not go together with one that stands before it, or with the scenario's length.

    :param scenario: each of its faults keeps its own rules.
    :param usual_platform: the alerts and runbooks are those that come along; rules that follow from them hold, too.
    """
    rules = (*_OF_ANY_PLATFORM, *(_OF_THE_USUAL_PLATFORM if usual_platform else ()))
    for index, fault in enumerate(scenario.faults):
        for rule in rules:
            for broken in rule(fault, scenario.faults[:index], scenario):
                yield replace(broken, path=("faults", index, *broken.path))


def _broken(fault: Fault, problem: str, remedy: str) -> BrokenRule:
    """At the field by which it can be moved. ``problem`` goes on after ``fault x``."""
    field = next(name for name in ("at", "nth", "tournament", "contest") if name in type(fault).model_fields)
    return BrokenRule(path=(field,), problem=f"fault {fault.id} {problem}", remedy=remedy)


# --- whatever the platform ------------------------------------------------------------------------------------------


def _is_over_in_time(fault: Fault, _: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    over_by = fault.planned(scenario, 0).over_by
    if over_by > scenario.end:
        yield _broken(
            fault,
            f"may last until {minute(over_by)}, and the run ends {minute(scenario.end)}: nobody sees how it ends",
            "let it end earlier, or raise days",
        )


def _finds_its_transaction(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """Two that count a job's transactions from different times on may count to the same one, which one strikes.

    Of payouts see ``StatementFault``: no two may strike those of one contest.
    """
    if not isinstance(fault, StatementFault) or fault.transaction == PAYOUTS:
        return
    for rival in earlier:
        if not isinstance(rival, StatementFault) or rival.transaction != fault.transaction or rival.at == fault.at:
            continue
        first, second = sorted((rival, fault), key=lambda one: one.at)
        if first.strikes_by(scenario) >= second.at:
            yield _broken(
                fault,
                f"may come to the transaction of {rival.id}: {first.id} is sure to have struck by "
                f"{minute(first.strikes_by(scenario))} only, and {second.id} counts from {minute(second.at)} on",
                "count both from the same `at` on, or move one of them",
            )


def _finds_its_polls(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """Of two faults of one feed at once, one strikes the polls, and the other nobody."""
    if not isinstance(fault, FeedFault):
        return
    for rival in earlier:
        same = isinstance(rival, FeedFault) and rival.tournament == fault.tournament
        if same and not _apart(fault, rival, scenario, by=_ROOM_TO_POLL):
            yield _broken(
                fault,
                f"strikes polls of {fault.tournament} that {rival.id} may strike instead",
                "leave an hour between the end of one and the start of the other",
            )


def _leaves_a_prize(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """Where every prize is given up there is no payout for the jury to look at."""
    if isinstance(fault, TransferFault) and fault.given_up:
        given_up = 1 + sum(isinstance(rival, TransferFault) and rival.given_up for rival in earlier)
        calm = played(scenario).model_copy(update={"faults": ()})
        sure = sum(sure_transfers(contest, calm) for contest in calm.contests)
        if given_up >= sure:
            yield _broken(
                fault,
                f"is one of {given_up} after which a prize is given up, and {sure} are sure to be due: the run may "
                "have no payout to judge",
                "leave one of them out, or add a contest with prizes",
            )


def _leaves_payments_to_count(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """Where payments may come late or never, the n-th to be paid is sure to come for a smaller n only."""
    faults = (*earlier, fault)
    for one in faults:
        if not isinstance(one, VictimFault) or one.victim not in _COUNTED_WHEN_PAID:
            continue
        contest = one.its_contest(scenario)
        disturbed = disturbed_payments(contest, faults)
        sure = sure_victims(one.victim, contest, scenario)
        if disturbed and one.nth > sure - disturbed:
            yield _broken(
                fault,
                f"leaves {one.id} without its victim: of {contest.key} {sure - disturbed} are sure to have paid in "
                f"time, and it waits for {one.nth}",
                "lower nth of that one, or name another contest",
            )
            return


def _meets_a_contest_that_is_played(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """One that is called off has payments, made before, and nothing else that could be struck."""
    off = called_off(scenario)
    if not off or fault.calls_off:
        if off and len(off) == len(scenario.contests):
            yield _broken(fault, "leaves no contest that is played: there would be nothing to settle", "leave one")
        return
    if getattr(fault, "contest", None) in off:
        if not _strikes_an_early_payment(fault, scenario):
            yield _broken(
                fault,
                "is aimed at a contest that is called off before its lock; of that one only payments that are sure to "
                "have come by then can be struck, by what heals by itself",
                "name another contest",
            )
        return
    rest = played(scenario)
    if getattr(fault, "tournament", None) not in {None, *(contest.tournament for contest in rest.contests)}:
        yield _broken(fault, "strikes a tournament whose contests are all called off: nobody polls it", "name another")
        return
    before = [one for one in earlier if getattr(one, "contest", None) not in off]
    for rule in fault.broken(rest, before):
        yield replace(rule, problem=f"{rule.problem}, without the contests that are called off")


def _strikes_an_early_payment(fault: Fault, scenario: Scenario) -> bool:
    if not isinstance(fault, VictimFault) or fault.victim not in ("payment", "prompt payer"):
        return False
    contest = fault.its_contest(scenario)
    sure = early_payers(contest) - disturbed_payments(contest, scenario.faults)
    return fault.nth <= sure and fault.expect.self_heals is True


_COUNTED_WHEN_PAID = frozenset({"payment", "payer", "refund", "dispute"})
"""Victims that are numbered in the order in which they paid."""

_OF_ANY_PLATFORM: Sequence[_Rule] = (
    _is_over_in_time,
    _finds_its_transaction,
    _finds_its_polls,
    _leaves_a_prize,
    _leaves_payments_to_count,
    _meets_a_contest_that_is_played,
)


# --- with the alerts and runbooks that come along ---------------------------------------------------------------------


def _is_noticed_by_itself(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """An alert that fires already does not fire again, and its runbook is carried out once for both."""
    for rival in earlier if _waits_for_a_time(fault) else ():
        if rival.kind == fault.kind and not _apart(fault, rival, scenario, by=_ROOM_TO_END):
            yield _broken(
                fault,
                f"and {rival.id} are both a {fault.kind}, and come so close together that one alert and one runbook "
                "stand for both",
                "leave six hours between the end of one and the start of the other",
            )


def _waits_for_a_time(fault: Fault) -> bool:
    """And not for a victim or a transaction of its own."""
    return not isinstance(fault, VictimFault | StatementFault)


def _is_the_first_outage(fault: Fault, earlier: Sequence[Fault], _: Scenario) -> Iterator[BrokenRule]:
    for rival in earlier if isinstance(fault, AuthenticationOutage) else ():
        if isinstance(rival, AuthenticationOutage):
            yield _broken(
                fault,
                f"is not noticed: the runbook for {rival.id} fails over to the replica's key, which stays in use",
                "leave one of them out",
            )


def _can_start_again(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """A platform that is killed while the server grants no connections cannot start again; no runbook helps it."""
    for rival in earlier:
        for kill, full in ((fault, rival), (rival, fault)):
            if (
                isinstance(kill, StatementFault)
                and kill.deed == "kill"
                and isinstance(full, DatabaseConnectionsExhausted)
                and kill.at <= full.ends_at
                and full.at <= kill.strikes_by(scenario)
            ):
                yield _broken(
                    fault,
                    f"does not go with {rival.id}: {kill.id} kills the platform between {minute(kill.at)} and "
                    f"{minute(kill.strikes_by(scenario))}, and without a connection, as {full.id} leaves it from "
                    f"{minute(full.at)} to {minute(full.ends_at)}, it cannot start again",
                    "move one of them",
                )


def _lets_a_lock_be_understood(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """The runbook for a lock that fails reads why it failed last, and hands any cause but a held row to people."""
    for rival in earlier:
        for held, other in ((fault, rival), (rival, fault)):
            if not isinstance(held, ContestRowHeld) or not isinstance(other, StatementFault):
                continue
            start, end = _on(held, scenario)
            if (
                held.expect.runbook is not None
                and other.transaction == "lifecycle_reconciler"
                and other.breaks_off
                and other.deed != "kill"  # which leaves no cause in the trail
                and other.at <= end
                and start <= other.strikes_by(scenario)
            ):
                yield _broken(
                    fault,
                    f"does not go with {rival.id}: while {held.id} holds the row, from {minute(start)} to "
                    f"{minute(end)}, {other.id} may fail the same lock for another cause, and the runbook then "
                    "calls people",
                    "move one of them",
                )


def _is_the_only_trouble_of_payouts(fault: Fault, earlier: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """What holds payouts up for hours moves them into whatever comes next: no runbook waits for two, one after the
    other."""
    for rival in earlier if _holds_payouts(fault) else ():
        if _holds_payouts(rival) and not _apart(fault, rival, scenario, by=_ROOM_TO_END):
            yield _broken(
                fault,
                f"holds up payouts that {rival.id} may hold up, too, and no runbook waits for both",
                "leave six hours between the end of one and the start of the other",
            )


def _holds_payouts(fault: Fault) -> bool:
    holding = isinstance(fault, PayoutWindowFault | DatabaseConnectionsExhausted)
    return isinstance(fault, AccountsRestricted) or (holding and fault.expect.runbook is not None)


def _is_fetched_by_its_own_runbook(fault: Fault, _: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """What is told of nothing is found in a night; another fault's runbook would fetch it, and nobody would miss it."""
    mine = fault.planned(scenario, 0)
    for rival in scenario.faults if fault.unannounced else ():
        if rival is fault or rival.expect.runbook not in _FETCHING:
            continue
        its = rival.planned(scenario, 0)
        fetched_by = its.over_by + (timedelta(0) if rival.unannounced else _NEXT_RECONCILIATION)
        if its.starts_at <= mine.over_by and mine.starts_at <= fetched_by:
            yield _broken(
                fault,
                f"may be fetched before it is seen missing, by the runbook that {rival.id} calls for",
                "name a contest of other days, or leave one of them out",
            )


def _is_seen_missing(fault: Fault, _: Sequence[Fault], scenario: Scenario) -> Iterator[BrokenRule]:
    """The runbook for a storm of deliveries fetches what is missing, too, before anybody sees it missing."""
    if not fault.unannounced and not (isinstance(fault, PaymentFault) and fault.found_missing):
        return
    missing = fault.planned(scenario, 0)
    until = missing.over_by + _NEXT_RECONCILIATION
    again = [
        rival
        for rival in scenario.faults
        if isinstance(rival, PaymentFault)
        and rival.repeats
        and rival.planned(scenario, 0).over_by + _ROOM_TO_END >= missing.starts_at
        and rival.planned(scenario, 0).starts_at <= until
    ]
    if sum(rival.repeats_in_an_hour(scenario) for rival in again) > USUAL_REPEATS:
        yield _broken(
            fault,
            f"may be fetched before it is seen missing, by the runbook for the storm of deliveries that "
            f"{', '.join(rival.id for rival in again)} may make",
            f"aim it at another contest's payment, or let those repeat {USUAL_REPEATS} deliveries an hour in all",
        )


_OF_THE_USUAL_PLATFORM: Sequence[_Rule] = (
    _is_noticed_by_itself,
    _is_the_first_outage,
    _can_start_again,
    _lets_a_lock_be_understood,
    _is_the_only_trouble_of_payouts,
    _is_fetched_by_its_own_runbook,
    _is_seen_missing,
)


def _apart(one: Fault, other: Fault, scenario: Scenario, *, by: timedelta) -> bool:
    """Whether so much time is between the end of the one and the start of the other."""
    first, second = sorted((_on(one, scenario), _on(other, scenario)))
    return second[0] >= first[1] + by


def _on(fault: Fault, scenario: Scenario) -> tuple[datetime, datetime]:
    planned = fault.planned(scenario, 0)
    return planned.starts_at, planned.over_by
