"""A step's command, the exit status it must have, the output it must give.

Written as a ``sh`` block, which can be pasted, with a ``text`` block below it; or as one ``console`` block of prompts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from simulation.world.operator.complaints import Complaints, Part

_STATUS = re.compile(r"^\? (\d{1,3})$")


@dataclass(frozen=True, kw_only=True)
class ConsoleBlock:
    """``line`` is the line of the command in the file, ``output_line`` that of its expected output."""

    line: int
    command: str
    exit_status: int
    output_line: int
    expected: tuple[str, ...]


def parse_console(content: str, *, first_line: int, complaints: Complaints) -> ConsoleBlock | None:
    """Read the text of a block that begins at ``first_line``; None, with a complaint, if it has no command."""
    lines = content.splitlines()
    if not lines or not lines[0].startswith("$ "):
        complaints.add(
            Part.STEPS,
            line=first_line,
            problem=f"a console block begins with its command, not with {lines[0] if lines else 'nothing'!r}",
            remedy="begin the line with '$ '",
        )
        return None
    command = [lines[0].removeprefix("$ ")]
    position = 1
    while position < len(lines) and (lines[position].startswith("> ") or lines[position] == ">"):
        command.append(lines[position][2:])
        position += 1
    status = 0
    if position < len(lines) and (match := _STATUS.match(lines[position])):
        status = int(match[1])
        position += 1
    for number, line in enumerate(lines[position:], start=first_line + position):
        _refuse_markers(line, number, complaints)
    return ConsoleBlock(
        line=first_line,
        command="\n".join(command),
        exit_status=status,
        output_line=first_line + position,
        expected=tuple(lines[position:]),
    )


def parse_command(content: str, *, first_line: int, complaints: Complaints) -> ConsoleBlock | None:
    """Read a ``sh`` block that begins at ``first_line``; None, with a complaint, if it is empty."""
    lines = content.splitlines()
    if not content.strip():
        complaints.add(
            Part.STEPS, line=first_line, problem="the command is empty", remedy="write one, or remove the step"
        )
        return None
    return ConsoleBlock(
        line=first_line, command="\n".join(lines), exit_status=0, output_line=first_line + len(lines), expected=()
    )


def with_output(block: ConsoleBlock, content: str, *, first_line: int, complaints: Complaints) -> ConsoleBlock:
    """The block with the text of the ``text`` block below it, which begins at ``first_line``."""
    lines, status = content.splitlines(), 0
    if lines and (match := _STATUS.match(lines[0])):
        status = int(match[1])
        lines, first_line = lines[1:], first_line + 1
    for number, line in enumerate(lines, start=first_line):
        _refuse_markers(line, number, complaints)
    return replace(block, exit_status=status, output_line=first_line, expected=tuple(lines))


def _refuse_markers(line: str, number: int, complaints: Complaints) -> None:
    """Refuse expected output that looks like grammar (``$ ``, ``? 1``): a reader could not tell them apart."""
    if line.startswith(("$ ", "> ")) or line in ("$", ">"):
        complaints.add(
            Part.STEPS,
            line=number,
            problem=f"{line!r} stands where output is expected; a block holds one command and its output",
            remedy="give the second command a step of its own, or put '> ' lines right after the command",
        )
    if line.startswith("? "):
        complaints.add(
            Part.STEPS,
            line=number,
            problem=f"{line!r} is no exit status of this command",
            remedy="write '? N' on the line right after the command",
        )
