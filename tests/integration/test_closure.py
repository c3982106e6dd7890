"""``simulate closure`` as a command: on a machine where nothing was done yet."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click
import pytest

from simulation.cli.commands import carry_out, cli
from tests.unit.reporting.junit_schema import violations


def test_where_nothing_was_done_each_thing_is_named_with_the_command_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(["closure", "--out", str(tmp_path), "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    items = {item["name"]: item for gate in document["gates"] for item in gate["items"]}
    assert [gate["phase"] for gate in document["gates"]] == ["06A", "06B", "06C"]
    assert not document["closes"]
    assert {name for name, item in items.items() if item["outcome"] == "pass"} >= {"runbook_executions", "documented"}
    assert items["rehearsed"]["do"] == ["simulate runbook test"]
    assert items["simulation"]["do"] == ["simulate run founder_absence_14d"]
    for item in items.values():
        for step in item["do"] if item["missing"] else ():
            assert not step.startswith("simulate ") or _is_a_command(shlex.split(step)[1:])
    assert json.loads((tmp_path / "closure" / "closure.json").read_text()) == document
    assert violations((tmp_path / "closure" / "junit.xml").read_text()) == []
    assert "no: the iteration may not close" in (tmp_path / "closure" / "summary.md").read_text()


def _is_a_command(words: list[str]) -> bool:
    found: click.Command = cli
    while isinstance(found, click.Group) and words:
        found = found.get_command(click.Context(found), words.pop(0)) or pytest.fail(f"no such command: {words}")
    options = {option for parameter in found.params for option in parameter.opts}
    return all(word in options for word in words if word.startswith("--"))
