"""Rules RB022 to RB026: expected output, and captures (values that a step takes from the output)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from simulation.runbook_lint.bash import parse
from simulation.runbook_lint.material import Material, RunbookSet, expected_lines
from simulation.runbook_lint.rule import Flaw, book_rule
from simulation.world.operator.match import names_in
from simulation.world.operator.runbook import Section, Step
from simulation.world.operator.workplace import equip, hosting_variables

_USED = re.compile(r"(?<!\\)\$\{?([A-Z][A-Z0-9_]*)\b")
_SET = re.compile(r"\b([A-Z][A-Z0-9_]*)=|\bread (?:-r )?([A-Z][A-Z0-9_]*)|\bfor ([A-Z][A-Z0-9_]*) in|\bas \$([A-Z]\w*)")
_USED_BARE = re.compile(r"(?<!\\)\$(?:([A-Z][A-Z0-9_]*)\b|\{([A-Z][A-Z0-9_]*)\})")
_GUARD = re.compile(r'^:(?: "\$\{[A-Z][A-Z0-9_]*:\?\}")+ &&\s')
_GUARDED = re.compile(r"\{([A-Z][A-Z0-9_]*):")
_GIVEN = frozenset(
    (
        *(
            "API_BASE_URL",
            "ADMIN_TOKEN",
            "ADMIN_AUTH_FILE",
            "EXECUTION_ID",
            "HOME",
            "PATH",
            "PWD",
            "OLDPWD",
            "IFS",
            "RANDOM",
            "SECONDS",
            "EPOCHSECONDS",
        ),
        *("PIPESTATUS", "BASHPID", "TMPDIR", "ENV"),
    )
)
"""Variables that every shell of the operator has; ``$ENV`` belongs to jq."""


@book_rule("RB022", "Expected output is never only wild")
def output_says_something(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for step in book.all_steps:
        if step.expected and all(not line.replace("[..]", "").replace("...", "").strip() for line in step.expected):
            yield Flaw(
                line=next(expected_lines(step))[0],
                message=f"{_name(step)} accepts whatever is printed",
                remedy="state what the output must say; let the command print it if it does not",
            )


@book_rule("RB023", "Every capture is used in a later command, tested by a branch, or compared with another output")
def captures_are_used(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for position, step in enumerate(book.all_steps):
        for line, text in expected_lines(step):
            for name in names_in(text):
                if not _is_used(book, name, position):
                    yield Flaw(
                        line=line,
                        message=f"[{name}] is captured and never looked at",
                        remedy="compare it with a later output, test it in a branch, or write [..]",
                    )


@book_rule("RB024", "A command uses no $NAME that was neither captured nor set before it")
def names_are_known(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    known = _given(book)
    for step in book.all_steps:
        known |= _set_in(step)
        for name in sorted({match[1] for match in _USED.finditer(step.command)} - known):
            yield Flaw(
                line=step.line,
                message=f"{_name(step)} uses ${name}, which no step before it captures or sets",
                remedy=f"capture [{name}] in the output of an earlier step, or set it in a command",
            )
        known |= _captured_in(step)


@book_rule("RB025", "Rollback needs no capture that may be missing when a writing step failed")
def rollback_knows_enough(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    steps = book.happy_steps
    first = next((index for index, step in enumerate(steps) if step.writes), len(steps))
    sure = {name for step in steps[:first] for name in _captured_in(step) | _set_in(step)} | _given(book)
    doubtful = {name for step in steps[first:] for name in _captured_in(step)} - sure
    for step in () if book.runbook is None else book.runbook.steps[Section.ROLLBACK]:
        used = {match[1] or match[2] for match in _USED_BARE.finditer(step.command)}
        for name in sorted(used & doubtful):
            yield Flaw(
                line=step.line,
                message=f"{_name(step)} uses ${name}, captured only by or after the first writing step",
                remedy=f"find it out anew in Rollback, or write ${{{name}:-}} and provide for its absence",
            )


@book_rule(
    "RB026", "A command that uses what an earlier step kept refuses to run without it: a step may have been skipped"
)
def kept_names_are_there(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    kept: set[str] = set()
    for step in book.all_steps:
        used = {match[1] or match[2] for match in _USED_BARE.finditer(step.command)} & kept
        needed = used - _set_in(step)
        if needed and not needed <= _refused_when_unset(step):
            names = sorted(needed)
            guard = " ".join((":", *(f'"${{{name}:?}}"' for name in names), "&&"))
            yield Flaw(
                line=step.line,
                message=f"{_name(step)} takes an unset ${' or $'.join(names)} for empty",
                remedy=f"begin it with {guard} and make it one command, with {{ …; }} around several",
            )
        kept |= _captured_in(step) | _set_in(step)


def _refused_when_unset(step: Step) -> set[str]:
    """Names without which bash does not even begin the whole command; none where it is several commands."""
    top = parse(step.command).named_children
    if len(top) != 1 or not (found := _GUARD.match(step.command)):
        return set()
    return set(_GUARDED.findall(found[0]))


@cache
def _on_the_desk() -> frozenset[str]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return frozenset({*equip(place, tasks=True), *hosting_variables("", token="", folder=place)})


def _given(book: RunbookSet) -> set[str]:
    """Variables set before the first step: the shell's own, and those of the operator's working folder.

    The break-glass token is set only for a runbook that gives a reason for needing it.
    """
    glass = (
        {"BREAK_GLASS_TOKEN", "BREAK_GLASS_AUTH_FILE"}
        if book.runbook is not None and book.runbook.break_glass
        else set()
    )
    return {*_GIVEN, *_on_the_desk(), *glass}


def _is_used(book: RunbookSet, name: str, position: int) -> bool:
    steps = book.all_steps
    mentions = sum(names_in(line).count(name) for step in steps for line in step.expected)
    tested = any(branch.capture == name for step in steps for branch in step.branches)
    word = re.compile(rf"\b{name}\b")  # in arithmetic a name is used without $
    typed = any(word.search(step.command) for step in steps[position:])
    return mentions > 1 or tested or typed


def _captured_in(step: Step) -> set[str]:
    return {name for line in step.expected for name in names_in(line)}


def _set_in(step: Step) -> set[str]:
    return {name for match in _SET.finditer(step.command) for name in match.groups() if name}


def _name(step: Step) -> str:
    return f"{step.section.heading} step {step.number}"
