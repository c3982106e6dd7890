"""Which pairs of runs ``simulate determinism`` makes, and the first line in which two histories part."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.cli.determinism import determinism as command
from simulation.cli.options import TARGETS_FOLDER
from simulation.errors import UsageError
from simulation.paths import DEFAULT_SCENARIO, SCENARIOS_FOLDER
from simulation.proof import determinism
from simulation.proof.determinism import Difference, first_difference
from simulation.run import own_files, without_folder
from simulation.run_directory import RunDirectory


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every pair that is compared; seed 3 parts, all others are equal."""
    pairs: list[tuple[str, int]] = []

    def compare(scenario: str, seed: int, *, target: Path | None) -> Difference | None:
        pairs.append((scenario, seed))
        return Difference(line=7, at="2026-03-01T00:00:00Z", first="one", second="") if seed == 3 else None

    monkeypatch.setattr(determinism, "_compare", compare)
    return pairs


def test_without_a_name_every_scenario_runs_and_the_default_one_with_twenty_seeds(
    asked: list[tuple[str, int]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command.main([], standalone_mode=False)
    seeds = Counter(Path(scenario).stem for scenario, _ in asked)
    files = [file.stem for file in SCENARIOS_FOLDER.rglob("*.yaml")]
    others = sorted({*files} - {*seeds})
    assert seeds.pop(DEFAULT_SCENARIO) == 20
    assert sorted(seeds.elements()) == sorted(name for name in files if name not in (DEFAULT_SCENARIO, *others))
    assert others == ["shop_14d", "shop_6d"]
    assert f"need a backend of their own: {', '.join(others)}" in " ".join(capsys.readouterr().out.split())
    for scenario in {scenario for scenario, _ in asked}:
        prepare(scenario=scenario, seed=1, out=tmp_path)  # none of them is refused


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


def test_of_a_backend_the_scenarios_are_named(asked: list[tuple[str, int]], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name those that this backend is to live through"):
        command.main(["--target", str(tmp_path)], standalone_mode=False)
    assert not asked


def test_a_run_of_a_backend_is_lived_again_with_that_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def start(asked: Sequence[str], *, out: Path, hash_seed: str) -> subprocess.Popen[str]:
        started.extend(asked)
        (out / "smoke_2d" / "latest").mkdir(parents=True)
        (out / "smoke_2d" / "latest" / "history.jsonl").write_text('{"at": "B"}\n', encoding="utf-8")
        return subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    monkeypatch.setattr(determinism, "_start", start)
    request = prepare(scenario="smoke_2d", seed=3, out=tmp_path, target=TARGETS_FOLDER / "staging")
    directory = RunDirectory.create(out=tmp_path, scenario="smoke_2d", seed=3)
    directory.history.write_text('{"at": "A"}\n', encoding="utf-8")

    difference = determinism.check_twice(directory, asked=own_files(directory, request))

    assert difference == Difference(line=1, at="A", first='{"at": "A"}', second='{"at": "B"}')
    assert started[:4] == ["run", str(directory.scenario), "--seed", "3"]
    assert started[-2] == "--target"
    assert Path(started[-1]).resolve() == (TARGETS_FOLDER / "staging").resolve()


def test_the_first_line_that_differs_is_named_with_its_instant(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text('{"at": "A"}\n{"at": "B"}\n', encoding="utf-8")
    other.write_text('{"at": "A"}\n{"at": "C"}\n', encoding="utf-8")
    assert first_difference(one, one) is None
    assert first_difference(one, other) == Difference(line=2, at="B", first='{"at": "B"}', second='{"at": "C"}')


def test_of_a_long_event_what_stands_around_the_difference_is_told() -> None:
    alike = '{"lines":["' + "a line of the log, " * 5000
    told = str(Difference(line=3, at="A", first=f"{alike}one", second=f"{alike}other{'!' * 5000}"))
    first, second = (line.split(None, 1)[1] for line in told.splitlines()[1:])
    assert first.startswith("… ")
    assert first.endswith("a line of the log, one")
    assert second.endswith("! …")
    assert "a line of the log, other!" in second
    assert len(told) < 2500


def test_a_line_of_the_log_has_the_same_name_for_the_folder_of_each_run(tmp_path: Path) -> None:
    said = without_folder((f"cannot read {tmp_path}/tls/ca.pem", "nothing else"), tmp_path)
    assert said == ("cannot read (the run's folder)/tls/ca.pem", "nothing else")
