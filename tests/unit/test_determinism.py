"""Which pairs of runs ``simulate determinism`` makes, and the first line in which two histories part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from simulation.cli.determinism import determinism as command
from simulation.paths import DEFAULT_SCENARIO, SCENARIOS_FOLDER
from simulation.proof import determinism
from simulation.proof.determinism import Difference, first_difference


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every pair that is compared; seed 3 parts, all others are equal."""
    pairs: list[tuple[str, int]] = []

    def compare(scenario: str, seed: int) -> Difference | None:
        pairs.append((scenario, seed))
        return Difference(line=7, at="2026-03-01T00:00:00Z", first="one", second="") if seed == 3 else None

    monkeypatch.setattr(determinism, "_compare", compare)
    return pairs


def test_without_a_name_every_scenario_runs_and_the_default_one_with_twenty_seeds(
    asked: list[tuple[str, int]],
) -> None:
    command.main([], standalone_mode=False)
    seeds = Counter(Path(scenario).stem for scenario, _ in asked)
    files = [file.stem for file in SCENARIOS_FOLDER.rglob("*.yaml")]
    assert seeds.pop(DEFAULT_SCENARIO) == 20
    assert sorted(seeds.elements()) == sorted(name for name in files if name != DEFAULT_SCENARIO)


def test_a_named_scenario_runs_with_the_seeds_asked_for(asked: list[tuple[str, int]]) -> None:
    assert command.main(["smoke_2d", "quiet_14d", "--seeds", "2"], standalone_mode=False) == 0
    assert asked == [("smoke_2d", 1), ("smoke_2d", 2), ("quiet_14d", 1), ("quiet_14d", 2)]


def test_each_pair_is_told_and_a_parting_one_fails(
    asked: list[tuple[str, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["smoke_2d", "--seeds", "3"], standalone_mode=False) == 1
    said = capsys.readouterr().out
    assert "[1/3] smoke_2d seed 1: equal" in said
    assert "[3/3] smoke_2d seed 3: the histories part at event 7, simulated 2026-03-01T00:00:00Z" in said
    assert "2 of 3 gave the same history twice" in said
    assert len(asked) == 3


def test_the_first_line_that_differs_is_named_with_its_instant(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text('{"at": "A"}\n{"at": "B"}\n', encoding="utf-8")
    other.write_text('{"at": "A"}\n{"at": "C"}\n', encoding="utf-8")
    assert first_difference(one, one) is None
    assert first_difference(one, other) == Difference(line=2, at="B", first='{"at": "B"}', second='{"at": "C"}')
