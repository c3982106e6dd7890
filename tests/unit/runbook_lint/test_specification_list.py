"""The list of what the specification asks names nothing that is not there."""

from __future__ import annotations

import re

import pytest

from simulation.checks.catalogue import CHECKS
from simulation.paths import ROOT, RUNBOOKS_FOLDER
from simulation.runbook_lint import lint
from simulation.runbook_lint.rule import REGISTRY

_README = (RUNBOOKS_FOLDER / "README.md").read_text(encoding="utf-8")
_LIST = _README.partition("## What the specification asks, and what holds it\n")[2].partition("\n## ")[0]
_ROWS = [
    (what.strip(), by.strip())
    for what, by in re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", _LIST, re.MULTILINE)
    if what.strip() not in ("the specification", "---")
]
_COMMANDS = {"simulate runbook test", "simulate runbook lint", "make runbooks"}


def _exists(name: str, words: str) -> bool:
    if name in _COMMANDS:
        return True
    if name.startswith("RB"):
        return name in REGISTRY
    if "/" in name:
        return (ROOT / name).exists()
    if words.startswith("runbook "):
        return (RUNBOOKS_FOLDER / f"{name}.md").is_file() and (ROOT / f"scenarios/runbooks/{name}.yaml").is_file()
    return name in {check.name for check in CHECKS}


def test_rules_are_registered_and_the_list_is_there() -> None:
    assert lint.RULE_MODULES
    assert len(_ROWS) >= 50
    assert len({what for what, _ in _ROWS}) == len(_ROWS)


@pytest.mark.parametrize(("what", "by"), _ROWS, ids=[what for what, _ in _ROWS])
def test_what_fulfils_a_line_exists(what: str, by: str) -> None:
    names = re.findall(r"`([^`]+)`", by)
    assert names or by.startswith(("open: ", "[")), f"{what}: nothing is named"
    assert [name for name in names if not _exists(name, by)] == []
