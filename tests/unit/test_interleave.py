"""Which orders ``simulate interleave`` tries, and what they prove."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from simulation.cli.commands import carry_out
from simulation.errors import UsageError
from simulation.paths import ROOT
from simulation.proof.interleave.orders import chance_of, drawn_orders, every_order


def test_every_order_with_so_many_switches_is_there_once() -> None:
    assert list(every_order(3, switches=0)) == [(), (0,)]
    found = list(every_order(4, switches=2))
    assert len(found) == len(set(found)) == 2 * (1 + 3 + 3)
    assert all(list(order) == sorted(order) for order in found)


def test_drawn_orders_are_the_seeds_and_within_the_steps() -> None:
    first, again = (list(drawn_orders(12, depth=3, number=50, source=Random(5))) for _ in range(2))
    assert first == again
    assert {step for order in first for step in order} <= set(range(12))
    assert {0 in order for order in first} == {True, False}


@pytest.mark.parametrize(("depth", "needed"), [(2, (5,)), (3, (0, 3, 7))])
def test_an_order_that_is_needed_is_drawn_as_often_as_is_promised(depth: int, needed: tuple[int, ...]) -> None:
    steps, tries = 8, 20_000
    drawn = list(drawn_orders(steps, depth=depth, number=tries, source=Random(1)))
    assert drawn.count(needed) / tries >= chance_of(steps, depth=depth, number=1) * 0.9


def test_a_backend_of_ones_own_meets_in_a_scenario_of_its_own(tmp_path: Path) -> None:
    staging = ROOT / "fixtures" / "targets" / "staging"
    with pytest.raises(UsageError, match="pairs of scenarios/interleave are those of the platform that comes along"):
        carry_out(["interleave", "--target", str(staging), "--out", str(tmp_path)])
