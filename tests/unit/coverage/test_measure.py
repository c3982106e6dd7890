"""The measurement as a whole: numbers, page, command, and that the number of workers changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulation.cli.coverage import coverage
from simulation.events import ContractDeclared
from simulation.history import History, line_of
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.measure import measure, told_of
from simulation.proof.coverage.page import page
from simulation.proof.coverage.result import Coverage, Share
from tests.unit.checks.story import passing
from tests.unit.coverage.small_history import history

DRAW = Draw(seed=3, rows=1)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    lines = [line_of(event) + "\n" for event in history().events]
    (tmp_path / "history.jsonl").write_text("".join(lines))
    (tmp_path / "platform.log").write_text("one\ntwo\n")
    return tmp_path


def test_the_number_of_workers_changes_nothing() -> None:
    one = told_of(history(), DRAW, jobs=1)
    assert told_of(history(), DRAW, jobs=2) == one
    assert told_of(history(), DRAW, jobs=3) == one


def test_another_seed_tells_of_other_rows() -> None:
    one = told_of(history(), DRAW, jobs=1)
    other = told_of(history(), Draw(seed=4, rows=1), jobs=1)
    assert [item.where for item in one] != [item.where for item in other]
    assert [(item.fact, item.kind) for item in one] == [(item.fact, item.kind) for item in other]


def test_a_column_that_the_contract_leaves_free_need_not_be_noticed() -> None:
    free = {"free": "nobody outside can know it"}
    write = {"name": "made", "op": "insert", "columns": {"unseen_text": free}}
    document = {"document": {"a": free}}
    declared = {"tables": {"things": {"inserted": {"unseen_document": document}, "writes": [write]}}}
    started, *rest = history().events
    true = History([started, ContractDeclared(document=declared, at=started.at), *rest])
    told = [item for item in told_of(true, DRAW, jobs=1) if item.free is not None]
    assert {item.free for item in told} == {"nobody outside can know it"}
    assert {(item.operation, item.fact) for item in told} == {
        ("insert", "unseen_text"),
        ("insert", "unseen_document.a"),
    }


def test_a_column_without_a_rule_is_never_good_enough(tmp_path: Path) -> None:
    declared = {"tables": {"things": {"writes": [{"name": "made", "op": "insert"}]}}}
    started, *rest = history().events
    true = History([started, ContractDeclared(document=declared, at=started.at), *rest])
    found = measure(tmp_path, true, DRAW, jobs=1)
    assert "things.unseen_text" in found.without_rule
    assert not found.meets(0)


def test_only_a_drawn_part_of_the_falsehoods_is_tried_when_that_is_asked_for() -> None:
    everything = told_of(history(), DRAW, jobs=1)
    part = told_of(history(), Draw(seed=3, rows=1, sample=7), jobs=2)
    assert len(part) == 7
    assert [item for item in everything if item in part] == part


def test_the_story_s_numbers_are_those_of_its_falsehoods(tmp_path: Path) -> None:
    found = measure(tmp_path, passing().history(), DRAW, jobs=1)
    assert found.outcome == "pass"
    assert 0 < found.columns.noticed < found.columns.of
    assert found.columns.of == len({(item.subject, item.column) for item in found.of_area("table")})
    assert Share.among(found.judged).noticed == sum(bool(item.noticed_by) for item in found.of_area("table"))
    assert found.log_lines == 0


def test_the_command_ends_with_one_while_something_about_a_column_goes_unnoticed(run_dir: Path) -> None:
    result = CliRunner().invoke(coverage, [str(run_dir), "--jobs", "1"], standalone_mode=False)
    assert result.exception is None
    assert result.return_value == 1
    assert "columns: " in result.output
    assert "log lines: 0 of 2 judged" in result.output


def test_the_command_is_content_with_the_share_that_was_asked_for_and_leaves_page_and_json(run_dir: Path) -> None:
    file = run_dir / "found.json"
    arguments = [str(run_dir), "--jobs", "1", "--at-least", "0", "--json", str(file)]
    result = CliRunner().invoke(coverage, arguments, standalone_mode=False)
    assert result.return_value == 0
    found = Coverage.model_validate_json(file.read_text())
    assert json.loads(file.read_text())["digest"] == history().digest()
    assert (run_dir / "coverage.md").read_text() == page(found)


def test_a_page_lists_what_nobody_notices_by_fact_with_its_kinds(tmp_path: Path) -> None:
    found = measure(tmp_path, history(), DRAW, jobs=1)
    text = page(found)
    assert "- `things` `unseen_flag` insert: flipped, null" in text
    assert f"**{found.columns}** noticed" in text
