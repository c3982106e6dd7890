"""How the jury finds the facts that explain a contract's writes; their fields: :mod:`simulation.contract.facts`.

All facts come from outside the platform, none from its own tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from urllib.parse import parse_qsl

from simulation.checks.conformance.happenings import (
    accounts,
    balance_changes,
    deliveries,
    endpoint_changes,
    jobs_failed,
    polled,
    probes,
    refused,
)
from simulation.checks.conformance.tries import tries
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.expected import Expected, expected_settlements
from simulation.checks.evidence.model import Placing, score_of
from simulation.contract.facts import (
    AccountChange,
    Admin,
    BankPayout,
    Board,
    Call,
    Contest,
    DisputeTold,
    EntrantResult,
    Event,
    Fact,
    Movement,
    PlayerResult,
    Prize,
    Request,
    Settlement,
)
from simulation.contract.facts_named import Facts
from simulation.events import (
    AdminAppointed,
    EntrantAction,
    Exchange,
    ProviderAnswer,
    ProviderPublication,
    StripeAccountChange,
    StripeCall,
    StripeEventMade,
    StripeMovement,
    StripeObject,
    WebhookAttempt,
)


def facts_for(case: Case, wanted: Facts) -> Sequence[Fact]:
    """The facts that a contract asks for, in the order in which they happened."""
    found = _of_kind(case, wanted)
    found = [fact for fact in found if all(getattr(fact, name) == value for name, value in wanted.where.items())]
    return found if wanted.distinct is None else _distinct(found, wanted.distinct)


def _distinct(facts: Sequence[Fact], name: str) -> list[Fact]:
    """The first of all facts with the same value of a field, and every fact without a value.

    The first is ``required`` if any fact with the same value is.
    """
    first: dict[str, Fact] = {}
    for number, fact in enumerate(facts):
        value = getattr(fact, name)
        key = f"without, {number}" if value is None else f"with {value}"
        known = first.setdefault(key, fact)
        if fact.required and not known.required:
            first[key] = replace(known, required=True)
    return list(first.values())


def _of_kind(case: Case, wanted: Facts) -> Sequence[Fact]:
    if wanted.request is not None:
        return _requests(case, wanted.request, wanted.status)
    if wanted.call is not None:
        return [call for call in _calls(case, wanted.call) if call.outcome == wanted.outcome]
    if wanted.event is not None:
        return [event for event in case.remembered(_events) if wanted.event in ("*", event.type)]
    if wanted.fact is None or wanted.fact not in DERIVED:
        raise CannotTell(f"the contract speaks of a fact {wanted.fact}, which this version does not know")
    return case.remembered(DERIVED[wanted.fact])


@cache
def _route(pattern: str) -> tuple[str, re.Pattern[str]]:
    """``METHOD /path/{name}/{rest...}`` as the method and a regular expression for the path."""
    method, _, path = pattern.partition(" ")
    return method, re.compile("/".join(_segment(part) for part in path.split("/")))


def _segment(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    name = part[1:-1].removesuffix("...")
    return f"(?P<{name}>.+)" if part.endswith("...}") else f"(?P<{name}>[^/]+)"


def _requests(case: Case, pattern: str, statuses: Sequence[int]) -> list[Request]:
    exchanges = case.events(Exchange)
    return [
        fact
        for place, path in case.remembered(_Routed).to(pattern)
        for fact in _request(case, path, statuses, exchanges[place])
    ]


class _Routed:
    """Which exchanges are to which route: their places among all exchanges, with the named segments."""

    def __init__(self, case: Case) -> None:
        self._asked = [(event.method, event.path) for event in case.events(Exchange)]
        self._to: dict[str, Sequence[tuple[int, Mapping[str, str]]]] = {}

    def to(self, pattern: str) -> Sequence[tuple[int, Mapping[str, str]]]:
        if pattern not in self._to:
            method, path = _route(pattern)
            found = ((place, path.fullmatch(asked)) for place, (by, asked) in enumerate(self._asked) if by == method)
            self._to[pattern] = [(place, parts.groupdict()) for place, parts in found if parts is not None]
        return self._to[pattern]


def _request(case: Case, path: Mapping[str, str], statuses: Sequence[int], event: Exchange) -> Iterator[Request]:
    """The exchange as a fact, if it was answered so; of several tries those that left rows."""
    one = case.remembered(tries).get(event.request_id)
    status = event.status if one is None else one.answered.status
    if status not in statuses if statuses else not 200 <= status < 300:
        return
    fact = request_of(case, event, path)
    if one is None:
        yield fact
    elif one.left_rows:
        yield replace(fact, answer=one.answered.response_body, status=status, required=one.required)


def request_of(case: Case, event: Exchange, path: Mapping[str, str]) -> Request:
    """An exchange as a fact. ``path``: the named segments of its route."""
    people = case.remembered(_people)
    return Request(
        at=event.at,
        required=event.status < 300,
        id=event.request_id,
        method=event.method,
        path=path,
        query=dict(parse_qsl(event.query, keep_blank_values=True)),
        body=event.request_body,
        answer=event.response_body,
        status=event.status,
        actor=event.actor,
        subject=event.token_subject
        or event.user_id
        or people.get(event.cause.split(":")[1] if ":" in event.cause else ""),
        execution_id=event.execution_id,
        idempotency_key=event.idempotency_key,
    )


def segments_of(route: str, event: Exchange) -> Mapping[str, str] | None:
    """The named segments of a route in a request's path; None where the request is to another route."""
    method, path = _route(route)
    found = path.fullmatch(event.path) if event.method == method else None
    return None if found is None else found.groupdict()


def _people(case: Case) -> Mapping[str, str]:
    """The scenario's key of a person → the user id that the platform gave them when they signed up."""
    return {action.person: action.user_id for action in case.events(EntrantAction) if action.user_id is not None}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A request to the platform, whatever its status, and when it was answered."""

    at: datetime
    method: str
    path: str
    subject: str | None
    """The subject of the token that the request carried."""

    def is_to(self, route: str) -> bool:
        """Whether it went to ``METHOD /path/{name}``."""
        method, path = _route(route)
        return self.method == method and path.fullmatch(self.path) is not None


def requests_by_id(case: Case) -> Mapping[str, Answered]:
    """Request id → request, for all that the HTTP witness saw."""
    return {
        event.request_id: Answered(at=event.at, method=event.method, path=event.path, subject=event.token_subject)
        for event in case.events(Exchange)
    }


def _calls(case: Case, pattern: str) -> list[Call]:
    method, path = _route(pattern)
    return [
        Call(
            at=event.at,
            id=event.request_id,
            path=found.groupdict(),
            params=event.params,
            idempotency_key=event.idempotency_key,
            object_id=event.object_id,
            error_code=event.error_code,
            outcome="lost" if event.status is None else "ok" if event.status < 300 else "refused",
            executed=event.executed,
        )
        for event in case.events(StripeCall)
        if event.method == method and event.origin == "platform" and (found := path.fullmatch(event.path)) is not None
    ]


def _events(case: Case) -> list[Event]:
    taken: dict[str, datetime] = {}
    for attempt in case.events(WebhookAttempt):
        if attempt.status is not None and attempt.status < 300:
            taken.setdefault(attempt.event_id, attempt.at)
    made = [
        Event(
            at=taken.get(event.event_id, event.at),
            required=event.event_id in taken,
            id=event.event_id,
            type=event.event_type,
            object_id=event.object_id,
            payload_sha256=event.payload_sha256,
        )
        for event in case.events(StripeEventMade)
    ]
    return sorted(made, key=lambda event: (not event.required, event.at))


def _admins(case: Case) -> list[Fact]:
    return [
        Admin(at=event.at, user_id=event.user_id, name=event.name, email=event.email, role=event.role)
        for event in case.events(AdminAppointed)
    ]


def _bank_payouts(case: Case) -> list[Fact]:
    known = {item.object_id: item for item in case.events(StripeObject) if item.object_type == "payout"}
    return [
        BankPayout(
            at=event.at,
            required=False,
            id=event.object_id,
            user_id=known[event.object_id].user_id,
            amount_cents=known[event.object_id].amount_cents,
            currency=known[event.object_id].currency.upper(),
        )
        for event in case.events(StripeEventMade)
        if event.event_type == "payout.created" and event.object_id in known
    ]


def _account_changes(*, can_be_paid: bool) -> Callable[[Case], Sequence[Fact]]:
    def find(case: Case) -> list[Fact]:
        return [
            AccountChange(at=event.at, id=event.account_id, user_id=event.user_id, reason=event.disabled_reason)
            for event in case.events(StripeAccountChange)
            if event.can_be_paid == can_be_paid
        ]

    return find


def _movements(kind: str, *, sign: int = 0) -> Callable[[Case], Sequence[Fact]]:
    def find(case: Case) -> list[Fact]:
        return [
            Movement(
                at=event.at,
                id=event.source_id,
                amount_cents=abs(event.amount_cents),
                currency=event.currency.upper(),
                payment_intent_id=event.payment_intent_id,
                destination=event.destination,
                contest_id=event.contest_id,
                user_id=event.user_id,
                idempotency_key=event.idempotency_key,
                origin=event.origin,
            )
            for event in case.events(StripeMovement)
            if event.movement == kind and event.amount_cents * sign >= 0
        ]

    return find


def _disputes_told(case: Case) -> list[Fact]:
    paid = {event.source_id: event.payment_intent_id for event in case.events(StripeMovement)}
    for dispute in case.events(StripeObject):
        if dispute.object_type == "dispute":  # of one that asks only, no money moves
            paid.setdefault(dispute.object_id, dispute.payment_intent_id)
    return [
        DisputeTold(at=event.at, required=False, id=event.event_id, payment_intent_id=paid.get(event.object_id))
        for event in case.events(StripeEventMade)
        if event.event_type.startswith("charge.dispute.")
    ]


def _boards(case: Case) -> list[Fact]:
    finals = {event.payload_sha256 for event in case.events(ProviderPublication) if event.final}
    return [
        Board(
            at=answer.at,
            required=False,
            contest_id=contest.contest_id,
            tournament=answer.tournament,
            payload_sha256=answer.payload_sha256,
            valid=answer.valid,
            final=(True, False) if answer.fault_id is not None else (answer.payload_sha256 in finals,),
        )
        for answer in case.events(ProviderAnswer)
        for contest in case.contests
        if answer.payload_sha256 is not None and contest.plan.tournament == answer.tournament
    ]


def _contests(case: Case) -> list[Fact]:
    created = {action.contest_id: action for action in case.events(EntrantAction) if action.action == "created_contest"}
    return [
        Contest(
            at=created[contest.contest_id].at,
            id=contest.contest_id,
            key=contest.key,
            name=contest.plan.name,
            organizer=created[contest.contest_id].user_id,
            tournament=contest.plan.tournament,
            currency=contest.plan.currency.upper(),
            entry_fee_cents=contest.plan.entry_fee_cents,
            lock_time=contest.plan.lock,
            start_time=contest.plan.start,
            end_time=contest.plan.end,
        )
        for contest in case.contests
    ]


def _settlements(case: Case) -> list[Settlement]:
    return [
        Settlement(
            at=expected.closed_at,
            contest_id=contest_id,
            participants=len(expected.settlement.placings),
            currency=expected.contest.plan.currency.upper(),
            pool_cents=expected.settlement.pool_cents,
            platform_cents=expected.settlement.platform_cents,
            top_up_cents=expected.settlement.top_up_cents,
            payload_sha256=expected.publication.payload_sha256,
            entrants=tuple(_entrant(case, expected, placing) for placing in expected.settlement.placings),
        )
        for contest_id, expected in case.remembered(expected_settlements).items()
    ]


def _entrant(case: Case, expected: Expected, placing: Placing) -> EntrantResult:
    rosters = [
        action.roster
        for action in case.events(EntrantAction)
        if action.action == "joined" and (action.contest, action.user_id) == (expected.contest.key, placing.user_id)
    ]
    board, missed = expected.publication, expected.contest.plan.missed_round_strokes
    players = (
        PlayerResult(
            id=player,
            rounds=list(board.rounds[player]),
            status=_status(board, player),
            strokes=score_of((player,), board.rounds, missed_round_strokes=missed),
        )
        for player in rosters[-1]
    )
    return EntrantResult(
        user_id=placing.user_id,
        rank=placing.rank,
        score=placing.score,
        prize_cents=placing.payout_cents,
        players=tuple(players),
    )


def _status(board: ProviderPublication, player: str) -> str:
    status = board.player_status.get(player)
    if status is None:
        raise CannotTell(f"the provider's board of {board.at:%Y-%m-%d %H:%M} does not say whether {player} was cut")
    return status


def _prizes(case: Case) -> list[Fact]:
    return [
        Prize(
            at=expected.closed_at,
            contest_id=contest_id,
            user_id=placing.user_id,
            rank=placing.rank,
            score=placing.score,
            amount_cents=placing.payout_cents,
            currency=expected.contest.plan.currency.upper(),
        )
        for contest_id, expected in case.remembered(expected_settlements).items()
        for placing in expected.settlement.placings
        if placing.payout_cents
    ]


DERIVED: Mapping[str, Callable[[Case], Sequence[Fact]]] = {
    "admin": _admins,
    "account": accounts,
    "bank_payout": _bank_payouts,
    "account_restricted": _account_changes(can_be_paid=False),
    "account_active": _account_changes(can_be_paid=True),
    "endpoint_enabled": endpoint_changes(enabled=True),
    "endpoint_disabled": endpoint_changes(enabled=False),
    "contest": _contests,
    "charge_made": _movements("charge"),
    "transfer_made": _movements("transfer"),
    "transfer_reversed": _movements("transfer_reversal"),
    "refund_made": _movements("refund"),
    "refund_returned": _movements("refund_failure"),
    "dispute_withdrawn": _movements("adjustment", sign=-1),
    "dispute_reinstated": _movements("adjustment", sign=1),
    "board": _boards,
    "settlement": lambda case: case.remembered(_settlements),
    "prize": _prizes,
    "remainder": lambda case: [fact for fact in case.remembered(_settlements) if fact.platform_cents],
    "top_up": lambda case: [fact for fact in case.remembered(_settlements) if fact.top_up_cents],
    "balance_change": balance_changes,
    "delivery": deliveries,
    "refused": refused,
    "probe": probes,
    "polled": polled,
    "job_failed": jobs_failed,
    "dispute_told": _disputes_told,
}
"""How each of :data:`simulation.contract.facts.DERIVED_FACTS` is found."""
