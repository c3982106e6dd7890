"""Reads runbooks, Markdown files of commands and their output. Whatever a machine could not follow is refused with its
line."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path

from simulation.documents.text import decoded, read_bytes
from simulation.paths import runbook_files
from simulation.words import plural
from simulation.world.operator.complaints import Complaints, Part
from simulation.world.operator.front_matter import Document, split
from simulation.world.operator.markdown import SectionDraft, StepDraft, read_sections
from simulation.world.operator.runbook import Runbook, Section, Step
from simulation.world.operator.validation import validate

_STEP_HEADING = re.compile(r"^(?P<number>\d+)\. (?P<title>\S.*)$")


def load_runbooks(folder: Path) -> tuple[Runbook, ...]:
    """Every runbook of ``folder``, by name. Raises :class:`UsageError` for the first that cannot be carried out."""
    return tuple(load_runbook(file) for file in runbook_files(folder))


def load_runbook(file: Path) -> Runbook:
    """Read one file. Raises :class:`UsageError` with ``file:line``, the value and the remedy."""
    return _accepted(file, read_bytes(file, kind="a runbook"))


@lru_cache(maxsize=256)
def _accepted(file: Path, raw: bytes) -> Runbook:
    """Kept, since a process that lives many runs reads the same text for each of them."""
    complaints = Complaints(str(file))
    runbook = _runbook(file, raw, complaints)
    if complaints.found:
        raise complaints.found[0].error
    assert runbook is not None, "what cannot be read is complained of"
    return runbook


def read_runbook(file: Path, complaints: Complaints) -> Runbook | None:
    """Read one file and complain of everything that is wrong with it; None if front matter or sections cannot be read.

    :raises UsageError: there is no such file, or no text in it.
    """
    return _runbook(file, read_bytes(file, kind="a runbook"), complaints)


def _runbook(file: Path, raw: bytes, complaints: Complaints) -> Runbook | None:
    document = split(decoded(raw, file=file), complaints)
    if document is None:
        return None
    front = document.front
    sections = read_sections(document.body, kind=front.kind, complaints=complaints)
    if any(section not in sections for section in front.kind.value):
        return None
    runbook = Runbook(
        path=file,
        name=front.name,
        version=front.version,
        date=front.date,
        kind=front.kind,
        alert=front.alert,
        trigger=front.trigger,
        irreversible=front.irreversible,
        break_glass=front.break_glass,
        roles=front.roles,
        steps={section: _steps(section, draft, document, complaints) for section, draft in sections.items()},
        sha256=hashlib.sha256(raw).hexdigest(),
    )
    validate(runbook, sections=sections, complaints=complaints)
    return runbook


def _steps(section: Section, read: SectionDraft, document: Document, complaints: Complaints) -> tuple[Step, ...]:
    effects = document.front.steps.get(section, ())
    if len(effects) != len(read.steps):
        complaints.add(
            Part.STEPS,
            line=document.steps_line,
            problem=f"steps.{section} lists {plural(len(effects), 'step')}, "
            f"the section {section.heading} has {len(read.steps)}",
            remedy="list 'reads' or 'writes' for each step of the section",
        )
    drafts = enumerate(zip_longest(read.steps, effects[: len(read.steps)]), start=1)
    steps = (_step(draft, section, number, complaints, writes=effect == "writes") for number, (draft, effect) in drafts)
    return tuple(step for step in steps if step is not None)


def _step(draft: StepDraft, section: Section, number: int, complaints: Complaints, *, writes: bool) -> Step | None:
    match = _STEP_HEADING.match(draft.heading)
    if match is None or int(match["number"]) != number:
        complaints.add(
            Part.STEPS,
            line=draft.line,
            problem=f"step {number} of {section.heading} is headed {draft.heading!r}",
            remedy=f"head it '### {number}. What this step does'",
        )
    if not draft.has_block:
        complaints.add(
            Part.STEPS,
            line=draft.line,
            problem=f"step {number} of {section.heading} has no command",
            remedy="give it a ```sh block, and what it prints as ```text below it",
        )
    if match is None or draft.block is None:
        return None
    return Step(
        section=section,
        number=number,
        title=match["title"],
        line=draft.block.line,
        command=draft.block.command,
        output_line=draft.block.output_line,
        expected=draft.block.expected,
        exit_status=draft.block.exit_status,
        writes=writes,
        branches=tuple(draft.branches),
    )
