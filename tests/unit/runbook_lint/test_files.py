"""Single files are linted as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.cli.runbook_lint import runbook_lint
from simulation.errors import UsageError
from simulation.paths import ALERTS_FOLDER, ROOT, RUNBOOKS_FOLDER, SCENARIOS_FOLDER

RULES = ALERTS_FOLDER / "money.yml"


def lint(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = runbook_lint.main([str(file)], standalone_mode=False)
    return code, capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (RULES, "rule file"),
        (SCENARIOS_FOLDER / "smoke_2d.yaml", "scenario"),
        (RUNBOOKS_FOLDER / "README.md", "runbook"),
        (RUNBOOKS_FOLDER / "chargeback.md", "runbook"),
    ],
)
def test_files_of_every_kind_that_come_along_are_in_order(
    file: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint(file, capsys) == (0, f"1 {kind}, 0 findings\n")


@pytest.mark.parametrize(
    ("file", "name", "kind"),
    [(RULES, "own.yaml", "rule file"), (SCENARIOS_FOLDER / "smoke_2d.yaml", "own.yml", "scenario")],
)
def test_a_file_is_what_stands_in_it_whatever_its_ending(
    file: Path, name: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(file.read_text(encoding="utf-8"))
    assert lint(tmp_path / name, capsys) == (0, f"1 {kind}, 0 findings\n")


@pytest.mark.parametrize(
    ("file", "kind", "command"),
    [
        ("fixtures/dashboards/operational.json", "is a dashboard", "dashboards_truthful"),
        ("fixtures/releases/rehearsal.yaml", "is a release", "simulate promotion check"),
        ("fixtures/targets/staging/target.toml", "is a target", "simulate target check"),
        ("fixtures/targets/staging/contract/contests.yaml", "is a contract", "simulate contract RUN_DIR"),
    ],
)
def test_a_file_of_another_kind_is_answered_with_what_is_done_with_it(file: str, kind: str, command: str) -> None:
    with pytest.raises(UsageError) as refused:
        runbook_lint.main([str(ROOT / file)], standalone_mode=False)
    assert refused.value.problem == kind
    assert command in refused.value.remedy


def test_a_rule_file_elsewhere_is_held_against_the_runbooks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yml").write_text(RULES.read_text())
    assert lint(tmp_path / "own.yml", capsys)[0] == 0
    (tmp_path / "own.yml").write_text(RULES.read_text().replace("/chargeback.md", "/absent.md"))
    code, said = lint(tmp_path / "own.yml", capsys)
    assert code == 1
    assert "RB040 the alert ChargebackReceived links the runbook absent, which does not exist" in said
    assert said.endswith("1 rule file, 1 finding\n")


def test_a_rule_file_that_cannot_be_read_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yml").write_text("groups: 7\n")
    assert "own.yml:1: RB040 no 'groups:' list" in lint(tmp_path / "own.yml", capsys)[1]


def test_a_scenario_that_cannot_be_run_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.yaml").write_text("name: own\ndays: many\n")
    code, said = lint(tmp_path / "own.yaml", capsys)
    assert code == 1
    assert "own.yaml:2: RB054 days" in said


def test_another_file_is_refused_with_the_endings_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(UsageError, match=r"notes\.txt: no kind of file that is linted") as refused:
        runbook_lint.main([str(tmp_path / "notes.txt")], standalone_mode=False)
    assert refused.value.exit_code == 254
    assert "a scenario" in refused.value.remedy
