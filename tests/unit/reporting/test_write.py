from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import EnvironmentFault
from simulation.history import History
from simulation.reporting.write import write_report
from simulation.verdict import Verdict
from tests.unit.reporting.sample import failed_verdict, passed_verdict

ALWAYS = {"verdict.json", "report.html", "junit.xml", "ledger.csv", "audit.csv", "runbooks.csv", "summary.md"}


def test_a_passed_run_leaves_everything_but_a_postmortem(tmp_path: Path, history: History) -> None:
    write_report(tmp_path, history, passed_verdict())
    assert {file.name for file in tmp_path.iterdir()} == ALWAYS


def test_the_stored_verdict_is_the_verdict(tmp_path: Path, history: History) -> None:
    write_report(tmp_path, history, failed_verdict())
    assert Verdict.from_json((tmp_path / "verdict.json").read_text()) == failed_verdict()


def test_a_failed_run_leaves_a_postmortem_and_judging_again_keeps_what_people_wrote(
    tmp_path: Path, history: History
) -> None:
    write_report(tmp_path, history, failed_verdict())
    postmortem = tmp_path / "postmortem.md"
    postmortem.write_text(postmortem.read_text() + "our words")
    write_report(tmp_path, history, failed_verdict())
    assert postmortem.read_text().endswith("our words")


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(tmp_path: Path, history: History) -> None:
    with pytest.raises(EnvironmentFault, match="judge the stored history again"):
        write_report(tmp_path / "missing", history, passed_verdict())
