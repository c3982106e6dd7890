"""Rules RB027 to RB031: commands can be pasted and parsed, may come again, and their loops end; the first opens the
execution."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule
from simulation.world.operator.runbook import Step

_ENDLESS = re.compile(r"\b(?:while\s+(?:true|:)|until\s)")
_NEW_FOLDER = re.compile(r"\bmkdir\b(?!.*\s-p\b)")
_LINE = re.compile(r"line (\d+): (.*)")


@book_rule("RB030", "Every command is one that bash can parse")
def commands_parse(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    steps = book.all_steps
    with ThreadPoolExecutor(max_workers=2) as pool:
        for step, complaint in zip(steps, pool.map(_bash, steps), strict=True):
            if complaint:
                match = _LINE.search(complaint)
                inside = min(int(match[1]), len(step.command.splitlines())) if match else 1
                yield Flaw(
                    line=step.line + inside - 1,
                    message=f"bash cannot parse this: {match[2] if match else complaint}",
                    remedy="close every quote, bracket, if and do; try it with bash -n",
                )


_UNSAFE_OPENINGS = (
    ("$USER", "the name of who opens it comes from a variable that not every shell has", "write $(id -un)"),
    ("jq -r .execution_id", "a refused start looks like an opened execution without a name", "write jq -er"),
)


@book_rule("RB027", "The command above the first section opens the execution, under the runbook's name and version")
def execution_is_opened(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    if book.runbook is None:
        return
    opening = book.page.text.partition("\n## ")[0]
    named = f'"runbook_name": "{book.runbook.name}", "runbook_version": "{book.runbook.version}"'
    if named not in opening or "EXECUTION_ID=$(curl " not in opening:
        yield Flaw(
            line=1 + opening.count("\n"),
            message="no command above the first section opens the execution of this name and version",
            remedy=f"write EXECUTION_ID=$(curl … /api/admin/runbooks/start … {named} …), as other runbooks do",
        )
    for unsafe, message, remedy in _UNSAFE_OPENINGS:
        if unsafe in opening:
            yield Flaw(line=1 + opening[: opening.index(unsafe)].count("\n"), message=message, remedy=remedy)


@book_rule("RB028", "Every command can be pasted: no prompt stands in its way")
def commands_can_be_pasted(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for number, line in enumerate(book.page.text.splitlines(), start=1):
        if line == "```console":
            yield Flaw(
                line=number,
                message="a block with prompts cannot be pasted",
                remedy="write the command as ```sh without prompts, and what it prints as ```text below it",
            )


@book_rule("RB029", "What a writing command asks of the platform has a key, under which it is done once")
def writing_can_come_again(book: RunbookSet, material: Material) -> Iterator[Flaw]:
    for step in book.all_steps:
        asks = "-X POST" in step.command and "$API_BASE_URL/api/admin/" in step.command
        if not (step.writes and asks):
            continue
        if folder := _NEW_FOLDER.search(step.command):
            yield Flaw(
                line=step.line + step.command.count("\n", 0, folder.start()),
                message="it is typed again where nobody answered, and the folder is there then",
                remedy="write mkdir -p",
            )
        if not step.may_come_again(material.repeatable):
            yield Flaw(
                line=step.line,
                message="nobody can know whether this was done if the platform dies meanwhile",
                remedy=f'write -H "Idempotency-Key: ${{EXECUTION_ID:?}}-{step.section}-{step.number}", and the id of '
                "what it is about, with each POST",
            )


@book_rule("RB031", "No loop without a stated number of rounds")
def loops_end(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for step in book.all_steps:
        for match in _ENDLESS.finditer(step.command):
            yield Flaw(
                line=step.line + step.command.count("\n", 0, match.start()),
                message=f"{match[0].strip()!r} may never end",
                remedy="write the number of rounds: for round in $(seq 1 12); do …; sleep 300; done",
            )


def _bash(step: Step) -> str:
    done = subprocess.run(
        ["bash", "--norc", "-n"], input=step.command + "\n", capture_output=True, encoding="utf-8", check=False
    )
    return done.stderr.splitlines()[0] if done.returncode else ""
