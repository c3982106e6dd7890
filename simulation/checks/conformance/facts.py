"""The facts outside that a contract's writes answer: what people asked, what Stripe and the provider said.

Each kind is a class; its fields are what a contract's paths may name. None comes from the platform's own tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydantic import JsonValue

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.expected import expected_settlements
from simulation.contract.document import Facts
from simulation.events import AdminAppointed, EntrantAction, Exchange, StripeCall, StripeEventMade, WebhookAttempt


@dataclass(frozen=True, kw_only=True)
class Fact:
    """``required``: it must have left its row; of some facts one cannot tell whether the platform took them."""

    at: datetime
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Request(Fact):
    """A request to the platform that it answered. ``path`` has the named segments of the route."""

    id: str
    method: str
    path: Mapping[str, str]
    body: JsonValue
    answer: JsonValue
    status: int
    actor: str
    subject: str | None
    """Whose token it carried; without one, the user whom the world knows to have sent it."""
    execution_id: str | None


@dataclass(frozen=True, kw_only=True)
class Call(Fact):
    """A request to Stripe, as Stripe's journal has it. ``outcome``: ``ok``, ``refused``, ``lost`` (no answer came)."""

    id: str
    path: Mapping[str, str]
    params: JsonValue
    idempotency_key: str | None
    object_id: str | None
    error_code: str | None
    outcome: str
    executed: bool


@dataclass(frozen=True, kw_only=True)
class Event(Fact):
    """An event that Stripe has. ``required``: it was delivered, and the platform answered that it had it.

    ``at`` is when it was taken, of one that never was, when it was made.
    """

    id: str
    type: str
    object_id: str
    payload_sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Admin(Fact):
    """An admin whom the deployment appointed."""

    user_id: str
    name: str
    email: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Contest(Fact):
    """A contest of the scenario that was created; ``at`` is when."""

    id: str
    key: str
    name: str
    organizer: str | None
    tournament: str
    entry_fee_cents: int
    lock_time: datetime
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, kw_only=True)
class Settlement(Fact):
    """What a contest must settle to, by our own model; ``at`` is when its books were closed."""

    contest_id: str
    participants: int
    pool_cents: int
    platform_cents: int


@dataclass(frozen=True, kw_only=True)
class Prize(Fact):
    """One winner's prize, by our own model."""

    contest_id: str
    user_id: str
    rank: int
    score: int
    amount_cents: int


def facts_for(case: Case, wanted: Facts) -> Sequence[Fact]:
    """The facts that a write answers, in the order in which they came."""
    found = _of_kind(case, wanted)
    found = [fact for fact in found if all(getattr(fact, name) == value for name, value in wanted.where.items())]
    if wanted.distinct is None:
        return found
    return list({getattr(fact, wanted.distinct): fact for fact in reversed(found)}.values())[::-1]


def _of_kind(case: Case, wanted: Facts) -> Sequence[Fact]:
    if wanted.request is not None:
        return _requests(case, wanted.request, wanted.status)
    if wanted.call is not None:
        return [call for call in _calls(case, wanted.call) if call.outcome == wanted.outcome]
    if wanted.event is not None:
        return [event for event in case.remembered(_events) if wanted.event in ("*", event.type)]
    return DERIVED[wanted.fact or ""](case)


@cache
def _route(pattern: str) -> tuple[str, re.Pattern[str]]:
    """Method and expression of ``METHOD /path/{name}``."""
    method, _, path = pattern.partition(" ")
    parts = (f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in path.split("/"))
    return method, re.compile("/".join(parts))


def _requests(case: Case, pattern: str, statuses: Sequence[int]) -> list[Request]:
    method, path = _route(pattern)
    people = case.remembered(_people)
    return [
        Request(
            at=event.at,
            id=event.request_id,
            method=event.method,
            path=found.groupdict(),
            body=event.request_body,
            answer=event.response_body,
            status=event.status,
            actor=event.actor,
            subject=event.token_subject or people.get(event.cause.split(":")[1] if ":" in event.cause else ""),
            execution_id=event.execution_id,
        )
        for event in case.events(Exchange)
        if event.method == method
        and (event.status in statuses if statuses else 200 <= event.status < 300)
        and (found := path.fullmatch(event.path)) is not None
    ]


def _people(case: Case) -> Mapping[str, str]:
    """The scenario's key of a person → the user id that the platform gave them when they signed up."""
    return {action.person: action.user_id for action in case.events(EntrantAction) if action.user_id is not None}


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
    return [
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


def _admins(case: Case) -> list[Fact]:
    return [
        Admin(at=event.at, user_id=event.user_id, name=event.name, email=event.email, role=event.role)
        for event in case.events(AdminAppointed)
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
            entry_fee_cents=contest.plan.entry_fee_cents,
            lock_time=contest.plan.lock,
            start_time=contest.plan.start,
            end_time=contest.plan.end,
        )
        for contest in case.contests
    ]


def _settlements(case: Case) -> list[Fact]:
    return [
        Settlement(
            at=expected.closed_at,
            contest_id=contest_id,
            participants=len(expected.settlement.placings),
            pool_cents=expected.settlement.pool_cents,
            platform_cents=expected.settlement.platform_cents,
        )
        for contest_id, expected in expected_settlements(case).items()
    ]


def _prizes(case: Case) -> list[Fact]:
    return [
        Prize(
            at=expected.closed_at,
            contest_id=contest_id,
            user_id=placing.user_id,
            rank=placing.rank,
            score=placing.score,
            amount_cents=placing.payout_cents,
        )
        for contest_id, expected in expected_settlements(case).items()
        for placing in expected.settlement.placings
        if placing.payout_cents
    ]


DERIVED: Mapping[str, Callable[[Case], Sequence[Fact]]] = {
    "admin": _admins,
    "contest": _contests,
    "settlement": _settlements,
    "prize": _prizes,
}
"""Facts that our own model derives from witnesses, by the name a contract gives in ``for_each: {fact: …}``."""
