"""No user was refused without reason: every error or refusal has a cause outside the platform, or a rule behind it.

Source: fixtures/spec/platform.md (Endpoints), specification 06C, measurable constraint 5 (the first stage, in which
people enter, also completes without anybody's help). A server error (5xx) needs an outside cause, such as a fault; a
refusal (4xx) may follow from a rule instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case, PlannedContest
from simulation.checks.evidence.keys import Keys, shared
from simulation.checks.evidence.money import grouped
from simulation.events import EntrantAction, Event, Exchange, FaultInjected, FaultScheduled, HostingAction
from simulation.scenario.faults.database import ContestRowHeld
from simulation.scenario.faults.paying import PayingFault
from simulation.scenario.faults.registry import KINDS
from simulation.words import plural

_PEOPLE = frozenset({"entrant", "organizer"})
_OPERATORS = frozenset({"operator", "operator_robot"})
"""Refusals are part of their work; an error of the server is not."""
_REFUSED, _ERROR = 400, 500
_BACK = timedelta(minutes=1)
"""A program that was killed or stopped takes this long to serve again."""
_CLOSED_BY_THE_LOCK = frozenset({"join", "open payment", "pay", "ask for a refund", "cancel contest", "leave contest"})
_TO_PAY, _PAID = ("pay", "open payment"), ("paid", "paid_late", "began_to_pay")
_MOST_LINES, _MOST_EVENTS, _MOST_CHARACTERS = 3, 10, 200


@dataclass(frozen=True, kw_only=True)
class _TurnedAway:
    """One request that failed or was refused; at least one of the two is set.

    ``exchange``: the platform's answer, None where Stripe answered or nobody did; ``action``: what the person
    reports, None for one who simply tries again.
    """

    exchange: Exchange | None
    action: EntrantAction | None

    @property
    def event(self) -> Event:
        event = self.exchange or self.action
        assert event is not None, "somebody saw it"
        return event

    @property
    def server_failed(self) -> bool:
        return self.exchange is not None and self.exchange.status >= _ERROR

    @property
    def asked(self) -> str:
        """What the person wanted to do, or the HTTP request where they report nothing."""
        if self.action is not None and self.action.act is not None:
            return self.action.act
        assert self.exchange is not None, "an act without a name was an exchange"
        return f"{self.exchange.method} {self.exchange.path}"

    @property
    def answer(self) -> str:
        if self.exchange is None:
            return "" if self.action is None else self.action.detail
        log = " | ".join(self.exchange.log[-_MOST_LINES:])
        body = str(self.exchange.response_body)[:_MOST_CHARACTERS]
        return f"{self.exchange.status} {body}" + (f"; its log: {log}" if log else "")

    @property
    def keys(self) -> Keys:
        action, exchange = self.action, self.exchange
        return Keys(
            contest=action.contest if action else None,
            contest_id=action.contest_id if action else None,
            user_id=action.user_id if action else exchange.token_subject if exchange else None,
            request_id=exchange.request_id if exchange else None,
        )


@check("Nobody in good standing was turned away: each error or refusal that a person got has a cause or a rule")
def nobody_turned_away(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("exchange")
    inquiry.examine(sum(exchange.actor in _PEOPLE | _OPERATORS for exchange in case.events(Exchange)))
    wronged = [one for one in _turned_away(case) if not _has_a_cause(case, one) and not _breaks_a_rule(case, one)]
    for (asked, _), several in grouped(wronged, _kind).items():
        what = "an error that nothing in the world explains" if several[0].server_failed else "a refusal without a rule"
        inquiry.find(
            asked,
            what + (f", {len(several)} times" if len(several) > 1 else ""),
            keys=shared(one.keys for one in several),
            expected="what they asked for: no fault, and no rule of the contest, stood in their way",
            actual=several[0].answer,
            events=tuple(one.event for one in several[:_MOST_EVENTS]),
            cause=True,
        )


def _kind(one: _TurnedAway) -> tuple[str, int | None]:
    """Groups refusals by request and status, because one defect often causes many."""
    return one.asked, one.exchange.status if one.exchange else None


def refusals(case: Case, contest: str) -> tuple[EntrantAction, ...]:
    """The refusals that people report for a contest. ``contest``: the scenario's key."""
    return tuple(
        action for action in case.events(EntrantAction) if action.action == "refused" and action.contest == contest
    )


def told_why(refused: Sequence[EntrantAction]) -> str:
    """The text of the first refusal and how many there were, for a message; empty where nobody was refused."""
    return f"; the first of {plural(len(refused), 'refusal')}: {refused[0].detail}" if refused else ""


def _turned_away(case: Case) -> Iterator[_TurnedAway]:
    """Server errors, and refusals that people report; without their consequences (a contest that does not exist
    because its organizer was refused)."""
    told = [action for action in case.events(EntrantAction) if action.action == "refused"]
    for exchange in case.events(Exchange):
        if exchange.actor in _OPERATORS and exchange.status >= _ERROR:
            yield _TurnedAway(exchange=exchange, action=None)
        if exchange.actor in _PEOPLE and exchange.status >= _REFUSED:
            action = next((one for one in told if one.seq > exchange.seq and _same(one, exchange)), None)
            if action is not None:
                told.remove(action)
            if action is not None or exchange.status >= _ERROR:
                yield _TurnedAway(exchange=exchange, action=action)
    yield from (_TurnedAway(exchange=None, action=action) for action in told if action.contest_id is not None)


def _same(action: EntrantAction, exchange: Exchange) -> bool:
    return (action.at, action.cause) == (exchange.at, exchange.cause)


def _has_a_cause(case: Case, one: _TurnedAway) -> bool:
    """Whether a fault was active, or operations had stopped the platform or the database."""
    at = one.event.at
    if any(since <= at <= until + _BACK for since, until in _stopped(case)):
        return True
    ends = {fault.fault_id: fault.ends_at for fault in case.events(FaultScheduled)}
    return any(
        strike.at <= at <= (ends.get(strike.fault_id) or strike.at) + _BACK and _stands_in_the_way(strike, one)
        for strike in case.events(FaultInjected)
    )


def _stands_in_the_way(strike: FaultInjected, one: _TurnedAway) -> bool:
    """Whether the fault can cause this refusal; a locked contest row only affects requests about that contest."""
    kind = KINDS.get(strike.fault_kind)
    if kind is ContestRowHeld:
        return one.action is None or one.action.contest_id == strike.keys.get("contest")
    if kind is not None and issubclass(kind, PayingFault):
        return one.exchange is None and one.action is not None and _is_payment_of(one.action, strike)
    return kind is not None and kind.turns_people_away


def _is_payment_of(action: EntrantAction, strike: FaultInjected) -> bool:
    """Stripe, not the platform, refused the payment that the fault disturbs."""
    return action.act == "pay" and action.user_id == strike.keys.get("user_id")


def _stopped(case: Case) -> Iterator[tuple[datetime, datetime]]:
    """Periods in which operations drained requests or had stopped a service."""
    since: datetime | None = None
    for action in case.events(HostingAction):
        if action.action in ("drain", "stop"):
            since = since or action.at
        elif action.action == "resize":
            yield action.at, action.at
        elif since is not None:
            yield since, action.at
            since = None
    if since is not None:
        yield since, case.history.events[-1].at


def _breaks_a_rule(case: Case, one: _TurnedAway) -> bool:
    """Whether a rule allows the refusal: after the lock or cancellation, a full contest, a deleted account, or an order
    that is paid."""
    action = one.action
    if action is None or one.server_failed:
        return False
    if any(left.user_id == action.user_id and left.seq < action.seq for left in _departures(case)):
        return True
    if action in case.remembered(paid_already):
        return True
    contest = next((item for item in case.contests if item.key == action.contest), None)
    return contest is not None and (_is_closed(case, contest, action) or _is_full(case, contest, action))


def paid_already(case: Case) -> Sequence[EntrantAction]:
    """Refusals of those who came to pay for an order that they had paid: a shop may take the money and give it back, or
    say so at once."""
    orders, paid, refused = {one.key for one in case.scenario.orders}, set[tuple[str, str]](), []
    for action in case.events(EntrantAction):
        whose = action.contest or "", action.person
        if action.contest in orders and action.action in _PAID:
            paid.add(whose)
        elif action.action == "refused" and action.act in _TO_PAY and whose in paid:
            refused.append(action)
    return refused


def _departures(case: Case) -> Iterator[EntrantAction]:
    return (action for action in case.events(EntrantAction) if action.action == "deleted_account")


def _is_closed(case: Case, contest: PlannedContest, action: EntrantAction) -> bool:
    if action.act not in _CLOSED_BY_THE_LOCK:
        return False
    cancelled = case.arrival(contest.contest_id, "CANCELLED")
    return action.at >= contest.plan.lock or (cancelled is not None and cancelled.at <= action.at)


def _is_full(case: Case, contest: PlannedContest, action: EntrantAction) -> bool:
    joined = (
        one.person
        for one in case.events(EntrantAction)
        if one.action == "joined" and one.contest == contest.key and one.seq < action.seq
    )
    return action.act == "join" and len(set(joined)) >= contest.plan.max_entries
