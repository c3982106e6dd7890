"""Files and line numbers of flaws."""

from __future__ import annotations

from pathlib import Path

from simulation.runbook_lint.markdown_links import MarkdownPage


def split_place(place: str) -> tuple[Path, int]:
    """Split a ``file:line`` of the project's errors; line 1 when none is given."""
    file, _, line = place.rpartition(":")
    return (Path(file), int(line)) if file and line.isdigit() else (Path(place), 1)


def line_starting(page: MarkdownPage, start: str) -> int:
    """Number of the first line that begins with ``start``; 1 when none does."""
    lines = enumerate(page.text.splitlines(), start=1)
    return next((number for number, line in lines if line.startswith(start)), 1)
