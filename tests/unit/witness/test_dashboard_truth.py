"""What the witnesses know at the instant at which a dashboard is sampled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from simulation.events import Change, Row
from simulation.events.governance import NO_GOVERNANCE
from simulation.witness.dashboard_truth import (
    Claim,
    DashboardWitnesses,
    audit_trail,
    contest_status,
    error_trends,
    keep_attempts,
)
from simulation.witness.exchange import ExchangeWitness
from simulation.witness.observer import Observer
from simulation.witness.wal import RawTransaction, WalWitness

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIVE: Row = {
    "contest_id": "C1", "tournament": "open", "status": "LIVE", "settled_at": None, "paid_out_at": None,
}  # fmt: skip


class FakeObserver:
    """One live contest, and the boards that the platform refused."""

    def __init__(self, *refused: str) -> None:
        self._refused = refused

    def rows(self, relation: str) -> list[Row]:
        return {"contests": [LIVE]}[relation]

    def rows_without(self, relation: str, column: str, value: str) -> list[Row]:
        assert (relation, column, value) == ("ingestion_events", "validation_status", "VALID")
        return [{"payload_sha256": board} for board in self._refused]


def lag(served: dict[str, timedelta], *refused: str) -> Claim:
    """The claim on the lag of scores; ``served``: board → how long ago it was last served."""
    witnesses = DashboardWitnesses(
        observer=cast(Observer, FakeObserver(*refused)),
        wal=cast(WalWitness, None),
        exchange=cast(ExchangeWitness, None),
        governance=NO_GOVERNANCE,
        firing=list,
        served={"open": {board: NOW - ago for board, ago in served.items()}},
        runbooks={},
        scraped=lambda _: None,
    )
    page: dict[str, Any] = {"contests": [{"provider_event_id": "open", "ingestion_lag_seconds": 3900}]}
    return next(claim for claim in contest_status(page, witnesses, NOW) if claim.subject.startswith("ingestion lag"))


@pytest.mark.parametrize(
    ("refused", "seconds"), [((), 300), (("new",), 3900)], ids=["both taken", "the newer one refused"]
)
def test_scores_are_as_old_as_the_last_board_that_was_taken(refused: tuple[str, ...], seconds: int) -> None:
    claim = lag({"old": timedelta(seconds=3900), "new": timedelta(seconds=300)}, *refused)

    assert claim.observed == {"open": seconds}
    assert claim.told() == {"open": 3900}


def test_of_a_tournament_none_of_whose_boards_was_taken_nothing_is_claimed() -> None:
    assert lag({"new": timedelta(seconds=300)}, "new").observed == {}


TRAIL = NO_GOVERNANCE.model_copy(
    update={
        "audit_table": "trail",
        "audit_columns": {"action": "did", "reason": "why", "created_at": "at"},
    }
)
HAPPENED = [
    ("payout_transfer_retryable", "STRIPE_TIMEOUT", 1),
    ("payout_transfer_completed", "Stripe confirmed it", 1),
    ("payout_transfer_retryable", "STRIPE_TIMEOUT", 2),
    ("payout_transfer_failed_terminal", "ACCOUNT_CLOSED", 6),
    ("payout_transfer_claimed", "due for an attempt", 1),
    ("payout_transfer_claimed", "attempt 1 was abandoned by its process", 1),
    ("refund_retryable", "STRIPE_TIMEOUT", 3),
    ("payout_transfer_retryable", "STRIPE_RATE_LIMITED", 8),
]


class Trail(WalWitness):
    """A write-ahead log that was read already."""

    def __init__(self, *rows: Row) -> None:
        self._latest, self._wanted, self._kept = {}, {}, {}
        keep_attempts(self, TRAIL)
        changes = [Change(table="trail", op="insert", new=row) for row in rows]
        positions = list(range(len(changes)))
        self._remember(RawTransaction(server_xid="1", committed_at=NOW, changes=changes, positions=positions))

    def collect(self) -> None: ...


class Quiet:
    def rows(self, relation: str) -> list[Row]:
        return []


def test_the_top_errors_are_what_happened_in_seven_days_whatever_became_of_it() -> None:
    rows: list[Row] = [
        {"did": action, "why": why, "at": (NOW - timedelta(days=days)).isoformat()} for action, why, days in HAPPENED
    ]
    witnesses = DashboardWitnesses(
        observer=cast(Observer, Quiet()),
        wal=Trail(*rows),
        exchange=ExchangeWitness(None, recorder=cast(Any, None), context=cast(Any, None)),
        governance=TRAIL,
        firing=list,
        served={},
        runbooks={},
        scraped=lambda _: 100.0,
    )
    page: dict[str, Any] = {"counting_since": NOW.isoformat(), "hours": []}

    claim = next(claim for claim in error_trends(page, witnesses, NOW) if claim.subject == "top errors")

    assert claim.observed == {
        "payout STRIPE_TIMEOUT": 2,
        "payout ACCOUNT_CLOSED": 1,
        "payout ATTEMPT_ABANDONED": 1,
        "refund STRIPE_TIMEOUT": 1,
    }


class AtOnce:
    """Two operations: the one that was written first was committed last."""

    def collect(self) -> None: ...

    def latest(self, _: str) -> list[Row]:
        return [{"id": 1, **DONE}, {"id": 2, **DONE}]

    def latest_written(self, table: str) -> list[Row]:
        return self.latest(table)[::-1]


DONE: Row = {"who": "A", "did": "B", "why": "C"}


def test_operations_at_once_may_stand_in_the_order_of_their_writing_or_of_their_commits() -> None:
    witnesses = DashboardWitnesses(
        observer=cast(Observer, Quiet()),
        wal=cast(WalWitness, AtOnce()),
        exchange=cast(ExchangeWitness, None),
        governance=TRAIL.model_copy(update={"audit_columns": {"actor": "who", "action": "did", "reason": "why"}}),
        firing=list,
        served={},
        runbooks={},
        scraped=lambda _: None,
    )

    claim = next(claim for claim in audit_trail({}, witnesses, NOW) if claim.subject == "operations")

    by_commit, by_writing = [[1, "A", "B", "C"], [2, "A", "B", "C"]], [[2, "A", "B", "C"], [1, "A", "B", "C"]]
    assert claim.held_against(by_commit) == by_commit
    assert claim.held_against(by_writing) == by_writing
    assert claim.held_against(by_writing[:1]) == by_commit
