"""Rules RB001 to RB004: errors of the parser that reads runbooks for the simulated operator.

A runbook with such an error cannot be carried out.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule
from simulation.world.operator.complaints import Part


@book_rule("RB001", "The front matter has a name (the file's), a version, a date, an alert or a trigger, roles, steps")
def front_matter(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    return _complaints(book, Part.FRONT_MATTER)


@book_rule("RB002", "All sections of its kind are there, in order, none empty")
def sections(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    return _complaints(book, Part.SECTIONS)


@book_rule("RB003", "Every step is one command with its documented answer")
def steps(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    return _complaints(book, Part.STEPS)


@book_rule("RB004", "Every branch is explicit, covers every case, and leads to a step that there is")
def branches(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    return _complaints(book, Part.BRANCHES)


def _complaints(book: RunbookSet, part: Part) -> Iterator[Flaw]:
    for complaint in book.complaints:
        if complaint.part is part:
            yield Flaw(line=complaint.line, message=complaint.error.problem, remedy=complaint.error.remedy)
