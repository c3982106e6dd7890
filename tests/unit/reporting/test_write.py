from __future__ import annotations

import codecs
import csv
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simulation.checks.run_record import Release
from simulation.checks.verdict import Verdict
from simulation.errors import EnvironmentFault
from simulation.events import ExecutionStarted, RunbookStep, RunStarted
from simulation.history import History
from simulation.reporting.write import write_report
from tests.unit.reporting.sample import failed_verdict, passed_verdict

ALWAYS = {
    *(
        "verdict.json",
        "report.html",
        "junit.xml",
        "ctrf-report.json",
        "ledger.csv",
        "audit.csv",
        "runbooks.csv",
        "summary.md",
    ),
    "runbooks",
}


def test_a_passed_run_leaves_everything_but_a_postmortem(tmp_path: Path, history: History) -> None:
    write_report(tmp_path, history, passed_verdict())
    assert {file.name for file in tmp_path.iterdir()} == ALWAYS


def test_every_execution_leaves_its_transcript_as_a_person_would_have_seen_it(tmp_path: Path, history: History) -> None:
    write_report(tmp_path, history, passed_verdict())
    files = sorted((tmp_path / "runbooks").iterdir())
    started = history.of(ExecutionStarted)
    assert [file.name for file in files] == [
        f"exec-{n}-{event.runbook}.txt" for n, event in enumerate(started, start=1)
    ]
    text = files[0].read_text()
    for step in history.of(RunbookStep):
        if step.execution_id == started[0].execution_id:
            assert f"$ {step.command.splitlines()[0]}\n" in text
            assert step.output in text
    for said in (f"sha256     {started[0].sha256}", 'before     {"stuck": 1}', started[0].operator, "as written"):
        assert said in text
    assert f"<code>runbooks/{files[0].name}</code>" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize("table", ["ledger.csv", "audit.csv", "runbooks.csv"])
def test_a_spreadsheet_sees_that_a_table_is_utf_8(tmp_path: Path, history: History, table: str) -> None:
    write_report(tmp_path, history, passed_verdict())
    assert (tmp_path / table).read_bytes().startswith(codecs.BOM_UTF8)
    with open(tmp_path / table, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {len(rows[0])}
    if table == "audit.csv":
        assert "SCHEDULED → LOCKED" in {row[rows[0].index("transition")] for row in rows}


def test_the_stored_verdict_is_the_verdict(tmp_path: Path, history: History) -> None:
    write_report(tmp_path, history, failed_verdict())
    stored = Verdict.from_json((tmp_path / "verdict.json").read_text())
    assert replace(stored, run=None) == failed_verdict()
    assert stored.run is not None
    assert (stored.run.scenario, stored.run.seed, stored.run.folder) == ("founder_absence_14d", 7, str(tmp_path))
    assert [(fault.fault_id, fault.ended, fault.as_expected) for fault in stored.run.faults][2:4] == [
        ("F7", "runbook", True),
        ("F5", "runbook", True),
    ]
    assert (stored.run.money.in_cents, stored.run.money.owed_cents) == (84_000, 3_000)


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


def test_every_file_for_readers_and_programs_says_which_code_made_the_run_and_where_it_is(
    tmp_path: Path, history: History
) -> None:
    first, *rest = history.events
    assert isinstance(first, RunStarted)
    commit = "a1b2c3d4e5f6" + "0" * 28
    made = History([first.model_copy(update={"version": "1.2.3", "commit": commit, "tree": "changed"}), *rest])
    _, verdict = write_report(tmp_path, made, failed_verdict())
    texts = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir() if file.is_file()}

    assert verdict.run is not None
    assert verdict.run.made_by == Release(version="1.2.3", commit=commit, tree="changed")
    for name in ("report.html", "summary.md"):
        assert "1.2.3 at a1b2c3d4e5f6 (changed)" in texts[name], name
    properties = {
        element.attrib["name"]: element.attrib["value"]
        for element in ElementTree.fromstring(texts["junit.xml"]).iter("property")
    }
    extra = json.loads(texts["ctrf-report.json"])["results"]["extra"]
    for told in (properties, {name: str(value) for name, value in extra.items()}):
        assert (told["version"], told["commit"], told["tree"]) == ("1.2.3", commit, "changed")
        assert (told["scenario"], told["seed"], told["environment"]) == ("founder_absence_14d", "7", "embedded")
        assert (told["folder"], told["digest"]) == (str(tmp_path), verdict.digest)
        assert told["faults"] == "8 of 8 ended as expected"
        assert told["money"].startswith("opening $500.00 + in $840.00")
    for name in ("report.html", "summary.md", "junit.xml", "verdict.json"):
        assert str(tmp_path) in texts[name], name
