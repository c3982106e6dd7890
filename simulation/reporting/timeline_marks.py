"""What a timeline is made of: stretches and instants on lanes, and the rows on which their labels find room."""

from __future__ import annotations

from dataclasses import dataclass, replace

_NARROW_PERCENT = 0.6
"""A stage shorter than this is drawn at a fixed width, beside its narrow neighbours."""
NARROW_PIXELS = 7
APART_PERCENT = 2.6
"""Marks nearer than this to each other are drawn on rows of their own."""
_CHART_PIXELS, _SYMBOL_PIXELS, _LETTER_PIXELS = 860, 20, 6.4
"""The chart at its narrowest, and what a mark and its label take of it."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of time. ``style`` names its pattern; ``shift_pixels`` moves narrow ones apart."""

    left: float
    width: float
    style: str
    label: str
    tooltip: str
    shift_pixels: int = 0
    row: int = 0

    @property
    def narrow(self) -> bool:
        return self.width < _NARROW_PERCENT


@dataclass(frozen=True, kw_only=True)
class TimelineMark:
    """An instant. ``shape`` names its symbol."""

    left: float
    shape: str
    tooltip: str
    label: str = ""
    row: int = 0

    @property
    def width(self) -> float:
        """What it takes with its label, in percent."""
        pixels = _SYMBOL_PIXELS + _LETTER_PIXELS * len(self.label)
        return max(APART_PERCENT, 100 * pixels / _CHART_PIXELS) if self.label else APART_PERCENT

    @property
    def flipped(self) -> bool:
        """Its label would leave the chart on the right, and is written on the left."""
        return self.left + self.width > 100


@dataclass(frozen=True, kw_only=True)
class TimelineLane:
    title: str
    kind: str
    segments: tuple[Segment, ...] = ()
    marks: tuple[TimelineMark, ...] = ()
    ticks: tuple[float, ...] = ()
    """Ordinary events: too many for tooltips."""
    note: str = ""

    @property
    def rows(self) -> int:
        return 1 + max([segment.row for segment in self.segments] + [mark.row for mark in self.marks], default=0)


@dataclass(frozen=True, kw_only=True)
class Timeline:
    lanes: tuple[TimelineLane, ...]
    days: tuple[tuple[float, int, str], ...]
    """(position, day number, date) of each midnight."""


class LaneRows:
    """Rows of a lane, filled from the top: each mark goes to the first row with room for it, else to the last."""

    def __init__(self, most: int = 8) -> None:
        self._right: list[float] = []
        self._most = most

    def place(self, mark: TimelineMark, *, until: float = 0.0) -> TimelineMark:
        """The mark on its row, which is taken up to its label's end, and up to ``until``."""
        left = mark.left - mark.width if mark.flipped else mark.left
        right = max(mark.left + (APART_PERCENT if mark.flipped else mark.width), until)
        row = next((row for row, taken in enumerate(self._right) if taken <= left), len(self._right))
        if row == self._most:
            row -= 1
            right = max(right, self._right[row])
        self._right[row : row + 1] = [right]
        return replace(mark, row=row)
