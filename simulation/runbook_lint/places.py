"""Where a flaw is, from what other readers say of their places."""

from __future__ import annotations

from pathlib import Path

from simulation.runbook_lint.markdown_links import MarkdownPage


def split_place(place: str) -> tuple[Path, int]:
    """``file:line`` as the project's errors have it; line 1 where none is named."""
    file, _, line = place.rpartition(":")
    return (Path(file), int(line)) if file and line.isdigit() else (Path(place), 1)


def line_starting(page: MarkdownPage, start: str) -> int:
    """The first line of the page that begins so, 1 when none does."""
    lines = enumerate(page.text.splitlines(), start=1)
    return next((number for number, line in lines if line.startswith(start)), 1)
