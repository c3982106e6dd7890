"""Real tournaments as a CSV ``player,round_1,round_2,round_3,round_4``: read, and refused with line, column and value.

An empty cell is a round that was not played: rounds 3 and 4 after a missed cut, everything after a withdrawal. A round
that was given up on the way is its strokes and holes: ``44/11``.
"""

from __future__ import annotations

import csv
import re
import reprlib
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from simulation.documents.refusal import MOST_TOLD
from simulation.documents.text import read_text
from simulation.errors import UsageError
from simulation.scenario.bounds import LONGEST_NAME
from simulation.scenario.tournament import ROUNDS, PlayerResult, Rounds
from simulation.words import plural

COLUMNS = ("player", *(f"round_{number}" for number in range(1, ROUNDS + 1)))
_REMEDY = f"save it as UTF-8 text with the columns {','.join(COLUMNS)}"
FEWEST_STROKES, MOST_STROKES = 50, 130
"""A round outside of these is a typing error: the lowest round ever recorded on a full tour is 57."""
HOLES, _MOST_STROKES_OF_A_HOLE = 18, 10
_GIVEN_UP = re.compile(r"(\d{1,3})/(\d{1,2})", re.ASCII)
_MOST_DIGITS = 9
"""Of a number of strokes; Python refuses to read one of thousands."""


def read_results(file: Path) -> tuple[PlayerResult, ...]:
    """Players in the order of the file.

    :raises UsageError: the file cannot be read, a column is missing or unknown, a cell is no plausible score, a line
        stands twice, or a round is empty that a later one follows.
    """
    lines = _table(file)
    _check_header(lines[0])
    seen: dict[PlayerResult, int] = {}
    results, wrong = [], []
    for line in lines[1:]:
        try:
            result = _result(line)
            if result in seen:  # two players may have one name, and hardly one score in every round, too
                raise line.error(
                    "player",
                    f"{result.player!r} stands with the same rounds in line {seen[result]} already",
                    "write the name of one differently (Jr., a first name), or remove a line that is there twice",
                )
        except UsageError as error:
            wrong.append(error)
        else:
            seen[result] = line.number
            results.append(result)
    if wrong:
        raise UsageError.of(wrong[:MOST_TOLD])
    if len(results) < 4:
        raise UsageError(
            place=str(file), problem=plural(len(results), "player"), remedy="a tournament needs 4: add a line for each"
        )
    return tuple(results)


@dataclass(frozen=True, kw_only=True)
class _Line:
    file: Path
    number: int
    cells: tuple[str, ...]

    def error(self, column: str, problem: str, remedy: str) -> UsageError:
        return UsageError(place=f"{self.file}:{self.number}", problem=f"column {column}: {problem}", remedy=remedy)


def _table(file: Path) -> list[_Line]:
    """Every line that is not empty, as text, the header first; its number is that of the file's line it ends in."""
    reader = csv.reader(StringIO(read_text(file, kind="a CSV file"), newline=""), strict=True)
    lines = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                stripped = tuple(cell.strip() for cell in cells)
                lines.append(_Line(file=file, number=reader.line_num, cells=stripped))
    except csv.Error as error:
        raise UsageError(
            place=f"{file}:{reader.line_num}", problem=f"is not a CSV table: {error}", remedy=_REMEDY
        ) from error
    if not lines:
        raise UsageError(place=str(file), problem="is not a CSV table: it is empty", remedy=_REMEDY)
    return lines


def _check_header(header: _Line) -> None:
    for position, expected in enumerate(COLUMNS):
        found = header.cells[position] if position < len(header.cells) else ""
        if found != expected:
            raise header.error(
                str(position + 1),
                f"is {reprlib.repr(found)}, not {expected!r}",
                f"let the file begin with {','.join(COLUMNS)}",
            )
    if len(header.cells) > len(COLUMNS):
        extra = header.cells[len(COLUMNS)]
        raise header.error(extra, "is unknown", f"keep only {','.join(COLUMNS)}")


def _result(line: _Line) -> PlayerResult:
    name, *cells = line.cells
    if len(cells) > ROUNDS:
        raise line.error(
            str(len(COLUMNS) + 1),
            f"{len(line.cells)} cells, not {len(COLUMNS)}",
            f"write {','.join(COLUMNS)}",
        )
    cells += [""] * (ROUNDS - len(cells))
    if len(name) > LONGEST_NAME:
        raise line.error("player", f"a name of {len(name):,} characters", f"write at most {LONGEST_NAME}")
    if not name:
        raise line.error("player", "is empty", "write the player's name or remove the line")
    given_up = _take_given_up(line, cells)
    strokes = [_strokes(line, column, cell) for column, cell in zip(COLUMNS[1:], cells, strict=True)]
    for number in range(1, ROUNDS):
        if strokes[number] is not None and strokes[number - 1] is None:
            raise line.error(
                f"round_{number}",
                f"is empty, but round_{number + 1} is {strokes[number]}",
                f"write the strokes of round {number}, or empty the rounds after it",
            )
    first, second, third, fourth = strokes
    rounds: Rounds = (first, second, third, fourth)
    return PlayerResult(player=name, rounds=rounds, given_up=given_up)


def _take_given_up(line: _Line, cells: list[str]) -> tuple[int, int] | None:
    """Strokes and holes of a last cell like ``44/11``, which is emptied; None where no round was given up."""
    last = max((index for index, cell in enumerate(cells) if cell), default=None)
    found = None if last is None else _GIVEN_UP.fullmatch(cells[last])
    if last is None or found is None:
        return None
    strokes, holes = int(found[1]), int(found[2])
    if not (0 < holes < HOLES and holes <= strokes <= holes * _MOST_STROKES_OF_A_HOLE):
        raise line.error(
            COLUMNS[last + 1],
            f"{cells[last]} cannot be strokes and holes of a round that was given up",
            f"write strokes/holes, for 1 to {HOLES - 1} holes: 44/11",
        )
    cells[last] = ""
    return strokes, holes


def _strokes(line: _Line, column: str, cell: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit()):
        raise line.error(
            column, f"{reprlib.repr(cell)} is not a number of strokes", "write a whole number, or leave it empty"
        )
    if len(cell) > _MOST_DIGITS or not FEWEST_STROKES <= int(cell) <= MOST_STROKES:
        raise line.error(
            column,
            f"{cell[:_MOST_DIGITS]}{'…' * (len(cell) > _MOST_DIGITS)} strokes cannot be a round of 18 holes",
            f"write the round's strokes, {FEWEST_STROKES} to {MOST_STROKES} (not the score against par), or "
            "strokes/holes in the last cell of a player who gave that round up: 44/11",
        )
    return int(cell)


def outcome(result: PlayerResult, *, held: int) -> Literal["active", "cut", "withdrawn"]:
    """What the empty cells say: two rounds are a missed cut, any other number short of those that were held a
    withdrawal, and so is a round that was given up. :param held: rounds that somebody began."""
    played = sum(strokes is not None for strokes in result.rounds)
    if played == held:
        return "active"
    return "cut" if played == 2 and result.given_up is None else "withdrawn"
