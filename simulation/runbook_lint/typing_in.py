"""Rules RB030 and RB031: commands can be parsed, and their loops end."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule
from simulation.world.operator.runbook import Step

_ENDLESS = re.compile(r"\b(?:while\s+(?:true|:)|until\s)")
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
