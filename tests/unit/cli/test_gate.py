"""The gate: which seeds, the worst verdict, nothing taken for a pass that is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulation.checks.run_record import Release
from simulation.cli.gate import REQUIRED_CHECKS, gate, parse_seeds
from simulation.environment.choice import Choice
from simulation.errors import EnvironmentFault, UsageError
from simulation.proof.campaign.coverage import Reach
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Result, Timed
from simulation.proof.campaign.store import appending
from simulation.reporting.ctrf import render_ctrf
from simulation.reporting.gate import (
    GateReport,
    SeedOutcome,
    render_gate_ctrf,
    render_gate_junit,
    render_gate_summary,
)
from simulation.reporting.junit import render_junit
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.ctrf_schema import Document
from tests.unit.reporting.junit_schema import violations
from tests.unit.reporting.sample import failed_verdict, passed_verdict, sample_history


@pytest.fixture(scope="module")
def passed() -> Report:
    return build_report(sample_history(), passed_verdict())


@pytest.fixture(scope="module")
def failed() -> Report:
    return build_report(sample_history(), failed_verdict())


def _report(*outcomes: str) -> GateReport:
    seeds = tuple(
        SeedOutcome(seed=number, outcome=outcome, wall_seconds=1, reason="it broke" if outcome == "unknown" else "")
        for number, outcome in enumerate(outcomes, start=1)
    )
    return GateReport(made_by=Release(), scenario="smoke", environment="containers: asked for", seeds=seeds)


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


def test_what_the_gate_leaves_is_valid_for_its_readers(tmp_path: Path, passed: Report, failed: Report) -> None:
    seeds = []
    for number, report in enumerate((passed, failed), start=1):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "junit.xml").write_text(render_junit(report), encoding="utf-8")
        (folder / "ctrf-report.json").write_text(render_ctrf(report), encoding="utf-8")
        seeds.append(SeedOutcome(seed=number, outcome=report.outcome, wall_seconds=1, folder=folder))
    seeds.append(SeedOutcome(seed=3, outcome="unknown", wall_seconds=1, reason="no engine\x1b[1m"))
    gate = GateReport(scenario="smoke", environment="containers", made_by=Release(), seeds=tuple(seeds))

    assert violations(render_gate_junit(gate)) == []
    document = Document.model_validate_json(render_gate_ctrf(gate))
    assert len(document.results.tests) == 2 * len(passed.criteria) + 1
    assert (document.results.summary.failed, document.results.summary.other) == (6, 1)


def test_the_gates_summary_of_many_seeds_is_one_that_github_shows() -> None:
    long = tuple(
        SeedOutcome(seed=number, outcome="unknown", wall_seconds=1, reason="no engine " * 500) for number in range(1000)
    )
    text = render_gate_summary(GateReport(scenario="smoke", environment="containers", made_by=Release(), seeds=long))
    assert 800_000 < len(text.encode()) < 1024 * 1024
    assert "The rest is left out here" in text
    assert text.startswith("## ? Gate: UNKNOWN")


def test_without_containers_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    with pytest.raises(EnvironmentFault, match="the gate runs in containers"):
        gate.main(["smoke_2d", "--seeds", "1", "--out", str(tmp_path)], standalone_mode=False)
    assert not list(tmp_path.iterdir())


def test_the_gate_is_a_campaign_that_keeps_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One seed passes, one has no verdict since its engine broke: that one is unknown, and the gate with it."""
    asked: list[Plan] = []

    def carried_out(folder: Path, plan: Plan, *, told: Callable[[Timed], None], **_: object) -> None:
        asked.append(plan)
        kept = tmp_path / "smoke_2d" / "kept"
        kept.mkdir(parents=True)
        report = build_report(sample_history(), passed_verdict())
        (kept / "junit.xml").write_text(render_junit(report), encoding="utf-8")
        (kept / "ctrf-report.json").write_text(render_ctrf(report), encoding="utf-8")
        first, second = plan.cases()
        results = (
            Result(case=first, outcome="pass", digest="1" * 64, folder=os.path.relpath(kept, folder)),
            Result(case=second, outcome="broke_off", said="no engine answers"),
        )
        with appending(folder) as keep:
            for result in results:
                timed = Timed(result=result, reach=Reach(), wall_seconds=1.0)
                keep(timed)
                told(timed)

    monkeypatch.setattr("simulation.cli.gate.carry_out", carried_out)
    monkeypatch.setattr("simulation.cli.gate.choose", lambda _: Choice(name="containers", reason="they are here"))

    code = gate.main(["smoke_2d", "--seeds", "4,7", "--out", str(tmp_path)], standalone_mode=False)

    (plan,) = asked
    assert (plan.seeds, plan.environment, plan.required) == ((4, 7), "containers", REQUIRED_CHECKS)
    assert plan.kept_below == tmp_path
    assert code == 2
    said = capsys.readouterr().out
    assert "seed 4: pass" in said
    assert "seed 7: unknown, 1.0 s, no engine answers" in said
    left = {file.name for file in (tmp_path / "gate" / "latest").iterdir()}
    assert left >= {"junit.xml", "ctrf-report.json", "summary.md", "campaign.html", "results.jsonl"}
