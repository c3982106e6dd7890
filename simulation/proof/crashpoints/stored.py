"""What a command for crash points keeps as it goes, so that one that was interrupted can go on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from simulation.errors import UsageError
from simulation.proof.crashpoints.kill import Ending
from simulation.proof.crashpoints.points import Point

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of one scenario that are tried."""

    scenario: str
    seed: int
    points: tuple[Point, ...]


class Stored:
    """A command's folder: ``places.jsonl``, a line a scenario, and ``endings.jsonl``, a line a run that has ended.

    A last line that was not written to its end is as if it were not there: its scenario is learned again, its run made
    again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places = _lines(folder / "places.jsonl", TypeAdapter(Places))
        self.endings = _lines(folder / "endings.jsonl", TypeAdapter(Ending))

    def keep_places(self, places: Places) -> None:
        """Before the first of them is tried."""
        self.places.append(places)
        _append(self.folder / "places.jsonl", TypeAdapter(Places).dump_json(places))

    def keep(self, ending: Ending) -> None:
        """As soon as its run has ended."""
        self.endings.append(ending)
        _append(self.folder / "endings.jsonl", TypeAdapter(Ending).dump_json(ending))

    def left(self, places: Places) -> list[Point]:
        """The points of a scenario that have not ended, in their order."""
        done = [ending.point for ending in self.endings]
        return [point for point in places.points if point not in done]

    def in_order(self) -> list[Ending]:
        """The endings in the order of the places."""
        order = [point for places in self.places for point in places.points]
        return sorted(self.endings, key=lambda ending: order.index(ending.point))


def _append(file: Path, line: bytes) -> None:
    with open(file, "ab") as appended:
        appended.write(line + b"\n")


def _lines(file: Path, kind: TypeAdapter[_T]) -> list[_T]:
    """:raises UsageError: a line that is whole is not of this kind."""
    if not file.exists():
        return []
    whole, _, rest = file.read_bytes().rpartition(b"\n")
    if rest:
        file.write_bytes(whole + b"\n" if whole else b"")
    return [_read(line, number, file, kind) for number, line in enumerate(whole.splitlines(), start=1)]


def _read(line: bytes, number: int, file: Path, kind: TypeAdapter[_T]) -> _T:
    try:
        return kind.validate_json(line)
    except ValidationError as error:
        raise UsageError(
            place=f"{file}:{number}",
            problem=str(error.errors()[0]["msg"]),
            remedy="give the folder of a simulate crashpoints of this version, or begin anew without --resume",
        ) from error
