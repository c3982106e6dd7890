"""A runbook's Markdown as sections with their steps, before anything is known of what the steps do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from simulation.world.operator.branches import is_branch, parse_branch
from simulation.world.operator.complaints import Complaints, Part
from simulation.world.operator.console import ConsoleBlock, parse_command, parse_console, with_output
from simulation.world.operator.runbook import Branch, Kind, Section


@dataclass(kw_only=True)
class StepDraft:
    """A step as read from the Markdown, before the front matter says what it does."""

    heading: str
    line: int
    has_block: bool = False
    block: ConsoleBlock | None = None
    """None if the step has no block, or one that could not be read."""
    awaits_output: bool = False
    """Its command was the last that was read: a ``text`` block may follow."""
    branches: list[Branch] = field(default_factory=list)


@dataclass(kw_only=True)
class SectionDraft:
    line: int
    blocks: int = 0
    """Number of paragraphs, lists and fences in the section."""
    steps: list[StepDraft] = field(default_factory=list)


def read_sections(body: str, *, kind: Kind, complaints: Complaints) -> dict[Section, SectionDraft]:
    """The sections of a runbook of ``kind``; complains of each that is missing, empty, unknown or out of order."""
    sections: dict[Section, SectionDraft] = {}
    open_section: SectionDraft | None = None
    for block, text, line in _blocks(body):
        if block == "h2":
            open_section = SectionDraft(line=line)
            section = _section(text, line, sections, kind=kind, complaints=complaints)
            if section is not None:
                sections[section] = open_section
        elif open_section is not None:
            _take(block, text, line, open_section, complaints)
    for section in kind.value:
        _complain_of_absence(section, sections.get(section), body, kind=kind, complaints=complaints)
    return sections


def _complain_of_absence(
    section: Section, draft: SectionDraft | None, body: str, *, kind: Kind, complaints: Complaints
) -> None:
    if draft is None:
        complaints.add(
            Part.SECTIONS,
            line=body.count("\n"),
            problem=f"the section {section.heading} is missing",
            remedy=f"add '## {section.heading}'; a runbook has {', '.join(known.heading for known in kind.value)}",
        )
    elif not draft.blocks:
        complaints.add(
            Part.SECTIONS,
            line=draft.line,
            problem=f"the section {section.heading} is empty",
            remedy="say what to do in it, or why there is nothing to do",
        )


@cache
def _parser() -> MarkdownIt:
    """Reads blocks. What is within a line (emphasis, links) stays text: a runbook's steps are nowhere in it."""
    return MarkdownIt("commonmark").disable(["inline", "text_join"])


def _blocks(body: str) -> Iterator[tuple[str, str, int]]:
    """(kind, text, line) of every heading, fence, list item and paragraph; a fence's kind is ``fence:<info>``."""
    stack: list[Token] = []
    for token in _parser().parse(body):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "fence":
            yield f"fence:{token.info.strip()}", token.content, line
        elif token.type == "inline":
            heading = stack[-1].tag if stack[-1].type == "heading_open" else None
            inside_list = any(open_.type == "list_item_open" for open_ in stack)
            yield heading or ("item" if inside_list else "text"), " ".join(token.content.split()), line
        elif token.nesting == 1:
            stack.append(token)
        elif token.nesting == -1:
            stack.pop()


def _section(
    text: str, line: int, sections: dict[Section, SectionDraft], *, kind: Kind, complaints: Complaints
) -> Section | None:
    known = [section.heading for section in kind.value]
    if text not in known:
        problem, remedy = f"no section is called {text!r}", f"sections are {', '.join(known)}"
        complaints.add(Part.SECTIONS, line=line, problem=problem, remedy=remedy)
        return None
    section: Section = kind.value[known.index(text)]
    if section in sections or (sections and known.index(text) < known.index(next(reversed(sections)).heading)):
        problem, remedy = f"the section {text} stands twice or out of order", f"the order is {', '.join(known)}"
        complaints.add(Part.SECTIONS, line=line, problem=problem, remedy=remedy)
        return None
    return section


def _take(kind: str, text: str, line: int, read: SectionDraft, complaints: Complaints) -> None:
    """Add one block of Markdown to the section it stands in."""
    if kind == "h3":
        read.steps.append(StepDraft(heading=text, line=line))
        return
    read.blocks += 1
    step = read.steps[-1] if read.steps else None
    if kind == "fence:text" and step is not None and step.block is not None and step.awaits_output:
        step.block = with_output(step.block, text, first_line=line + 1, complaints=complaints)
        step.awaits_output = False
        return
    if step is not None:
        step.awaits_output = False
    if kind.startswith("fence:"):
        if kind not in ("fence:sh", "fence:console") or step is None or step.has_block:
            complaints.add(
                Part.STEPS,
                line=line,
                problem=f"a {kind.removeprefix('fence:') or 'bare'} block that no step heading announces",
                remedy="one ```sh block under each '### N. What this step does', its output as ```text below",
            )
            return
        step.has_block, step.awaits_output = True, kind == "fence:sh"
        read_block = parse_command if step.awaits_output else parse_console
        step.block = read_block(text, first_line=line + 1, complaints=complaints)
    elif kind == "item" and step is not None and step.has_block and is_branch(text):
        branch = parse_branch(text, line=line, complaints=complaints)
        if branch is not None:
            step.branches.append(branch)
