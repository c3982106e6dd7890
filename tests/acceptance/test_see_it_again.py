"""A fault that ends otherwise than expected fails the run, and the command that the terminal prints shows it again."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from simulation.assembly.request import prepare
from simulation.paths import SCENARIOS_FOLDER

FAULT = "transfer-no-answer"


def _simulate(*words: str, here: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulation", *words], cwd=here, capture_output=True, encoding="utf-8", check=False
    )


def _a_closed_account_that_is_to_heal(here: Path) -> Path:
    """What no scenario may say, and stored faults can."""
    plan = json.loads(prepare(scenario="smoke_2d", seed=3, environment="embedded", out=here).plan.to_json())
    closed = next(fault for fault in plan["faults"] if fault["fault_id"] == FAULT)
    closed |= {"kind": "destination_invalid", "times": 1, "expect": {"self_heals": True}}
    file = here / "the faults.json"
    file.write_text(json.dumps(plan))
    return file


def test_a_final_failure_that_should_have_healed_fails_everywhere_and_can_be_seen_again(tmp_path: Path) -> None:
    (tmp_path / "my scenarios").mkdir()
    shutil.copy(SCENARIOS_FOLDER / "smoke_2d.yaml", tmp_path / "my scenarios" / "a b.yaml")
    faults = _a_closed_account_that_is_to_heal(tmp_path)

    first = _simulate("run", "my scenarios/a b.yaml", "--seed", "3", "--faults", faults.name, here=tmp_path)

    assert first.returncode == 1, first.stderr
    lines = first.stdout.splitlines()
    assert lines[0].startswith("✗ FAIL")
    assert any(line.startswith(f"  ✗ {FAULT} ") and "final failure, not foreseen" in line for line in lines)
    again = next(line.removeprefix("Again").strip() for line in lines if line.startswith("Again"))
    latest = tmp_path / "reports" / "smoke_2d" / "latest"
    verdict = json.loads((latest / "verdict.json").read_text())
    told = next(fault for fault in verdict["run"]["faults"] if fault["fault_id"] == FAULT)
    assert (told["expected"], told["ended"], told["as_expected"]) == ("self", "terminal", False)
    assert f"| {FAULT} |" in (latest / "summary.md").read_text()
    assert "<failure" in (latest / "junit.xml").read_text()

    program, *words = shlex.split(again)
    second = _simulate(*words, "--json", here=tmp_path)

    assert program == "simulate"
    assert second.returncode == 1
    assert json.loads(second.stdout)["digest"] == verdict["digest"]
    assert _simulate(*shlex.split(verdict["run"]["check"])[1:], "--json", here=tmp_path).returncode == 1
