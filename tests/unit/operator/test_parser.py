"""Runbooks that can be carried out are read; the others are refused with file, line and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.world.operator.parser import load_runbook
from simulation.world.operator.runbook import Outcome, Place, Section
from tests.unit.operator.books import MINI, TASK, write

_ESCALATION = "## Escalation\n\nEngineering on call gets the execution id.\n"
_OTHERWISE = "- otherwise, continue\n\n## Diagnosis"


def test_a_step_has_its_command_its_answer_and_its_line(tmp_path: Path) -> None:
    runbook = load_runbook(write(tmp_path))
    step = runbook.steps[Section.RECOVERY][0]
    assert step.command == 'for number in $(seq 1 "$COUNT"); do\n  curl -sS -X POST "$API_BASE_URL/mend"\ndone'
    assert step.expected == ("...", "0 stuck")
    assert MINI.splitlines()[step.line - 1].startswith("$ for number")
    assert (step.writes, step.exit_status, step.title) == (True, 0, "Mend each")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("/api/admin/contests/${ID:?}/export", True),
        ("/api/admin/contests/$ID/export?all=1", True),
        ("/api/admin/contests/$ID/exports", False),
        ("/api/admin/contests/$ID/export/undo", False),
        ("/api/admin/contests/export", False),
        ("/api/admin/grant", False),
    ],
)
def test_what_the_target_says_may_come_again_is_typed_again_without_a_key(
    tmp_path: Path, asked: str, expected: bool
) -> None:
    book = write(tmp_path, MINI.replace('"$API_BASE_URL/mend"', f'"$API_BASE_URL{asked}"'))
    step = load_runbook(book).steps[Section.RECOVERY][0]
    assert step.may_come_again(("GET /x", "POST /api/admin/contests/*/export")) is expected
    assert not step.may_come_again(())


def test_a_task_has_sections_of_its_own(tmp_path: Path) -> None:
    runbook = load_runbook(write(tmp_path, TASK, name="mini_task"))
    assert (runbook.alert, runbook.trigger) == (None, "the first Monday of a month")
    assert [section.value for section in runbook.kind.happy_path] == ["prerequisites", "steps", "verification"]
    assert [step.section for step in runbook.steps_from(runbook.first)] == list(runbook.kind.happy_path)
    assert runbook.irreversible == {"transfers": "a prize that was sent is owed"}
    with pytest.raises(UsageError) as refused:
        load_runbook(write(tmp_path, TASK.replace("## Steps", "## Recovery"), name="mini_task"))
    assert "no section is called 'Recovery'" in refused.value.problem


def test_branches_are_read_in_order(tmp_path: Path) -> None:
    runbook = load_runbook(write(tmp_path))
    zero, otherwise = runbook.steps[Section.DETECTION][0].branches
    assert (zero.capture, zero.value, zero.target) == ("COUNT", "0", Place(section=Section.DOCUMENTATION))
    assert (otherwise.capture, otherwise.target) == (None, Outcome.CONTINUE)


def test_the_happy_path_leaves_out_rollback_and_escalation(tmp_path: Path) -> None:
    runbook = load_runbook(write(tmp_path))
    sections = [step.section for step in runbook.steps_from(Place(section=Section.DETECTION))]
    assert Section.ROLLBACK not in sections
    assert sections[-1] is Section.DOCUMENTATION


@pytest.mark.parametrize(
    ("old", "new", "at", "problem"),
    [
        (_ESCALATION, "", "", "the section Escalation is missing"),
        ("Engineering on call gets the execution id.\n", "", "## Escalation", "the section Escalation is empty"),
        ("## Diagnosis", "## Diagnoses", "## Diagnoses", "no section is called 'Diagnoses'"),
        ("## Detection", "## Recovery", "## Diagnosis", "the section Diagnosis stands twice or out of order"),
        ("version: 1.0.0", "version: one", "version:", "front matter: version"),
        ("roles: [ops]", "roles: [founder]", "roles:", "front matter: roles"),
        ("alert: Mini\n", "", "---", "exactly one of alert"),
        ("alert: Mini", "alert: Mini\ncolour: red", "colour:", "front matter: colour"),
        ("name: mini", "name: maxi", "name:", "the runbook calls itself 'maxi'"),
        ("alert: Mini", "alert: Mini\ntrigger: Monday", "---", "exactly one of alert"),
        ("roles: [ops]", "roles: [ops]\nirreversible: {transfers: ''}", "irreversible:", "irreversible.transfers"),
        ("  diagnosis: [reads]", "  prerequisites: [reads]", "---", "has no section prerequisites"),
        (
            "  recovery: [writes]",
            "  recovery: []",
            "steps:",
            "steps.recovery lists 0 steps, the section Recovery has 1",
        ),
        ("1. Mend each", "2. Mend each", "### 2. Mend", "step 1 of Recovery is headed '2. Mend each'"),
        (
            '```console\n$ curl -sS "$API_BASE_URL/cause"',
            "```python\n$ x",
            "```python",
            "a python block that no step heading",
        ),
        ('$ curl -sS "$API_BASE_URL/cause"', "curl", "curl", "begins with its command, not with 'curl'"),
        ("[CAUSE]\n```", "[CAUSE]\n$ date\n```", "$ date", "'$ date' stands where output is expected"),
        ("[CAUSE]\n```", "[CAUSE]\n? 1\n```", "? 1", "'? 1' is no exit status of this command"),
        ("is 0, go", "is zero, if you like, go", "- if [COUNT]", "cannot be followed"),
        ("go to Documentation", "go to the pub", "- if [COUNT]", "'go to the pub' is no place to go to"),
        ("go to Documentation", "go to Detection", "- if [COUNT]", "it leads to Detection step 1"),
        ("go to Documentation", "go to Recovery step 2", "- if [COUNT]", "it leads to Recovery step 2"),
        ("if [COUNT]", "if [TOTAL]", "- if [TOTAL]", "[TOTAL] was not captured before"),
        (_OTHERWISE, "\n## Diagnosis", "- if [COUNT]", "the conditions do not cover every case"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(tmp_path: Path, old: str, new: str, at: str, problem: str) -> None:
    assert MINI.count(old) == 1
    text = MINI.replace(old, new)
    file = write(tmp_path, text)
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if line.startswith(at)) if at else None
    with pytest.raises(UsageError) as refused:
        load_runbook(file)
    assert problem in refused.value.problem
    assert refused.value.place == f"{file}:{line or text.count(chr(10))}"
    assert refused.value.remedy
    assert refused.value.exit_code == 254


PASTED = """\
```sh
for number in 1 2; do
  echo "$number"
done
```

```text
? 3
[FIRST]
2
```

- if [FIRST] is 1, go to Documentation
- otherwise, continue
"""


def test_a_command_without_prompts_is_followed_by_its_output(tmp_path: Path) -> None:
    old = MINI[MINI.index('```console\n$ curl -sS "$API_BASE_URL/cause"') : MINI.index("## Recovery")]
    file = tmp_path / "mini.md"
    file.write_text(MINI.replace(old, PASTED))
    (step,) = load_runbook(file).steps[Section.DIAGNOSIS]
    assert (step.command, step.exit_status) == ('for number in 1 2; do\n  echo "$number"\ndone', 3)
    assert step.expected == ("[FIRST]", "2")
    lines = file.read_text().splitlines()
    assert lines[step.line - 1] == "for number in 1 2; do"
    assert lines[step.output_line - 1] == "[FIRST]"
    assert len(step.branches) == 2


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("```\n\n```text", "```\n\nIt prints:\n\n```text", "a text block that no step heading announces"),
        ('for number in 1 2; do\n  echo "$number"\ndone\n', "\n", "the command is empty"),
        ("[FIRST]\n2", "$ date\n2", "'$ date' stands where output is expected"),
    ],
)
def test_a_pasted_command_with_something_in_between_is_refused(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    before = MINI[MINI.index('```console\n$ curl -sS "$API_BASE_URL/cause"') : MINI.index("## Recovery")]
    assert old in PASTED
    file = tmp_path / "mini.md"
    file.write_text(MINI.replace(before, PASTED.replace(old, new)))
    with pytest.raises(UsageError, match=re.escape(problem)):
        load_runbook(file)
