"""Reads runbooks: Markdown for people, sessions for machines. What a robot could not follow is refused by line."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from simulation.errors import UsageError
from simulation.world.operator.front_matter import Document, split
from simulation.world.operator.markdown import SectionDraft, StepDraft, read_sections
from simulation.world.operator.runbook import Runbook, Section, Step
from simulation.world.operator.validation import validate

_STEP_HEADING = re.compile(r"^(?P<number>\d+)\. (?P<title>\S.*)$")
_INDEX = "README.md"


def load_runbooks(folder: Path) -> tuple[Runbook, ...]:
    """Every runbook of ``folder``, by name. Raises :class:`UsageError` for the first that cannot be carried out."""
    return tuple(load_runbook(file) for file in sorted(folder.glob("*.md")) if file.name != _INDEX)


def load_runbook(file: Path) -> Runbook:
    """Read one file. Raises :class:`UsageError` with ``file:line``, the value and the remedy."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise UsageError(place=str(file), problem=f"cannot be read: {error}", remedy="name an existing file") from error
    document = split(raw.decode(), file=str(file))
    sections = read_sections(document.body, kind=document.front.kind, file=str(file))
    front = document.front
    runbook = Runbook(
        path=file,
        name=front.name,
        version=front.version,
        date=front.date,
        kind=front.kind,
        alert=front.alert,
        trigger=front.trigger,
        irreversible=front.irreversible,
        roles=front.roles,
        steps={section: _steps(section, draft, document, file=str(file)) for section, draft in sections.items()},
        sha256=hashlib.sha256(raw).hexdigest(),
    )
    validate(runbook, file=file, section_lines={section: read.line for section, read in sections.items()})
    return runbook


def _steps(section: Section, read: SectionDraft, document: Document, *, file: str) -> tuple[Step, ...]:
    effects = document.front.steps.get(section, ())
    if len(effects) != len(read.steps):
        raise UsageError(
            place=f"{file}:{document.steps_line}",
            problem=f"steps.{section} lists {len(effects)} steps, the section {section.heading} has {len(read.steps)}",
            remedy="list 'reads' or 'writes' for each step of the section",
        )
    return tuple(
        _step(draft, section, number, writes=effect == "writes", file=file)
        for number, (draft, effect) in enumerate(zip(read.steps, effects, strict=True), start=1)
    )


def _step(draft: StepDraft, section: Section, number: int, *, writes: bool, file: str) -> Step:
    match = _STEP_HEADING.match(draft.heading)
    if match is None or int(match["number"]) != number:
        raise UsageError(
            place=f"{file}:{draft.line}",
            problem=f"step {number} of {section.heading} is headed {draft.heading!r}",
            remedy=f"head it '### {number}. What this step does'",
        )
    if draft.block is None:
        raise UsageError(
            place=f"{file}:{draft.line}",
            problem=f"step {number} of {section.heading} has no command",
            remedy="give it a ```console block",
        )
    return Step(
        section=section,
        number=number,
        title=match["title"],
        line=draft.block.line,
        command=draft.block.command,
        expected=draft.block.expected,
        exit_status=draft.block.exit_status,
        writes=writes,
        branches=tuple(draft.branches),
    )
