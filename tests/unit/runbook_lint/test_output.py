"""Findings as text, JSON and SARIF 2.1.0."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest
from sarif_pydantic import Sarif

from simulation.cli.runbook_lint import runbook_lint
from simulation.paths import ROOT
from simulation.runbook_lint.rule import REGISTRY, LintFinding
from simulation.runbook_lint.sarif import to_json, to_sarif
from tests.unit.runbook_lint.project import GOOD

FOUND = LintFinding(
    file=ROOT / "fixtures/runbooks/a.md", line=7, rule="RB020", message="'TODO' is left", remedy="write it"
)


def test_sarif_is_what_the_standard_says() -> None:
    text = to_sarif([FOUND], root=ROOT)
    log = Sarif.model_validate_json(text)
    assert log.version == "2.1.0"
    (run,) = log.runs
    assert [rule.id for rule in run.tool.driver.rules or ()] == sorted(REGISTRY)
    (result,) = run.results or ()
    place = (result.locations or [])[0].physical_location
    assert place is not None
    assert place.artifact_location is not None
    assert place.region is not None
    assert (place.artifact_location.uri, place.region.start_line) == ("fixtures/runbooks/a.md", 7)
    plain = json.loads(text)["runs"][0]
    assert plain["tool"]["driver"]["rules"][plain["results"][0]["ruleIndex"]]["id"] == "RB020"


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        (ROOT / "fixtures/runbooks/with space/ré#1.md", "fixtures/runbooks/with%20space/r%C3%A9%231.md"),
        (ROOT / "a:b%?.md", "a%3Ab%25%3F.md"),
        (ROOT / "not-utf-8-\udce9.md", "not-utf-8-%E9.md"),
        (Path("/elsewhere/a b.md"), "file:///elsewhere/a%20b.md"),
    ],
)
def test_a_place_is_a_uri(file: Path, uri: str) -> None:
    log = Sarif.model_validate_json(to_sarif([replace(FOUND, file=file)], root=ROOT))
    place = ((log.runs[0].results or [])[0].locations or [])[0].physical_location
    assert place is not None
    assert place.artifact_location is not None
    assert place.artifact_location.uri == uri
    assert unquote(uri, errors="surrogateescape").endswith(file.name)


def test_what_is_below_the_folder_of_the_command_is_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in (Path("own/a.md"), tmp_path / "own" / "a.md"):
        assert '"uri": "own/a.md"' in to_sarif([replace(FOUND, file=file)], root=ROOT)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert f'"uri": "{(tmp_path / "own" / "a.md").as_uri()}"' in to_sarif(
        [replace(FOUND, file=Path("../own/a.md"))], root=ROOT
    )


def test_every_rule_has_what_github_shows_of_it() -> None:
    for rule in json.loads(to_sarif([FOUND], root=ROOT))["runs"][0]["tool"]["driver"]["rules"]:
        for text in ("shortDescription", "fullDescription", "help"):
            assert 0 < len(rule[text]["text"]) <= 1024


def test_without_findings_sarif_has_results_all_the_same() -> None:
    assert json.loads(to_sarif([], root=ROOT))["runs"][0]["results"] == []


def test_json_is_a_list_of_findings() -> None:
    (row,) = json.loads(to_json([FOUND], root=ROOT))["findings"]
    assert (row["file"], row["line"], row["rule"], row["remedy"]) == ("fixtures/runbooks/a.md", 7, "RB020", "write it")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "mini.md"
    file.write_text(GOOD["runbooks/mini.md"].replace("The counter is", "TODO"))
    return file


def test_single_files_are_linted_by_themselves(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runbook_lint.main([str(broken)], standalone_mode=False) == 1
    *findings, total = capsys.readouterr().out.splitlines()
    assert f"{broken}:25: RB020 'TODO' is a placeholder (write what is meant)" in findings
    assert total == f"1 runbook, {len(findings)} findings"


def test_machines_get_nothing_but_the_document(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert runbook_lint.main([str(broken), "--format", "sarif"], standalone_mode=False) == 1
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
