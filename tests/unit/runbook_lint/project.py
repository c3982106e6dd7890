"""A small project without a flaw, to break one thing of."""

from __future__ import annotations

import re
from pathlib import Path

from simulation.runbook_lint.lint import lint
from simulation.runbook_lint.material import Material
from simulation.runbook_lint.rule import LintFinding
from tests.unit.operator.books import MINI, TASK

REPEATABLE = ("POST /api/admin/diagnostics/*", "POST /api/admin/contests/*/export")
_READ_BACK = """undone
```

### 2. Count what is left

```console
$ curl -sS "$API_BASE_URL/count"
[COUNT] stuck
```
"""
_COLLECT = """Engineering on call gets the execution id and this.

### 1. Collect

```console
$ curl -sS "$API_BASE_URL/count"
...
end
```
"""


def _whole(text: str) -> str:
    """What the robot's tests leave out and the rules ask for."""
    text = text.replace("undone\n```\n", _READ_BACK).replace("Engineering on call gets the execution id.\n", _COLLECT)
    text = text.replace("rollback: [writes]", "rollback: [writes, reads]\n  escalation: [reads]")
    text = text.replace("? 0\n[..]", "? 0\nnothing").replace("## Rollback\n", "## Rollback\n\nA prize stays.\n", 1)
    name, version = (re.findall(rf"^{key}: (.+)$", text, re.MULTILINE)[0] for key in ("name", "version"))
    opening = f'EXECUTION_ID=$(curl -d \'{{"runbook_name": "{name}", "runbook_version": "{version}"}}\')'
    text = text.replace("\n## ", f"\n```sh\n{opening}\n```\n\n## ", 1)
    text = text.replace("$ for number", '$ : "${COUNT:?}" && for number')
    return _CONSOLE.sub(_without_prompts, text)


_CONSOLE = re.compile(r"```console\n\$ (?P<first>.*\n)(?P<more>(?:>.*\n)*)(?P<output>(?:(?!```).*\n)*)```\n")


def _without_prompts(block: re.Match[str]) -> str:
    more = "".join(line[2:] + "\n" for line in block["more"].splitlines())
    output = f"\n```text\n{block['output']}```\n" if block["output"] else ""
    return f"```sh\n{block['first']}{more}```\n{output}"


SCENARIO = """\
name: mini
description: One contest
start: 2026-03-01T00:00:00Z
days: 7
operator:
  tasks:
    - {at: day 1 10:00, runbook: mini}
    - {at: day 1 12:00, runbook: mini_task}
tournaments:
  open: {first_round: day 2 08:00, players: 12}
contests:
  - key: cup
    name: Cup
    tournament: open
    entry_fee_cents: 1000
    payout_percent: {1: 60}
    entrants: 5
    created: day 0 06:00
    lock: day 2 07:00
    start: day 2 08:00
    end: day 5 14:00
"""
FACTS = "facts.md"
GOOD: dict[str, str] = {
    "runbooks/mini.md": _whole(MINI),
    "runbooks/mini_task.md": _whole(TASK).replace("a prize that was sent is owed", "A prize stays"),
    "runbooks/README.md": (
        "# Index\n\n| alert | severity | runbook | failure | scenario |\n| --- | --- | --- | --- | --- |\n"
        "| Mini | critical | [mini](mini.md) | trouble | `runbooks/mini`, `small` |\n"
        "| (task) | | [mini_task](mini_task.md) | task | `runbooks/mini_task` |\n\nSee [above](#index).\n"
    ),
    "alerts/mini.yml": (
        "groups:\n  - name: mini\n    rules:\n"
        "      - alert: Mini\n        expr: stuck > 0\n        labels: {severity: critical}\n"
        "        annotations:\n          summary: stuck\n          runbook_url: runbooks/mini.md\n"
        "      - alert: Other\n        expr: stuck > 5\n        labels: {severity: warning}\n"
        "        annotations:\n          summary: stuck\n          no_runbook: people must look\n"
    ),
    FACTS: (
        "# Facts\n\n## Metrics\n\n| metric | meaning | no alert, because |\n| --- | --- | --- |\n"
        "| `stuck` | too many | |\n| `prizes`, `payers` | counts | whatever they are |\n\n## Alerts\n"
    ),
    "scenarios/small.yaml": SCENARIO,
    "scenarios/runbooks/mini.yaml": SCENARIO,
    "scenarios/runbooks/mini_task.yaml": SCENARIO.replace("name: mini", "name: mini_task"),
}


def linted(folder: Path, changes: dict[str, str | None] | None = None) -> tuple[LintFinding, ...]:
    """The findings of the good project with some files replaced, or left out where the text is None."""
    for name, text in {**GOOD, **(changes or {})}.items():
        if text is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
    return lint(
        Material(
            runbooks=folder / "runbooks",
            alerts=folder / "alerts",
            scenarios=folder / "scenarios",
            facts=folder / FACTS,
            repeatable=REPEATABLE,
        )
    )
