"""A fenced ``console`` block: one command, the exit status it must have, the output it must give."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simulation.errors import UsageError

_STATUS = re.compile(r"^\? (\d{1,3})$")


@dataclass(frozen=True, kw_only=True)
class ConsoleBlock:
    """``line`` is where the command stands."""

    line: int
    command: str
    exit_status: int
    expected: tuple[str, ...]


def parse_console(content: str, *, file: str, first_line: int) -> ConsoleBlock:
    """Read the inside of a block whose first line is ``first_line`` of ``file``. Raises :class:`UsageError`."""
    lines = content.splitlines()
    if not lines or not lines[0].startswith("$ "):
        raise UsageError(
            place=f"{file}:{first_line}",
            problem=f"a console block begins with its command, not with {lines[0] if lines else 'nothing'!r}",
            remedy="begin the line with '$ '",
        )
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
        _refuse_markers(line, place=f"{file}:{number}")
    return ConsoleBlock(
        line=first_line, command="\n".join(command), exit_status=status, expected=tuple(lines[position:])
    )


def _refuse_markers(line: str, *, place: str) -> None:
    """Expected output may not look like grammar: a reader could not tell which it is."""
    if line.startswith(("$ ", "> ")) or line in ("$", ">"):
        raise UsageError(
            place=place,
            problem=f"{line!r} stands where output is expected; a block holds one command and its output",
            remedy="give the second command a step of its own, or put '> ' lines right after the command",
        )
    if line.startswith("? "):
        raise UsageError(
            place=place,
            problem=f"{line!r} is no exit status of this command",
            remedy="write '? N' on the line right after the command",
        )
