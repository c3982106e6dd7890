"""Two deliveries of a payment at once, statement by statement: the platform credits once, a naive one is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.events import Interleaved
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.interleave.meet import Meet

SCENARIO = str(SCENARIOS_FOLDER / "interleave" / "duplicate_deliveries.yaml")


@pytest.fixture
def meet(tmp_path: Path) -> Meet:
    return Meet(scenario=SCENARIO, seed=1, out=tmp_path)


def test_the_platform_credits_once_and_the_same_order_is_the_same_sequence(meet: Meet) -> None:
    one, again = meet((2,)), meet((2,))

    assert one.outcome == again.outcome == "held", one.findings
    assert one.sequence == again.sequence
    assert ("second", "waits for the other side's lock") in {(side, note) for side, _, note in one.sequence}
    assert isinstance(one.interleaved, Interleaved)
