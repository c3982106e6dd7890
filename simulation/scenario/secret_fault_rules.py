"""Rules for a signing secret that is rolled: deliveries must be due, and nothing else may be told by their absence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulation.scenario.broken_rule import BrokenRule, minute
from simulation.scenario.faults import PAYMENT_KINDS, Fault, FaultKind
from simulation.scenario.model import Contest, Scenario

_ROOM_TO_PAY = timedelta(hours=1)
_ANSWERED = timedelta(hours=12)
"""From the last payment that may be the first to be refused, until everything is as before."""
_STILL_UNDER_WAY = timedelta(hours=48)
"""How long after its contest's lock a fault of a payment may still have its say."""
_IN_THE_WAY: tuple[FaultKind, ...] = (
    "stripe_outage",
    "database_connections_exhausted",
    "contest_rows_lost",
    "authentication_outage",
)
_BEFORE = timedelta(hours=3)
_OF_PEOPLE: tuple[FaultKind, ...] = ("refund_requested", "chargeback")


def broken_secret_rules(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """Somebody is sure to pay soon after, and no other fault is about payments, Stripe or the database then."""
    assert fault.at is not None, f"{fault.kind} without its time"
    victims = [contest for contest in scenario.contests if _is_paid_after(contest, fault.at)]
    if not victims:
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} at {minute(fault.at)}: nobody is sure to pay after it",
            remedy="let it begin before a contest with an entry fee is created, or before the hour of its late joiners",
        )
        return
    first = min(victims, key=lambda contest: (contest.lock, contest.key))
    over = first.lock + _ANSWERED
    if over > min(scenario.tournaments[contest.tournament].final_board_at for contest in victims):
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id}: a contest may be settled before {minute(over)}, without some payments",
            remedy="let it begin before a contest that is played longer",
        )
    for rival in scenario.faults:
        if rival is not fault and _meets(rival, fault.at, over, scenario):
            yield BrokenRule(
                path=(*path, "at"),
                problem=f"faults {fault.id} and {rival.id} may be on at one time, and one would hide the other",
                remedy="move one of them to another contest's payments",
            )


def _is_paid_after(contest: Contest, at: datetime) -> bool:
    """Late joiners pay in the last hour before the lock."""
    if not contest.entry_fee_cents or contest.lock - _ROOM_TO_PAY <= at:
        return False
    return contest.late_joiners > 0 or (contest.created >= at and contest.entrants > contest.non_payers)


def _meets(rival: Fault, at: datetime, over: datetime, scenario: Scenario) -> bool:
    if rival.kind in ("signing_secret_rolled", *_IN_THE_WAY):
        assert rival.at is not None, f"{rival.kind} without its time"
        return rival.kind == "signing_secret_rolled" or at - _BEFORE <= rival.at <= over
    if not rival.kind.startswith(PAYMENT_KINDS) and rival.kind not in _OF_PEOPLE:
        return False
    contest = next(contest for contest in scenario.contests if contest.key == rival.contest)
    last = contest.lock + max(_STILL_UNDER_WAY, timedelta(hours=(rival.delay_hours or 0) + 12))
    return contest.created <= over and at <= last
