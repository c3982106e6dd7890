"""The elements of a timeline: lanes with segments (periods) and marks (instants), on rows so that none overlap.

Positions and widths are in percent of the window.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_NARROW_PERCENT = 0.6
"""A segment narrower than this is drawn at a fixed width, next to its narrow neighbours."""
NARROW_PIXELS = 7
APART_PERCENT = 2.6
"""Marks closer together than this are drawn on separate rows."""
_CHART_PIXELS, _SYMBOL_PIXELS, _LETTER_PIXELS = 860, 20, 6.4
"""The chart's smallest width; the width of a mark; the width of one letter of its label."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A period of time. ``style`` names its fill pattern; ``shift_pixels`` keeps narrow neighbours apart."""

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

    @property
    def has_room(self) -> bool:
        """Its label can be written whole."""
        return self.width * _CHART_PIXELS / 100 >= _SYMBOL_PIXELS / 2 + (_LETTER_PIXELS + 1) * len(self.label)


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
        """Width of mark and label, in percent."""
        pixels = _SYMBOL_PIXELS + _LETTER_PIXELS * len(self.label)
        return max(APART_PERCENT, 100 * pixels / _CHART_PIXELS) if self.label else APART_PERCENT

    @property
    def flipped(self) -> bool:
        """The label is written on the left, because on the right it would leave the chart."""
        return self.left + self.width > 100


@dataclass(frozen=True, kw_only=True)
class TimelineLane:
    title: str
    kind: str
    segments: tuple[Segment, ...] = ()
    marks: tuple[TimelineMark, ...] = ()
    ticks: tuple[float, ...] = ()
    """Positions of ordinary events, drawn without tooltips because there are many."""
    note: str = ""

    @property
    def rows(self) -> int:
        return 1 + max([segment.row for segment in self.segments] + [mark.row for mark in self.marks], default=0)


@dataclass(frozen=True, kw_only=True)
class TimelineTick:
    """A line of the axis: its position, ``day 3`` or ``06:00``, and under a day its date."""

    left: float
    label: str
    date: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    lanes: tuple[TimelineLane, ...]
    ticks: tuple[TimelineTick, ...]


class LaneRows:
    """Assigns the marks of a lane to rows: each to the first row with room, or to the last of ``most`` rows."""

    def __init__(self, most: int = 8) -> None:
        self._right: list[float] = []
        self._most = most

    def place(self, mark: TimelineMark, *, until: float = 0.0) -> TimelineMark:
        """The mark with its row set; the row is then occupied to the label's end, or to ``until`` if that is later."""
        left = mark.left - mark.width if mark.flipped else mark.left
        right = max(mark.left + (APART_PERCENT if mark.flipped else mark.width), until)
        row = next((row for row, taken in enumerate(self._right) if taken <= left), len(self._right))
        if row == self._most:
            row -= 1
            right = max(right, self._right[row])
        self._right[row : row + 1] = [right]
        return replace(mark, row=row)
