"""Rules RB010 to RB015: writing steps are verified, Rollback undoes them, Escalation collects evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from simulation.paths import SCHEMA_SNAPSHOT
from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.places import line_starting
from simulation.runbook_lint.rule import Flaw, book_rule
from simulation.targets.queries import RELATIONS
from simulation.world.operator.runbook import Place, Section, Step


@book_rule("RB010", "Every writing step of the way normally taken is followed by a reading step in Verification")
def writing_is_verified(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    steps = book.happy_steps
    for position, step in enumerate(steps):
        later = (other for other in steps[position + 1 :] if other.section is Section.VERIFICATION)
        if step.writes and all(other.writes for other in later):
            yield Flaw(
                line=step.line,
                message=f"{_name(step)} writes, and no reading step of Verification comes after it",
                remedy="add a step to Verification that reads back what this one changed",
            )


@book_rule("RB011", "No branch leads past Verification once something was written")
def verification_is_not_skipped(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    written = False
    for step in book.happy_steps:
        written = written or step.writes
        if not written or step.section in (Section.VERIFICATION, Section.DOCUMENTATION):
            continue
        for branch in step.branches:
            if isinstance(branch.target, Place) and branch.target.section is Section.DOCUMENTATION:
                yield Flaw(
                    line=branch.line,
                    message=f"{_name(step)} comes after a writing step and leads past Verification",
                    remedy="lead to Verification, or escalate",
                )


@book_rule("RB012", "Rollback of a runbook that writes has steps, and its own writing is read back in it")
def rollback_is_carried_out_and_confirmed(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    if book.runbook is None:
        return
    steps = book.runbook.steps[Section.ROLLBACK]
    if book.runbook.writes and not steps:
        yield Flaw(
            line=_heading(book, Section.ROLLBACK),
            message="the runbook writes, and Rollback has no step",
            remedy="undo each writing step by a command, or show by one that nothing is half done",
        )
    for position, step in enumerate(steps):
        if step.writes and all(other.writes for other in steps[position + 1 :]):
            yield Flaw(
                line=step.line,
                message=f"{_name(step)} writes, and no later step of Rollback reads back what it did",
                remedy="add a reading step to Rollback that confirms it",
            )


@book_rule("RB013", "Escalation collects by a command what it is to be sent with, and changes nothing")
def escalation_collects(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    if book.runbook is None:
        return
    steps = book.runbook.steps[Section.ESCALATION]
    if not steps:
        yield Flaw(
            line=_heading(book, Section.ESCALATION),
            message="Escalation has no step",
            remedy="add a command that collects diagnostics and affected contests",
        )
    for step in (*steps, *book.runbook.steps.get(Section.DOCUMENTATION, ())):
        if step.writes:
            yield Flaw(
                line=step.line,
                message=f"{_name(step)} writes: nothing verifies or undoes it there",
                remedy="write in Recovery or Steps, or undo in Rollback",
            )


@book_rule("RB014", "What stays after Rollback is a canonical relation, or a table that none of them shows")
def irreversible_is_known(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    known = {*RELATIONS, *_tables()}
    for relation in _irreversible(book):
        if relation not in known:
            yield Flaw(
                line=line_starting(book.page, f"  {relation}:"),
                message=f"irreversible: there is no relation {relation!r}",
                remedy=f"name one of: {', '.join(RELATIONS)}",
            )


@book_rule("RB015", "Rollback tells people, in the front matter's words, what stays and why")
def irreversible_is_told(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    told = _plain(_text_of(book, Section.ROLLBACK))
    for relation, reason in _irreversible(book).items():
        if _plain(reason) not in told:
            yield Flaw(
                line=line_starting(book.page, f"  {relation}:"),
                message=f"irreversible: Rollback does not say: {reason}",
                remedy="put the reason, in the same words, into the text of Rollback",
            )


@cache
def _tables() -> frozenset[str]:
    """Names of the platform's tables, from its schema snapshot."""
    return frozenset(re.findall(r"^CREATE TABLE (?:public\.)?(\w+)", SCHEMA_SNAPSHOT.read_text(), re.MULTILINE))


def _irreversible(book: RunbookSet) -> dict[str, str]:
    return {} if book.runbook is None else dict(book.runbook.irreversible)


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .")


def _text_of(book: RunbookSet, section: Section) -> str:
    _, _, rest = book.page.text.partition(f"\n## {section.heading}\n")
    return rest.partition("\n## ")[0]


def _heading(book: RunbookSet, section: Section) -> int:
    return line_starting(book.page, f"## {section.heading}")


def _name(step: Step) -> str:
    return f"{step.section.heading} step {step.number}"
