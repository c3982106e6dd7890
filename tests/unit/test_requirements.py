"""fixtures/spec/requirements.md: every line of the specification has a holder, and every holder exists."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import click
import pytest
import yaml

from simulation.checks.catalogue import CHECKS
from simulation.checks.criteria import RULES
from simulation.cli.commands import cli
from simulation.paths import ALERTS_FOLDER, ROOT, RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.runbook_lint import lint
from simulation.runbook_lint.rule import REGISTRY

DOCUMENT = (ROOT / "fixtures/spec/requirements.md").read_text(encoding="utf-8")
_KINDS = {"runbook": "runbook", "alert": "alert", "scenario": "scenario"}
_NAMES = r"`[^`]+`(?:(?:, | and )`[^`]+`)*"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the specification and what holds it."""

    id: str
    held_by: str

    def names(self) -> list[tuple[str, str]]:
        """Each thing that is named, as its kind (``runbook``, ``alert``, ``scenario`` or ``""``) and its name."""
        listed = re.findall(rf"(?:\b(runbook|alert|scenario)s? )?({_NAMES})", self.held_by)
        return [(_KINDS.get(kind, ""), name) for kind, names in listed for name in re.findall(r"`([^`]+)`", names)]


ROWS = [
    Row(id=name, held_by=held_by)
    for name, held_by in re.findall(r"^\| ([A-Z]-\d+) \| [^|]+ \| (.+) \|$", DOCUMENT, re.MULTILINE)
]
ALERTS = {
    rule["alert"]
    for file in ALERTS_FOLDER.glob("*.yml")
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
}
CHECK_NAMES = {check.name for check in CHECKS}


def is_command(words: list[str]) -> bool:
    """Whether ``simulate`` knows the command."""
    command: click.Command | None = cli
    for word in words:
        command = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
    return command is not None


def is_path(name: str) -> bool:
    """Whether the file is there, and the test function in it if one is named."""
    path, _, function = name.partition("::")
    file = ROOT / path
    return file.exists() and (
        not function or re.search(rf"^def {function}\(", file.read_text(), re.MULTILINE) is not None
    )


def exists(kind: str, name: str) -> bool:
    match kind:
        case "runbook":
            return (RUNBOOKS_FOLDER / f"{name}.md").is_file() and (SCENARIOS_FOLDER / f"runbooks/{name}.yaml").is_file()
        case "alert":
            return name in ALERTS
        case "scenario":
            return (SCENARIOS_FOLDER / f"{name}.yaml").is_file()
    if name.startswith("simulate "):
        return is_command(name.split()[1:])
    if name.startswith("make "):
        return re.search(rf"^{name.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) is not None
    if re.fullmatch(r"RB\d+", name):
        return name in REGISTRY
    return is_path(name) if "/" in name else name in CHECK_NAMES


def test_rows_are_numbered_one_after_another() -> None:
    assert len(ROWS) > 190
    assert lint.RULE_MODULES  # they register the rules
    for letter in sorted({row.id[0] for row in ROWS}):
        numbers = sorted(int(row.id[2:]) for row in ROWS if row.id[0] == letter)
        assert numbers == list(range(1, len(numbers) + 1)), letter
    assert len(re.findall(r"^\| [A-Z]-\d+ ", DOCUMENT, re.MULTILINE)) == len(ROWS), "a row is not of three cells"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_requirement_has_a_holder_that_exists_or_says_why_not(row: Row) -> None:
    assert [name for kind, name in row.names() if not exists(kind, name)] == []
    reasons = re.findall(r"(?:not held here|gap): (\S.*?)(?:[;.]|$)", row.held_by)
    links = re.findall(r"\(#([a-z0-9-]+)\)", row.held_by)
    assert row.names() or reasons or links or "not held here" in row.held_by


def test_every_criterion_stands_once_with_the_checks_that_decide_it() -> None:
    numbered: Counter[str] = Counter()
    expected = {}
    for rule in RULES:
        numbered[rule.section] += 1
        expected[f"{rule.section}-{numbered[rule.section]}"] = list(rule.checks)
    written = {}
    for row in ROWS:
        for name, checks in re.findall(rf"criterion ([a-z]+-\d+): ({_NAMES})", row.held_by):
            assert name not in written, f"criterion {name} stands twice"
            written[name] = re.findall(r"`(\w+)`", checks)
    assert written.keys() == expected.keys()
    for name, checks in expected.items():
        line = f"criterion {name}: {', '.join(f'`{check}`' for check in checks)}"
        assert written[name] == checks, f"write in fixtures/spec/requirements.md: {line}"


def test_every_check_runbook_and_alert_holds_something() -> None:
    held = {name for row in ROWS for _, name in row.names()}
    runbooks = {file.stem for file in RUNBOOKS_FOLDER.glob("*.md") if file.stem != "README"}
    assert sorted((CHECK_NAMES | runbooks | ALERTS) - held) == []
