"""``sabotage.html``: planted defects against checks, in one self-contained file that reads without scripts."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from simulation.reporting.html import page_environment, stylesheet
from simulation.reporting.times import duration
from simulation.sabotage.report_matrix import Matrix
from simulation.words import plural

_MARKS = {"named": "●", "silent": "✗", "beside": "○", "": ""}
_WORDS = {
    "named": "caught it, as named",
    "silent": "should have caught it and did not",
    "beside": "found something too",
    "": "",
}


def render_html(matrix: Matrix) -> str:
    """The whole document."""
    return _environment().get_template("sabotage.html.j2").render(matrix=matrix, css=stylesheet("sabotage.css"))


@cache
def _environment() -> Environment:
    environment = page_environment()
    environment.globals.update(marks=_MARKS, words=_WORDS, after=_after, plural=plural)
    return environment


def _after(seconds: int | None) -> str:
    if seconds is None:
        return "–"
    return "at once" if seconds == 0 else duration(seconds)
