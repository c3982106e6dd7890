"""A runbook's Markdown as sections with their steps, before anything is known of what the steps do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from simulation.errors import UsageError
from simulation.world.operator.branches import is_branch, parse_branch
from simulation.world.operator.console import ConsoleBlock, parse_console
from simulation.world.operator.runbook import Branch, Kind, Section


@dataclass(kw_only=True)
class StepDraft:
    """A step as far as the Markdown tells."""

    heading: str
    line: int
    block: ConsoleBlock | None = None
    branches: list[Branch] = field(default_factory=list)


@dataclass(kw_only=True)
class SectionDraft:
    line: int
    blocks: int = 0
    """Paragraphs, lists and fences in the section."""
    steps: list[StepDraft] = field(default_factory=list)


def read_sections(body: str, *, kind: Kind, file: str) -> dict[Section, SectionDraft]:
    """Every section of a runbook of ``kind``.

    :raises UsageError: one is missing, empty, unknown or out of order.
    """
    sections: dict[Section, SectionDraft] = {}
    for block, text, line in _blocks(body):
        if block == "h2":
            sections[_section(text, line, sections, kind=kind, file=file)] = SectionDraft(line=line)
        elif sections:
            _take(block, text, line, sections[next(reversed(sections))], file=file)
    for section in kind.value:
        if section not in sections:
            raise UsageError(
                place=f"{file}:{body.count(chr(10))}",
                problem=f"the section {section.heading} is missing",
                remedy=f"add '## {section.heading}'; a runbook has {', '.join(known.heading for known in kind.value)}",
            )
        if not sections[section].blocks:
            raise UsageError(
                place=f"{file}:{sections[section].line}",
                problem=f"the section {section.heading} is empty",
                remedy="say what to do in it, or why there is nothing to do",
            )
    return sections


def _blocks(body: str) -> Iterator[tuple[str, str, int]]:
    """(kind, text, line) of every heading, fence, list item and paragraph; a fence's kind is ``fence:<info>``."""
    stack: list[Token] = []
    for token in MarkdownIt("commonmark").parse(body):
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


def _section(text: str, line: int, sections: dict[Section, SectionDraft], *, kind: Kind, file: str) -> Section:
    known = [section.heading for section in kind.value]
    if text not in known:
        raise UsageError(
            place=f"{file}:{line}", problem=f"no section is called {text!r}", remedy=f"sections are {', '.join(known)}"
        )
    section: Section = kind.value[known.index(text)]
    if section in sections or (sections and known.index(text) < known.index(next(reversed(sections)).heading)):
        raise UsageError(
            place=f"{file}:{line}",
            problem=f"the section {text} stands twice or out of order",
            remedy=f"the order is {', '.join(known)}",
        )
    return section


def _take(kind: str, text: str, line: int, read: SectionDraft, *, file: str) -> None:
    """Add one block of Markdown to the section it stands in."""
    if kind == "h3":
        read.steps.append(StepDraft(heading=text, line=line))
        return
    read.blocks += 1
    if kind.startswith("fence:"):
        if kind != "fence:console" or not read.steps or read.steps[-1].block is not None:
            raise UsageError(
                place=f"{file}:{line}",
                problem=f"a {kind.removeprefix('fence:') or 'bare'} block that no step heading announces",
                remedy="put one ```console block under each '### N. What this step does'",
            )
        read.steps[-1].block = parse_console(text, file=file, first_line=line + 1)
    elif kind == "item" and read.steps and read.steps[-1].block is not None and is_branch(text):
        read.steps[-1].branches.append(parse_branch(text, file=file, line=line))
