"""Which orders ``simulate interleave`` tries, and what they prove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from simulation.cli.commands import carry_out
from simulation.cli.interleave import FOLDER
from simulation.errors import UsageError
from simulation.events import Interleaved, InterleavedStep
from simulation.paths import ROOT
from simulation.proof.interleave.meet import Meeting
from simulation.proof.interleave.orders import Order, chance_of, drawn_orders, every_order


def test_every_order_with_so_many_switches_is_there_once() -> None:
    assert list(every_order(3, alone=(2, 1), switches=0)) == [(), (0,)]
    found = list(every_order(4, alone=(4, 4), switches=2))
    assert len(found) == len(set(found)) == 2 * (1 + 3 + 3)
    assert all(list(order) == sorted(order) for order in found)


def test_a_switch_after_the_end_of_the_side_that_begins_changes_nothing_and_is_left_out() -> None:
    assert list(every_order(5, alone=(3, 2), switches=1)) == [(), (0,), (1,), (0, 1), (2,)]
    assert (1, 4) in every_order(5, alone=(3, 2), switches=2)
    assert (3, 4) not in every_order(5, alone=(3, 2), switches=2)


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


def test_a_backend_of_ones_own_without_pairs_of_its_own_needs_a_scenario(tmp_path: Path) -> None:
    league = ROOT / "tests" / "targets" / "points_league" / "target"
    with pytest.raises(UsageError, match="no scenario in which two of this backend's doings meet is there"):
        carry_out(["interleave", "--target", str(league), "--out", str(tmp_path)])


@dataclass(frozen=True, kw_only=True)
class Counted:
    """In place of runs: an order, as a line of a file; one step of the first side and two of the second."""

    scenario: str
    seed: int
    out: Path
    target: Path | None = None

    def made(self, meeting: Meeting) -> bool:
        return meeting.scenario == self.scenario

    def __call__(self, order: Order) -> Meeting:
        with open(self.out.parent / "runs.txt", "a", encoding="utf-8") as runs:
            runs.write(f"{order}\n")
        steps = tuple(InterleavedStep(side=side, what="x") for side in ("first", "second", "second"))
        met = Interleaved(seq=1, at=datetime(2026, 3, 1, tzinfo=UTC), fault_id="f", first="a", second="b", steps=steps)
        return Meeting(
            scenario=self.scenario, seed=self.seed, target=None, order=order, outcome="held", findings=(),
            interleaved=met, directory=None, cpu_seconds=1.0,
        )  # fmt: skip


def test_a_command_makes_its_portion_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simulation.cli.interleave.Meet", Counted)
    asked = ["interleave", str(FOLDER / "two_pay.yaml"), str(FOLDER / "two_lock.yaml"), "--jobs", "1"]

    assert carry_out([*asked, "--out", str(tmp_path), "--most", "4"]) == 2
    (folder,) = (tmp_path / "interleave").glob("2*")
    assert len((folder / "runs.txt").read_text().splitlines()) == 4
    more = capsys.readouterr().err.splitlines()[-1]
    assert more.startswith("orders are left: simulate interleave")
    assert f"--resume {folder}" in more
    assert carry_out([*asked, "--resume", str(folder)]) == 0
    tried = (folder / "runs.txt").read_text().splitlines()
    assert len(tried) == 2 * len(set(tried)) == 6, "each order of each pair once"
    rows = (folder / "interleave.txt").read_text().splitlines()[1:]
    assert [row.split() for row in rows] == [[name, "3", "3", "1", "3"] for name in ("two_pay", "two_lock")]
