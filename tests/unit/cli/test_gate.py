"""The gate: which seeds, the worst verdict, nothing taken for a pass that is none."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulation.cli.gate import gate, parse_seeds
from simulation.errors import EnvironmentFault, UsageError
from simulation.reporting.gate import GateReport, SeedOutcome, render_gate_junit, render_gate_summary


def _report(*outcomes: str) -> GateReport:
    seeds = tuple(
        SeedOutcome(seed=number, outcome=outcome, wall_seconds=1, reason="it broke" if outcome == "unknown" else "")
        for number, outcome in enumerate(outcomes, start=1)
    )
    return GateReport(scenario="smoke", environment="containers: asked for", seeds=seeds)


@pytest.mark.parametrize(("text", "seeds"), [("1-3", (1, 2, 3)), ("7", (7,)), ("1-2,9", (1, 2, 9))])
def test_seeds_are_numbers_and_ranges(text: str, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "1,1", "1-2000", "1-"])
def test_other_seeds_are_refused_with_the_value(text: str) -> None:
    with pytest.raises(UsageError, match=f"--seeds {text}"):
        parse_seeds(text)


@pytest.mark.parametrize(
    ("outcomes", "exit_code"),
    [(("pass", "pass"), 0), (("pass", "unknown"), 2), (("unknown", "fail", "pass"), 1)],
)
def test_the_worst_verdict_is_the_gates(outcomes: tuple[str, ...], exit_code: int) -> None:
    assert _report(*outcomes).exit_code == exit_code


def test_a_seed_without_a_verdict_is_an_error_in_the_junit_file() -> None:
    root = ElementTree.fromstring(render_gate_junit(_report("unknown")).partition("\n")[2])
    assert (root.attrib["tests"], root.attrib["errors"]) == ("1", "1")
    assert "it broke" in render_gate_summary(_report("unknown"))


def test_without_containers_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    with pytest.raises(EnvironmentFault, match="the gate runs in containers"):
        gate.main(["smoke_2d", "--seeds", "1", "--out", str(tmp_path)], standalone_mode=False)
    assert not list(tmp_path.iterdir())
