"""What commands print as JSON keeps the documented schema, each of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from simulation.checks.run_record import Release
from simulation.checks.verdict import judge
from simulation.cli.commands import cli
from simulation.cli.coverage import coverage
from simulation.cli.faults import faults
from simulation.cli.mutants import _write
from simulation.cli.reference import COMMAND_PAGE, reference
from simulation.cli.runbook_lint import runbook_lint
from simulation.cli.runbook_test import _row
from simulation.closure.gates import Closure, Gate, Item
from simulation.closure.report import as_json
from simulation.history import line_of
from simulation.proof.mutants.campaign import Campaign
from simulation.proof.mutants.source import Mutant
from simulation.proof.mutants.trial import Trial
from simulation.reference.command_page import commands_of
from simulation.reference.json_documents import DOCUMENTS, RehearsalsDocument
from simulation.rehearsal.rehearse import RehearsalOutcome, Rehearsed
from tests.unit.coverage.small_history import history
from tests.unit.reporting.sample.story import sample_history


def kept(name: str, text: str) -> Any:
    """The document, once it is known to keep its schema."""
    document = json.loads(text)
    schema = dict(DOCUMENTS[name].schema)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(document)
    assert document["format_version"] == 1
    return document


def printed(command: Any, *arguments: str) -> str:
    return CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False).output


def test_a_verdict() -> None:
    document = kept("verdict", judge(sample_history()).to_json())
    assert document["criteria"]


@pytest.mark.parametrize("arguments", [["--json"], ["chargeback", "--json"]])
def test_kinds_of_fault(arguments: list[str]) -> None:
    assert "chargeback" in [kind["kind"] for kind in kept("faults", printed(faults, *arguments))["kinds"]]


def test_findings_of_lint(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("name: own\ndays: many\nstart: 7\n")
    assert len(kept("lint", printed(runbook_lint, str(tmp_path / "own.yaml"), "--format", "json"))["findings"]) > 1


def test_rehearsals() -> None:
    ways = {
        "recovered": RehearsalOutcome(problems=()),
        "rolled back": RehearsalOutcome(problems=("it is not",), directory=Path("reports/x")),
    }
    rehearsed = Rehearsed(name="chargeback", ways=ways, sim_seconds=12.5)
    document = kept("rehearsals", RehearsalsDocument(runbooks=(_row(rehearsed),)).model_dump_json())
    assert document["runbooks"][0]["ways"]["rolled back"]["held"] is False


def test_a_closure() -> None:
    item = Item(name="a", says="b", missing=("c",), do=("simulate run",))
    this = Release(version="1", commit="abc", tree="clean")
    closure = Closure(gates=(Gate(phase="06A", says="the table", items=(item,)),), of=this)
    assert kept("closure", as_json(closure))["closes"] is False


def test_a_coverage(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_text("".join(line_of(event) + "\n" for event in history().events))
    (tmp_path / "platform.log").write_text("one\n")
    file = tmp_path / "found.json"
    printed(coverage, str(tmp_path), "--jobs", "1", "--at-least", "0", "--sample", "3", "--json", str(file))
    assert kept("coverage", file.read_text())["told"]


def test_a_campaign_of_mutants(tmp_path: Path) -> None:
    mutant = Mutant(file="f.py", line=1, function="f", before="a", after="b", number=0)
    campaign = Campaign(total=2, lines=(1, 2), trials=(Trial(mutant=mutant, fate="named", checks=("audit",)),))
    _write(tmp_path / "mutants.json", campaign)
    assert kept("mutants", (tmp_path / "mutants.json").read_text())["fates"] == {"named": 1}


def test_every_command_that_prints_json_has_a_schema() -> None:
    """A new one is found by its option."""
    told = " ".join(command for described in DOCUMENTS.values() for command in described.commands)
    offered = [
        name
        for name, command in commands_of(cli)
        if any("--json" in option.opts or "json" in getattr(option.type, "choices", ()) for option in command.params)
    ]
    assert len(offered) == 8
    assert [
        name for name in offered if not re.search(rf"simulate {name}( [A-Z\[\]_]+)? --(json|format json)", told)
    ] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_schema_can_be_had_and_a_changed_document_breaks_it(name: str) -> None:
    schema = json.loads(printed(reference, "--schema", name))
    assert schema == DOCUMENTS[name].schema
    assert not Draft202012Validator(schema).is_valid({"format_version": "one"})
    assert f"\n### {name}\n" in COMMAND_PAGE.read_text(encoding="utf-8")
