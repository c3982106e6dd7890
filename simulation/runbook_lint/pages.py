"""Rules RB050 to RB053: links, anchors and the index."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from simulation.documents.text import read_text
from simulation.paths import ROOT
from simulation.runbook_lint.markdown_links import MarkdownLink, MarkdownPage
from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule, project_rule
from simulation.words import plural

_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:")
_CODE = re.compile(r"`([^`]+)`")


@book_rule("RB050", "Every link leads to a file, and to an anchor that there is")
def links_resolve(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    return _dead_links(book.page)


@project_rule("RB051", "Every link of the index leads somewhere")
def links_of_the_index_resolve(material: Material) -> Iterator[Flaw]:
    for flaw in _dead_links(material.index):
        yield Flaw(file=material.index.file, line=flaw.line, message=flaw.message, remedy=flaw.remedy)


@book_rule("RB052", "Every runbook has one row of the index, with its alert and scenarios that there are")
def index_has_a_row(book: RunbookSet, material: Material) -> Iterator[Flaw]:
    rows = [row for row in material.index.text.splitlines() if row.startswith("|") and f"({book.file.name})" in row]
    if len(rows) != 1:
        yield Flaw(
            line=1,
            message=f"the index has {plural(len(rows), 'row')} for this runbook",
            remedy=f"give it one row in {material.index.file.name}: alert, severity, runbook, failure, scenario",
        )
        return
    if book.runbook is not None and book.runbook.alert is not None and book.runbook.alert not in rows[0]:
        yield Flaw(line=1, message=f"its row of the index does not name {book.runbook.alert}", remedy="name the alert")
    named = _CODE.findall(rows[0].rstrip("| ").rpartition("|")[2])
    if not named:
        yield Flaw(line=1, message="its row of the index names no scenario", remedy="end the row with `<scenario>`")
    for scenario in named:
        if not _is_scenario(scenario, book, material):
            yield Flaw(
                line=1, message=f"its row names the scenario {scenario!r}, which does not exist", remedy="name one"
            )


@book_rule("RB053", "No runbook sends its reader to another one: each is self-contained")
def self_contained(book: RunbookSet, material: Material) -> Iterator[Flaw]:
    for link in book.page.links:
        if _file(link, book.page).name.removesuffix(".md") in material.names - {book.file.stem}:
            yield Flaw(
                line=link.line,
                message=f"the link {link.target!r} leads to another runbook",
                remedy="write the steps here; or escalate, and let the alert lead there",
            )


def _dead_links(page: MarkdownPage) -> Iterator[Flaw]:
    for link in page.links:
        path, _, anchor = link.target.partition("#")
        if _ELSEWHERE.match(link.target):
            continue
        target = page.file if not path else _file(link, page)
        if not os.path.exists(target):  # a name may be too long to ask for
            yield Flaw(line=link.line, message=f"the link {link.target!r} leads nowhere", remedy="correct the path")
        elif anchor and target.suffix == ".md" and anchor not in _page(target, page).anchors:
            yield Flaw(
                line=link.line,
                message=f"{target.name} has no heading for #{anchor}",
                remedy="name a heading in lower case, hyphens for blanks",
            )


def _page(target: Path, page: MarkdownPage) -> MarkdownPage:
    return page if target == page.file else MarkdownPage(file=target, text=read_text(target, kind="a page"))


def _file(link: MarkdownLink, page: MarkdownPage) -> Path:
    return page.file.parent / link.target.partition("#")[0]


def _is_scenario(name: str, book: RunbookSet, material: Material) -> bool:
    """Whether ``name`` is a scenario's name or file, or the folder of runbook scenarios with one for this book."""
    folder = material.scenarios_folder
    if name.rstrip("/") == f"{folder.name}/runbooks":
        return material.scenario_file(book.file.stem).is_file()
    return any(os.path.isfile(file) for file in (folder / f"{name}.yaml", ROOT / name, folder.parent / name))
