"""``report.html``: one file that loads nothing else, escapes all text, and can be read without JavaScript."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from simulation.reporting.parts.contests import STAGES
from simulation.reporting.times import duration
from simulation.reporting.view import Report
from simulation.reporting.words import listed, mark, money, ordinal, sums
from simulation.words import plural


def render_html(report: Report) -> str:
    """The whole document."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(report=report, css=_asset("report.css"), js=_asset("report.js"), when=report.calendar.when, iso=_iso)
    )


@cache
def _environment() -> Environment:
    environment = page_environment()
    environment.filters.update(money=money, sums=sums, duration=duration, ordinal=ordinal, listed=_listed)
    environment.globals.update(plural=plural, mark=mark, stages=STAGES)
    return environment


def _listed(things: object) -> str:
    return listed([str(thing) for thing in things]) if isinstance(things, (list, tuple)) else str(things)


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%MZ}"


def _asset(name: str) -> Markup:
    """Our own CSS or JavaScript, inlined unescaped: it contains no text from the run."""
    return Markup((files("simulation.reporting") / "assets" / name).read_text(encoding="utf-8"))  # noqa: S704


def stylesheet(own: str) -> Markup:
    """The report's style, and what a page has beside it. :param own: file in ``assets/``."""
    return _asset("report.css") + _asset(own)


def page_environment() -> Environment:
    """A new Jinja environment for ``templates/``; each page adds its own filters and globals."""
    return Environment(
        loader=PackageLoader("simulation.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
