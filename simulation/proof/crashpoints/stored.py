"""What a command for crash points keeps as it goes, so that one that was interrupted can go on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulation.proof.crashpoints.kill import Ending
from simulation.proof.crashpoints.points import Point
from simulation.proof.line_file import LineFile


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of one scenario that are tried."""

    scenario: str
    seed: int
    target: str
    """Folder of a backend in processes of its own; empty: the platform that comes along."""
    points: tuple[Point, ...]


class Stored:
    """A command's folder: ``places.jsonl``, a line a scenario, and ``endings.jsonl``, a line a run that has ended.

    A last line that was not written to its end is as if it were not there: its scenario is learned again, its run made
    again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places = LineFile(folder / "places.jsonl", Places, command="crashpoints")
        self._endings = LineFile(folder / "endings.jsonl", Ending, command="crashpoints")

    @property
    def places(self) -> list[Places]:
        return self._places.kept

    @property
    def endings(self) -> list[Ending]:
        return self._endings.kept

    def keep_places(self, places: Places) -> None:
        """Before the first of them is tried."""
        self._places.add(places)

    def keep(self, ending: Ending) -> None:
        """As soon as its run has ended."""
        self._endings.add(ending)

    def left(self, places: Places) -> list[Point]:
        """The points of a scenario that have not ended, in their order."""
        done = [ending.point for ending in self.endings]
        return [point for point in places.points if point not in done]

    def in_order(self) -> list[Ending]:
        """The endings in the order of the places."""
        order = [point for places in self.places for point in places.points]
        return sorted(self.endings, key=lambda ending: order.index(ending.point))
