"""What the witnesses know at the instant at which a dashboard is sampled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from simulation.events import Row
from simulation.events.governance import NO_GOVERNANCE
from simulation.witness.dashboard_truth import Claim, DashboardWitnesses, contest_status
from simulation.witness.exchange import ExchangeWitness
from simulation.witness.observer import Observer
from simulation.witness.wal import WalWitness

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
