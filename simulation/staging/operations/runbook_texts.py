"""The runbooks in force, as files: read anew for each request, so that nobody is shown another version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PAGES = "/admin/runbooks"
"""Where their pages are; each has its name below it."""
GUIDE = "README"
_MARK = "---\n"


@dataclass(frozen=True, kw_only=True)
class RunbookText:
    """One runbook. ``body``: its Markdown below the title. ``purpose``: the alert, or the occasion of the task."""

    name: str
    version: str
    date: str
    title: str
    purpose: str
    is_for_alert: bool
    roles: tuple[str, ...]
    body: str


class RunbookTexts:
    """:param folder: has ``<name>.md`` for each runbook and ``README.md``, how to follow one; empty: none are shown."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None

    def names(self) -> tuple[str, ...]:
        """Of all runbooks, sorted."""
        if self._folder is None:
            return ()
        return tuple(sorted(file.stem for file in self._folder.glob("*.md") if file.stem != GUIDE))

    def page(self, name: str | None) -> str | None:
        """The address of a runbook's page; None if there is no such runbook here."""
        return f"{PAGES}/{name}" if name in self.names() else None

    def find(self, name: str) -> RunbookText | None:
        """The runbook of that name; None if there is none."""
        return _runbook(self._read(name)) if name in self.names() else None

    def guide(self) -> str:
        """How to follow one, with the index: Markdown. Empty if there is none."""
        return "" if self._folder is None or not (self._folder / f"{GUIDE}.md").exists() else self._read(GUIDE)

    def _read(self, name: str) -> str:
        assert self._folder is not None, "there is a folder where there are names"
        return (self._folder / f"{name}.md").read_text(encoding="utf-8")


def _runbook(text: str) -> RunbookText:
    _, front, rest = text.split(_MARK, 2)
    about: Mapping[str, Any] = yaml.safe_load(front)
    title, _, body = rest.strip().partition("\n")
    alert = about.get("alert")
    return RunbookText(
        name=about["name"],
        version=str(about["version"]),
        date=str(about["date"]),
        title=title.removeprefix("#").strip(),
        purpose=alert or about["trigger"],
        is_for_alert=alert is not None,
        roles=tuple(about["roles"]),
        body=body.strip(),
    )
