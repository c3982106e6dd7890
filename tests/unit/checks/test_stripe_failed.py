"""A shop's job that breaks off with a call that a fault had Stripe fail is excused that turn, and no other."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.held_open import may_have_begun
from simulation.checks.evidence.missed_runs import broken_off_by_stripe
from simulation.events import JobFailed, StripeCall
from tests.unit.checks.builder import day

TURN = day(3)


def call(at: datetime, **facts: Any) -> StripeCall:
    told = {"request_id": "req_1", "origin": "platform", "method": "GET", "path": "/v1/events", "executed": False}
    return StripeCall.model_validate({**told, "status": 503, "fault_id": "ill", "at": at, **facts})


def case(*calls: StripeCall, profile: str = "payments") -> Case:
    """Of a shop, with these calls and nothing else in its history."""
    known = SimpleNamespace(
        scenario=SimpleNamespace(profile=profile), events=lambda kind: [one for one in calls if isinstance(one, kind)]
    )
    known.remembered = lambda ask: ask(known)
    return cast("Case", known)


def broke_off(at: datetime) -> JobFailed:
    return JobFailed(job="reconcile", error="503", at=at, cause=f"job:timers:{TURN.isoformat()}")


@pytest.mark.parametrize(
    ("facts", "excused"),
    [
        ({}, True),
        ({"status": None}, True),
        ({"status": 200}, False),
        ({"fault_id": None}, False),
        ({"origin": "dashboard"}, False),
        ({"at": TURN - timedelta(seconds=1)}, False),
    ],
    ids=str,
)
def test_only_a_call_that_a_fault_failed_in_that_turn_explains_it(facts: dict[str, Any], excused: bool) -> None:
    struck = call(**{"at": TURN + timedelta(seconds=20), **facts})
    assert broken_off_by_stripe(case(struck), broke_off(TURN + timedelta(seconds=30))) is excused


def test_a_platform_of_contests_goes_on_with_what_comes_through() -> None:
    failure = broke_off(TURN + timedelta(seconds=30))
    assert not broken_off_by_stripe(case(call(TURN), profile="contests"), failure)


def test_a_transaction_may_be_as_old_as_a_slow_call_within_it() -> None:
    slow = call(TURN, status=200)
    assert may_have_begun(case(slow), TURN + timedelta(seconds=12)) == TURN
    assert may_have_begun(case(slow), TURN + timedelta(minutes=5)) == TURN + timedelta(minutes=5)
    calm = call(TURN, status=200, fault_id=None)
    assert may_have_begun(case(calm), TURN + timedelta(seconds=12)) == TURN + timedelta(seconds=12)
