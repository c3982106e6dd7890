"""Contests that must not be played, as the world outside the platform knows it: their organizer cancelled them, too
few people entered, or the provider cancelled their tournament.

Source: fixtures/spec/platform.md (Contest states).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.evidence.case import Case, PlannedContest
from simulation.checks.evidence.signals import answers
from simulation.events import EntrantAction, Exchange, ProviderPublication

CANCELLED = "CANCELLED"
_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class CalledOff:
    """``since``: not before; ``until``: by then; None: when the platform's job for it has run.

    ``organizer``: the user who did it; None: the platform must, by the rule.
    """

    since: datetime
    until: datetime | None
    organizer: str | None


def called_off(case: Case) -> Mapping[str, CalledOff]:
    """Contest id → when and by whom, of every contest that is. Call it through :meth:`Case.remembered`."""
    found = {
        contest.contest_id: _by_organizer(case, contest) or _by_rule(case, contest) or _by_provider(case, contest)
        for contest in case.contests
    }
    return {contest_id: off for contest_id, off in found.items() if off is not None}


def _by_organizer(case: Case, contest: PlannedContest) -> CalledOff | None:
    """The organizer was told that it is cancelled; or got no answer, and it was cancelled before they gave up."""
    for action in case.events(EntrantAction):
        told = action.action == "cancelled_contest"
        asked = told or action.act == "cancel contest"
        if action.contest == contest.key and asked and (told or _was_cancelled(case, contest, by=action.at)):
            return CalledOff(since=contest.plan.created, until=action.at, organizer=action.user_id)
    return None


def _by_rule(case: Case, contest: PlannedContest) -> CalledOff | None:
    """Fewer have entered at the lock than it takes. Of somebody who got no answer nobody knows whether they have: where
    that decides it, the platform may do either."""
    least = contest.plan.min_entries
    if not least:
        return None
    entered, perhaps = _entrants(case, contest), _unanswered(case, contest)
    few = len(entered | perhaps) < least or (len(entered) < least and _was_cancelled(case, contest))
    return CalledOff(since=contest.plan.lock, until=None, organizer=None) if few else None


def _by_provider(case: Case, contest: PlannedContest) -> CalledOff | None:
    """The tournament was cancelled: known from the first board that says so, at the latest from the first that no fault
    altered."""
    key = contest.plan.tournament
    planned = case.scenario.tournaments[key]
    since = [
        publication
        for publication in case.events(ProviderPublication)
        if planned.cancelled and publication.tournament == key and publication.at >= planned.first_round
    ]
    if not since:
        return None
    told = [answer for answer in answers(case, key) if answer.at >= since[0].at and answer.valid]
    whole = next((answer.at for answer in told if answer.fault_id is None), since[0].at)
    return CalledOff(
        since=told[0].at if told else since[0].at,
        until=max(whole, contest.plan.lock) + case.within("lifecycle", "ingestion"),
        organizer=None,
    )


def _entrants(case: Case, contest: PlannedContest) -> frozenset[str]:
    """Who joined and did not leave again before the lock."""
    there: set[str] = set()
    for action in case.events(EntrantAction):
        if action.contest == contest.key and action.action == "joined":
            there.add(action.person)
        elif action.contest == contest.key and action.action == "left_contest" and action.at < contest.plan.lock:
            there.discard(action.person)
    return frozenset(there)


def _unanswered(case: Case, contest: PlannedContest) -> frozenset[str]:
    """Who wanted to join and got an error of the server, or no answer at all."""
    refusals = {
        (exchange.at, exchange.cause)
        for exchange in case.events(Exchange)
        if exchange.actor == "entrant" and exchange.status < _ERROR
    }
    return frozenset(
        action.person
        for action in case.events(EntrantAction)
        if (action.contest, action.act) == (contest.key, "join") and (action.at, action.cause) not in refusals
    )


def _was_cancelled(case: Case, contest: PlannedContest, *, by: datetime | None = None) -> bool:
    arrival = case.arrival(contest.contest_id, CANCELLED)
    return arrival is not None and (by is None or arrival.at <= by)
