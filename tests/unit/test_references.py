"""Whatever document, section, path or name a docstring, comment or page speaks of is there."""

from __future__ import annotations

import ast
import importlib
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from simulation.paths import ROOT

_FOLDERS = ("simulation", "tests", "fixtures", "scenarios", ".ci", ".github")
_PAGES = {".md", ".sql", ".toml", ".yml", ".yaml", ".sh", ".js", ".j2"}
_NOT_OURS = ("fixtures/releases/v", "tests/targets/node_backend/node_modules")
_OF_RUNS = ("campaign.md", "coverage.md", "postmortem.md", "summary.md")
"""Documents that a run leaves; README says so."""

_DOCUMENT = re.compile(r"(?<![\w/.-])((?:[\w.-]+/)*[\w-]+\.md)\b")
_PATH = re.compile(r"(?<![\w/.-])((?:simulation|tests|fixtures|scenarios)/[\w./-]*[\w/])(?![\w*<{$])")
_ROLE = re.compile(r":(?:mod|class|func|data|meth|exc|attr):`~?(simulation\.[\w.]+)`")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


_ANY = re.compile(rf"{_DOCUMENT.pattern}|{_PATH.pattern}|{_ROLE.pattern}")
"""Where it does not match there is nothing to look at, and most files need not be parsed."""


def texts() -> Iterator[tuple[Path, str]]:
    """Everything that people read: of Python files the docstrings and comments, of others all."""
    found = [file for folder in _FOLDERS for file in (ROOT / folder).rglob("*") if (ROOT / folder).is_dir()]
    for file in sorted([*found, ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"]):
        name = str(file.relative_to(ROOT))
        if name.startswith(_NOT_OURS) or "__pycache__" in name:
            continue
        if file.suffix == ".py":
            source = file.read_text(encoding="utf-8")
            if _ANY.search(source):
                yield file, "\n".join(spoken(source))
        elif file.suffix in _PAGES or file.name == "Makefile":
            yield file, file.read_text(encoding="utf-8")


def spoken(source: str) -> Iterator[str]:
    """Docstrings, the strings that stand under attributes, and comments."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    if not re.search(rf"#.*(?:{_ANY.pattern})", source):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("#")


@cache
def all_texts() -> list[tuple[Path, str]]:
    return list(texts())


@cache
def headings(document: Path) -> frozenset[str]:
    """The headings of a document, as written and as anchors."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(found)


@cache
def anchors(document: Path) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(document)}


def document_of(name: str, speaker: Path) -> Path | None:
    return next((file for file in (ROOT / name, speaker.parent / name) if file.is_file()), None)


def sections_after(text: str) -> list[str]:
    """What is named right behind a document: ``(A, B)``, ``(A; B)``, ``, A``, ``14``, ``8 to 12``."""
    text = " ".join(text.lstrip("`").split())
    if listed := re.match(r" ?\(([^)]*)\)", text):
        return split_sections(listed[1])
    if named := re.match(r", \"?([A-Z0-9][^)\".;\n]*)", text):
        return split_sections(named[1])
    numbers = re.match(r" (\d+(?:(?:, | to | and )\d+)*)", text)
    return re.findall(r"\d+", numbers[1]) if numbers else []


def split_sections(listed: str) -> list[str]:
    """A colon ends a section that is explained, ``Faults: it must converge``, but not ``06A: Completion``."""
    return [re.sub(r"^((?:\d\dA?B?C?: )?[^:]+).*", r"\1", part).strip(' "') for part in listed.split("; ")]


@cache
def is_section(document: Path, section: str) -> bool:
    known = headings(document)
    if section in known:
        return True
    text = document.read_text(encoding="utf-8")
    if re.fullmatch(r"[A-Z]-\d+", section):
        return f"\n| {section} |" in text
    if section.isdigit():
        return re.search(rf"^{section}\. ", text, re.MULTILINE) is not None
    head, _, rest = section.partition(", ")
    while rest:
        if is_section(document, head):
            return is_section(document, rest)
        more, _, rest = rest.partition(", ")
        head = f"{head}, {more}"
    return False


def test_every_document_and_section_that_is_named_exists() -> None:
    wrong = []
    for speaker, text in all_texts():
        for found in _DOCUMENT.finditer(text):
            document = document_of(found[1], speaker)
            if speaker.suffix == ".md" and text[found.end() :].startswith(("](", ")", "#")):
                continue  # a link is looked at below
            if document is None and not found[1].endswith(_OF_RUNS):
                wrong.append(f"{speaker.relative_to(ROOT)}: {found[1]}")
            if document is None:
                continue
            wrong += [
                f"{speaker.relative_to(ROOT)}: {found[1]} ({section})"
                for section in sections_after(text[found.end() :])
                if not is_section(document, section)
            ]
    assert wrong == []


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    wrong = []
    for page, text in all_texts():
        for target, anchor in _LINK.findall(text) if page.suffix == ".md" else ():
            file = (page.parent / target) if target else page
            if target.startswith(("http:", "https:")):
                continue
            if not file.exists() or (anchor and anchor not in anchors(file)):
                wrong.append(f"{page.relative_to(ROOT)}: {target}#{anchor}")
    assert wrong == []


def test_every_path_and_name_of_the_code_exists() -> None:
    wrong = []
    for file, text in all_texts():
        paths = {path.rstrip(".") for path in _PATH.findall(text)}
        missing = [path for path in paths if not (ROOT / path).exists()]
        missing += [role for role in set(_ROLE.findall(text)) if not is_there(role)]
        wrong += [f"{file.relative_to(ROOT)}: {name}" for name in sorted(missing)]
    assert wrong == []


@cache
def is_there(dotted: str) -> bool:
    """Whether a module, class, function or attribute can be reached by its name."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            annotated = getattr(found, "__annotations__", {})
            if not hasattr(found, part) and part not in annotated:
                return False
            found = getattr(found, part, None)
        return True
    return False


def test_the_design_describes_every_package_and_no_other() -> None:
    design = (ROOT / "simulation/DESIGN.md").read_text()
    layout = design.partition("\n## Layout\n")[2].partition("\n## ")[0]
    described = re.findall(r"`([\w./]+)`", "\n".join(re.findall(r"^\| (`[^|]*) \|", layout, re.MULTILINE)))
    here = {
        f"{item.name}/" if item.is_dir() else item.name
        for item in (ROOT / "simulation").iterdir()
        if item.name not in {"__init__.py", "__main__.py", "__pycache__", "py.typed", "DESIGN.md"}
    }
    assert sorted(described) == sorted(here)


def test_the_readme_says_why_each_dependency_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[^\w-]", dependency)[0] for dependency in project["dependencies"]]
    explained = (ROOT / "README.md").read_text().partition("\n## Dependencies")[2].partition("\n## ")[0]
    packages = re.findall(r"[\w-]+", " ".join(re.findall(r"^\| ([^|]*) \|", explained, re.MULTILINE)))
    assert sorted(set(names) - set(packages)) == []


def test_every_term_of_the_glossary_is_used() -> None:
    glossary = (ROOT / "fixtures/spec/glossary.md").read_text()
    terms = [term for term in re.findall(r"^\| ([a-z -]+) \| ", glossary, re.MULTILINE) if term != "term"]
    used = "\n".join(file.read_text() for file in (ROOT / "simulation").rglob("*.py")).lower()
    assert len(terms) > 70
    stems = {term: re.sub(r"[ -]", r"[ _-]?", term) for term in terms}
    assert [term for term, stem in stems.items() if not re.search(stem, used)] == []
