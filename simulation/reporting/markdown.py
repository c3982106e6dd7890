"""Writing Markdown around text from the run, escaped so that nothing in it becomes markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from simulation.checks.base import Finding
from simulation.reporting.text import finding_lines
from simulation.reporting.times import Calendar

_SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
"""Characters that begin or end markup; an underscore within a word does not."""

_MOST_BYTES = 900_000


def plain(text: object) -> str:
    """The text escaped and on one line, for a paragraph, a list item or a table cell."""
    one_line = " ".join(str(text).split())
    return html.escape(_SPECIAL.sub(lambda found: "\\" + found[0], one_line), quote=False)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a Markdown table; the cells of ``rows`` are escaped."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return lines + [f"| {' | '.join(map(plain, row))} |" for row in rows]


def within_step_summary(lines: Sequence[str]) -> str:
    """The lines as one page, cut to fit a GitHub step summary: GitHub drops a summary of more than 1 MiB."""
    text = "\n".join(lines) + "\n"
    if len(text.encode()) <= _MOST_BYTES:
        return text
    kept = text.encode()[:_MOST_BYTES].decode(errors="ignore").rpartition("\n")[0]
    return f"{kept}\n\n_The rest is left out here, for a page of more than {_MOST_BYTES:,} bytes is not shown._\n"


def finding_list(findings: Iterable[Finding], calendar: Calendar) -> list[str]:
    """An item for each finding, its details as items below it."""
    lines = (line for finding in findings for line in finding_lines(finding, calendar))
    return [f"  - {plain(line)}" if line.startswith(" ") else f"- {plain(line)}" for line in lines]
