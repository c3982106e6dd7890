"""Transfers that were made are counted by contest, each once, by whatever names the platform labels them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.faults.subjects import Registry
from simulation.world.entrants.payers import Payers
from simulation.world.entrants.winners import Paid, Winners
from simulation.world.stripe.labels import DOCUMENTED, MetadataNames
from simulation.world.stripe.objects.event import StripeEvent

AT = datetime(2026, 3, 1, tzinfo=UTC)
OWN = MetadataNames(contest="game", user="player")


def event(kind: str, number: int, metadata: dict[str, str]) -> StripeEvent:
    snapshot: dict[str, Any] = {
        "id": f"x_{number}",
        "destination": "acct_1",
        "amount": 700,
        "currency": "usd",
        "metadata": metadata,
    }
    return StripeEvent(id=f"evt_{number}", created=AT, event_type=kind, snapshot=snapshot)


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(SimulationClock(start=AT))


@pytest.mark.parametrize(
    ("names", "metadata"),
    [(DOCUMENTED, {"contest_id": "C1", "user_id": "u1"}), (OWN, {"game": "C1", "player": "u1"})],
    ids=["documented", "own"],
)
def test_who_paid_and_who_was_paid_is_known_by_the_platforms_own_names(
    kernel: Kernel, names: MetadataNames, metadata: dict[str, str]
) -> None:
    registry = Registry(contest_ids={"cup": "C1"})
    winners = Winners(kernel=kernel, registry=registry, names=names)
    payers = Payers(kernel=kernel, registry=registry, names=names)
    second = winners.until("cup", 2)
    for number in (1, 1, 2):
        winners.saw(event("transfer.created", number, metadata))
        payers.saw(event("payment_intent.succeeded", number, metadata))
    assert winners.until("cup", 1).value == Paid(
        transfer="x_1", account="acct_1", user_id="u1", amount_cents=700, currency="usd"
    )
    assert second.value.transfer == "x_2"
    assert payers.user_ids("cup") == ["u1"]


def test_who_pays_another_amount_than_owed_is_no_payer(kernel: Kernel) -> None:
    payers = Payers(kernel=kernel, registry=Registry(contest_ids={"cup": "C1"}), names=DOCUMENTED)
    payers.leave_out("x_1")
    for number in (1, 2):
        metadata = {"contest_id": "C1", "user_id": f"u{number}"}
        payers.saw(event("payment_intent.succeeded", number, metadata))
    assert payers.user_ids("cup") == ["u2"]
