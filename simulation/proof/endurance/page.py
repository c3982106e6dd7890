"""What endurance looks like: ``endurance.html``, a page of Markdown, and the lines of the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment

from simulation.proof.campaign.plan import Plan
from simulation.proof.endurance.endurance import Ending, Group, Kind
from simulation.proof.endurance.survival import CONFIDENCE, Curve, Share
from simulation.reporting.html import page_environment, stylesheet
from simulation.reporting.markdown import plain, table, within_step_summary
from simulation.words import plural

ALONE, OPERATED = "nobody at all", "nobody but the operator"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 960, 300, 56, 30, 10
_SMALL_WIDTH, _SMALL_HEIGHT = 150, 34
_FEW = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """A curve as it is drawn. ``path``, ``band``: SVG paths; ``label_y``: the height of its end."""

    name: str
    path: str
    band: str
    label_y: float


@dataclass(frozen=True, kw_only=True)
class Chart:
    """``days``, ``shares``: places and words of the marks at the axes."""

    lines: tuple[Line, ...]
    days: tuple[tuple[float, str], ...]
    shares: tuple[tuple[float, str], ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _WIDTH - 10
    bottom: int = _HEIGHT - _BOTTOM
    top: int = _TOP


def chart_of(group: Group) -> Chart:
    """Both curves of a group over its days."""
    horizon = max(group.alone.horizon, group.operated.horizon)
    box = _Box(left=_LEFT, right=_WIDTH - 10, top=_TOP, bottom=_HEIGHT - _BOTTOM, horizon=horizon)
    lines = tuple(
        Line(name=name, path=box.path(curve), band=box.band(curve), label_y=box.y(curve.steps[-1][1].value))
        for name, curve in ((OPERATED, group.operated), (ALONE, group.alone))
    )
    step = next(step for step in (1, 2, 7, 10, 14, 30, 60, 90, 400) if horizon / step <= 10)
    return Chart(
        lines=lines,
        days=tuple((box.x(day), str(day)) for day in range(0, int(horizon) + 1, step)),
        shares=tuple((box.y(share / 100), f"{share} %") for share in (0, 25, 50, 75, 100)),
    )


def small_path(curve: Curve) -> str:
    """The SVG path of a curve in a cell of a table, which is 150 wide and 34 high."""
    return _Box(left=1, right=_SMALL_WIDTH, top=2, bottom=_SMALL_HEIGHT - 2, horizon=curve.horizon).path(curve)


@dataclass(frozen=True, kw_only=True)
class _Box:
    """Where a curve is drawn: days go from left to right, shares from bottom to top."""

    left: float
    right: float
    top: float
    bottom: float
    horizon: float

    def x(self, day: float) -> float:
        return round(self.left + (self.right - self.left) * day / (self.horizon or 1), 1)

    def y(self, share: float) -> float:
        return round(self.bottom - (self.bottom - self.top) * share, 1)

    def path(self, curve: Curve) -> str:
        return "M" + " L".join(self._corners(curve, [share.value for _, share in curve.steps]))

    def band(self, curve: Curve) -> str:
        """Between the ends of the interval."""
        upper = self._corners(curve, [share.high for _, share in curve.steps])
        lower = self._corners(curve, [share.low for _, share in curve.steps])
        return "M" + " L".join([*upper, *reversed(lower)]) + " Z"

    def _corners(self, curve: Curve, heights: Sequence[float]) -> list[str]:
        days = [day for day, _ in curve.steps]
        until = [*days[1:], curve.horizon]
        corners = zip(days, until, heights, strict=True)
        return [f"{self.x(x)},{self.y(height)}" for day, end, height in corners for x in (day, end)]


def write_html(file: Path, groups: Sequence[Group], plan: Plan) -> None:
    """One document that loads nothing and needs no script."""
    new = file.with_name(f"{file.name}.new")
    page = _environment().get_template("endurance.html.j2")
    page.stream(groups=groups, plan=plan, css=stylesheet("campaign.css")).dump(str(new), encoding="utf-8")
    os.replace(new, file)


@cache
def _environment() -> Environment:
    environment = page_environment()
    environment.globals.update(
        plural=plural,
        chart_of=chart_of,
        small_path=small_path,
        confidence=f"{100 * CONFIDENCE:.0f} %",
        alone=ALONE,
        operated=OPERATED,
    )
    environment.filters.update(share=share_text, days=days_text, kind=kind_text)
    return environment


def share_text(share: Share | None) -> str:
    """``85 % (70 to 93)``."""
    return "—" if share is None else f"{100 * share.value:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def days_text(days: float | None, none: str = "—") -> str:
    """``3.5 d``; below a day hours or minutes."""
    if days is None:
        return none
    if days >= 1:
        return f"{days:.1f} d"
    return f"{days * 24:.1f} h" if days * 24 >= 1 else f"{days * 24 * 60:.0f} min"


def kind_text(kind: str) -> str:
    """A kind of fault in words."""
    return kind.replace("_", " ") or "no fault before it"


def terminal_lines(groups: Sequence[Group]) -> Iterator[str]:
    """For people who look rather than read: the shares, and what ended autonomy."""
    for group in groups:
        yield _heading(group)
        yield f"  {'lives that need':<18}{ALONE:<22}{OPERATED}"
        for label, alone, operated in _rows(group):
            yield f"  {label:<18}{alone:<22}{operated}"
        yield from _ended_by(group)
    if not groups:
        yield "no life has a verdict: nothing is said"


def _heading(group: Group) -> str:
    lives = f"{plural(group.alone.lives, 'life', 'lives')} of {group.alone.horizon:.0f} days"
    faults = f"in half of them {plural(int(group.median_faults), 'kind')} of fault struck, or more"
    left_out = f"; {plural(group.unjudged, 'life', 'lives')} without a verdict left out" if group.unjudged else ""
    return f"{group.name}: {lives}; {faults}{left_out}"


def _rows(group: Group) -> Iterator[tuple[str, str, str]]:
    for day in group.marks:
        yield f"after {day} days", share_text(group.alone.at(day)), share_text(group.operated.at(day))
    never = "more than half never"
    yield "half of them by", days_text(group.alone.median, never), days_text(group.operated.median, never)


def _ended_by(group: Group) -> Iterator[str]:
    for ending in group.endings[:_FEW]:
        yield f"  {ending.lives:>3} first called by {ending_text(ending)}"
    if len(group.endings) > _FEW:
        yield f"      and {plural(len(group.endings) - _FEW, 'other cause')}"


def ending_text(ending: Ending) -> str:
    """The kind of fault, and what called."""
    return f"{kind_text(ending.kind)} ({ending.what})"


def render_markdown(groups: Sequence[Group]) -> str:
    """For a CI's summary."""
    lines = ["## Endurance", ""]
    for group in groups:
        lines += [f"### {plain(_heading(group))}", "", *table(("", ALONE, OPERATED), _rows(group)), ""]
        lines += [*table(("first called by", "lives"), ((ending_text(one), one.lives) for one in group.endings)), ""]
        lines += [
            *table(
                ("kind of fault", "lives it struck", "an operator", "an engineer", "half of them after"),
                (_kind_row(kind) for kind in group.kinds),
            ),
            "",
        ]
    return within_step_summary(lines)


def _kind_row(kind: Kind) -> tuple[object, ...]:
    return (kind_text(kind.name), kind.lives, kind.called, kind.engineers, days_text(kind.median_days))
