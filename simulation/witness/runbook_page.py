"""A runbook as the platform's page shows it, as a person reads it: name, version, what is to be typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from pydantic import JsonValue

_OPENS = re.compile(r'"runbook_name": "(\w+)", "runbook_version": "([^"]*)"')
_FACTS = ("Runbook", "Version")


def shown_runbook(page: str) -> dict[str, JsonValue]:
    """``name``, ``version``, ``opens`` (which runbook and version the command above the first section opens an
    execution of) and ``commands`` of the steps, in order."""
    read = _Page()
    read.feed(page)
    read.close()
    opens = _OPENS.search("\n".join(read.before))
    return documented_runbook(
        name=read.facts.get("Runbook", ""),
        version=read.facts.get("Version", ""),
        opens=f"{opens[1]} {opens[2]}" if opens else "",
        commands=[command.strip() for command in read.commands],
    )


def documented_runbook(*, name: str, version: str, opens: str, commands: Sequence[str]) -> dict[str, JsonValue]:
    """The same of the runbook that the operator follows."""
    return {"name": name, "version": version, "opens": opens, "commands": list(commands)}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.facts: dict[str, str] = {}
        self.before: list[str] = []
        """Commands above the first section."""
        self.commands: list[str] = []
        self._fact = ""
        self._taking: list[str] | None = None
        self._in_sections = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_sections |= tag == "h2"
        if tag in ("dt", "dd") or (tag == "pre" and dict(attrs).get("class") == "command"):
            self._taking = []

    def handle_data(self, data: str) -> None:
        if self._taking is not None:
            self._taking.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("dt", "dd", "pre") or self._taking is None:
            return
        text, self._taking = "".join(self._taking), None
        if tag == "pre":
            (self.commands if self._in_sections else self.before).append(text)
        elif tag == "dt":
            self._fact = text.strip()
        elif self._fact in _FACTS:
            self.facts[self._fact] = text.strip()
