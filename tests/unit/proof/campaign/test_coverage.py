"""A campaign knows what its lives reached, and names what none of them did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from simulation.contract.document import NO_CONTRACT
from simulation.events import (
    Event,
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    FaultInjected,
    StripeCall,
    WebhookAttempt,
)
from simulation.history import History
from simulation.proof.campaign.coverage import AREAS, Reach, Reachable, pairs_of
from simulation.proof.campaign.states import STATES, states_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_KEY = "payout:1"


def _history(*events: Event) -> History:
    return History(
        event.model_copy(update={"seq": number, "at": NOON + timedelta(minutes=number)})
        for number, event in enumerate(events, start=1)
    )


def _transfer(**changes) -> StripeCall:
    values = {"request_id": "req_1", "origin": "platform", "method": "POST", "path": "/v1/transfers", "status": 200}
    return StripeCall(**{**values, "idempotency_key": _KEY, "executed": True, **changes})


def _strike(kind: str, fault_id: str, **keys: str) -> FaultInjected:
    return FaultInjected(fault_id=fault_id, fault_kind=kind, keys=keys, detail="")


def _attempt(event_id: str, status: int | None, object_id: str = "pi_1") -> WebhookAttempt:
    return WebhookAttempt(
        event_id=event_id,
        event_type="payment_intent.succeeded",
        object_id=object_id,
        attempt=1,
        status=status,
        next_attempt_at=None,
    )


def _started(execution_id: str, runbook: str) -> ExecutionStarted:
    return ExecutionStarted(
        execution_id=execution_id, runbook=runbook, version="1", sha256="", alert_id=None, operator="o", writes=False
    )


def _ended(execution_id: str, runbook: str, status: str = "completed") -> ExecutionEnded:
    return ExecutionEnded(execution_id=execution_id, runbook=runbook, status=status, sim_duration_seconds=1)


@pytest.mark.parametrize(
    ("state", "reaches", "does_not"),
    [
        ("transfer tried three times", [_transfer(status=None)] * 3, [_transfer(status=None)] * 2),
        ("transfer answered from its key", [_transfer(replayed=True)], [_transfer()]),
        (
            "balance too small for a prize",
            [_transfer(status=400, error_code="balance_insufficient")],
            [_transfer(status=400, error_code="account_invalid")],
        ),
        ("webhook taken twice", [_attempt("evt_1", 200)] * 2, [_attempt("evt_1", 503), _attempt("evt_1", 200)]),
        (
            "two events of one payment",
            [_attempt("evt_1", 200), _attempt("evt_2", 200)],
            [_attempt("evt_1", 200), _attempt("evt_2", 200, "pi_2")],
        ),
        ("delivery refused", [_attempt("evt_1", 503)], [_attempt("evt_1", None)]),
        (
            "two faults of one transfer",
            [_strike("a", "1", payout_transfer_id="t"), _strike("b", "2", payout_transfer_id="t")],
            [_strike("a", "1", payout_transfer_id="t"), _strike("b", "2", payout_transfer_id="u")],
        ),
        (
            "two runbooks at once",
            [_started("1", "chargeback"), _started("2", "ingestion_lag"), _ended("1", "chargeback")],
            [_started("1", "chargeback"), _ended("1", "chargeback"), _started("2", "ingestion_lag")],
        ),
        (
            "fault within a runbook",
            [_started("1", "chargeback"), _strike("a", "1"), _ended("1", "chargeback")],
            [_started("1", "chargeback"), _ended("1", "chargeback"), _strike("a", "1")],
        ),
        ("runbook failed", [_ended("1", "chargeback", "failed")], [_ended("1", "chargeback")]),
        ("runbook chargeback", [_ended("1", "chargeback")], [_ended("1", "chargeback", "failed")]),
        (
            "operator gone in chargeback",
            [_started("1", "chargeback"), ExecutionTakenOver(execution_id="1", operator="next")],
            [_started("1", "chargeback")],
        ),
    ],
)
def test_a_state_is_reached_or_not(state: str, reaches: list[Event], does_not: list[Event]) -> None:
    assert state in STATES
    assert state in states_of(_history(*reaches))
    assert state not in states_of(_history(*does_not))


def test_lives_add_up_in_any_order() -> None:
    one = Reach.of(_history(_strike("webhook_lost", "1"), _strike("chargeback", "2")))
    other = Reach.of(_history(_strike("transfer_error", "1"), _transfer(replayed=True)))

    both = one | other
    assert both == other | one
    assert both.kinds == {"webhook_lost", "chargeback", "transfer_error"}
    assert both.pairs == {"chargeback + webhook_lost"}
    assert both.states == {"transfer answered from its key"}
    assert Reach.from_row(one.as_row()) == one, "pairs are those of one life"


def test_what_was_never_reached_is_named() -> None:
    reach = Reach.of(_history(_strike("webhook_lost", "1")))
    within = Reachable(kinds=("chargeback", "webhook_lost"), contract=NO_CONTRACT)

    never = reach.never(within)
    assert set(never) == set(AREAS)
    assert never["kinds"] == ("chargeback",)
    assert never["pairs"] == ("chargeback + webhook_lost",)
    assert "refund while its payout is pending" in never["states"]
    assert reach.share(within)["kinds"] == (1, 2)
    assert reach.share(within)["states"] == (0, len(STATES))


def test_a_pair_is_of_two_kinds_whichever_struck_first() -> None:
    assert pairs_of(["b", "a", "b"]) == {"a + b"}
