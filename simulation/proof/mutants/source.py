"""Every mutant of a source file: one small change of its code, as a programmer's slip would make it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|ORDER BY|VALUES|RETURNING|JOIN|SET)\b")
_NAMES = frozenset(("TypeVar", "getLogger", "NewType", "ParamSpec"))
"""Functions whose arguments are names for people alone."""
SAME = {
    "answers": "what the OpenAPI document lists of a route's answers; a test holds it against what is answered",
    "get_args": "the codes that the OpenAPI document lists; a test holds it against what is answered",
    "lru_cache": "how many results are kept costs memory and time; each is the same, kept or made anew",
}
"""Functions → why nobody can tell a change of what they are given from outside."""
_SECURITY = "only the OpenAPI document names the scheme by which an endpoint lets callers in; admission is tested"
"""Why nobody can tell which ``security`` a blueprint's ``routes`` are declared with."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change of one file.

    :param file: relative to the package that is mutated. :param line: of the statement, from 1.
    :param function: qualified; empty at the top of the module.
    :param number: which of the file's mutants it is; only valid for the same text of the file.
    """

    file: str
    line: int
    function: str
    before: str
    after: str
    number: int
    same: str = field(default="", compare=False)
    """Why nobody can tell it from the original, where its kind says so (:data:`SAME`)."""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What stays the same when lines above it are added or taken away."""
        return self.file, self.function, self.before, self.after

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function or '(module)'}: {_short(self.before)} → {_short(self.after)}"


def mutants_of(text: str, *, file: str) -> tuple[Mutant, ...]:
    """All mutants of the source ``text``, in the order of the text."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    return tuple(
        Mutant(
            file=file,
            line=change.line,
            function=change.function,
            before=wrapper.module.code_for_node(change.old).strip(),
            after=wrapper.module.code_for_node(change.new).strip(),
            number=number,
            same=change.same,
        )
        for number, change in enumerate(_changes(wrapper))
    )


def mutated(text: str, mutant: Mutant) -> str:
    """The source with the change made.

    :param text: the text of which the mutant was made.
    """
    wrapper = MetadataWrapper(cst.parse_module(text))
    change = _changes(wrapper)[mutant.number]
    module = wrapper.module.deep_replace(change.old, change.new)
    assert isinstance(module, cst.Module)
    return module.code


def sources(package: Path) -> Iterator[tuple[str, str]]:
    """Name (relative to the package) and text of each of its files; migrations that were carried out never change."""
    for path in sorted(package.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        yield path.relative_to(package).as_posix(), path.read_text(encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class _Change:
    old: cst.CSTNode
    new: cst.CSTNode
    line: int
    function: str
    same: str


def _changes(wrapper: MetadataWrapper) -> list[_Change]:
    visitor = _Visitor()
    wrapper.visit(visitor)
    return visitor.changes


class _Visitor(cst.CSTVisitor):
    """Collects the changes that are worth a run: none of annotations and docstrings.

    Mutmut's own walk leaves out decorated functions, since it keeps every mutant in one module; here a mutant has a
    copy of the source to itself, so the routes and properties of the platform are not left out.
    """

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.changes: list[_Change] = []
        self._within: list[str] = []
        self._lines: list[int] = []
        self._same: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _beside_the_code(node):
            return False
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self._within.append(node.name.value)
        if isinstance(node, (cst.BaseCompoundStatement, cst.SimpleStatementLine)):
            self._lines.append(self.get_metadata(PositionProvider, node).start.line)
        if (why := _why_same(node)) is not None:
            self._same.append(why)
        for new in _slips(node):
            self.changes.append(
                _Change(
                    old=node,
                    new=new,
                    line=self._lines[-1] if self._lines else 1,
                    function=".".join(self._within),
                    same=self._same[-1] if self._same else "",
                )
            )
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if _beside_the_code(original_node):
            return
        if isinstance(original_node, (cst.FunctionDef, cst.ClassDef)):
            self._within.pop()
        if isinstance(original_node, (cst.BaseCompoundStatement, cst.SimpleStatementLine)):
            self._lines.pop()
        if _why_same(original_node) is not None:
            self._same.pop()


def _why_same(node: cst.CSTNode) -> str | None:
    match node:
        case cst.Call(func=cst.Name(value=name)) if name in SAME:
            return SAME[name]
        case cst.Arg(keyword=cst.Name(value="security")):
            return _SECURITY
        case cst.Dict() if node.elements and all(map(_is_status, node.elements)):
            return SAME["answers"]
    return None


def _is_status(element: cst.BaseDictElement) -> bool:
    """Whether it lists error codes of an HTTP status."""
    match element:
        case cst.DictElement(key=cst.Integer(value=value)):
            return 400 <= int(value) < 600
    return False


def _slips(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from (new for new in operator(node) if not _same_statement(node, new))
    # Mutmut has no operator for a thing left undone, which is how money is lost most often.
    if isinstance(node, cst.Expr) and isinstance(node.value, (cst.Call, cst.Await)):
        yield cst.Pass()


def _same_statement(old: cst.CSTNode, new: cst.CSTNode) -> bool:
    """Whether only the case of letters changed in SQL that quotes no value: the same statement for PostgreSQL."""
    if not (isinstance(old, cst.SimpleString) and isinstance(new, cst.SimpleString)):
        return False
    words = old.raw_value
    return bool(_SQL.search(words)) and "'" not in words and words.lower() == new.raw_value.lower()


def _beside_the_code(node: cst.CSTNode) -> bool:
    match node:
        case cst.Annotation() | cst.Import() | cst.ImportFrom():
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
        case cst.Call(func=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name))) if name in _NAMES:
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
        case cst.Decorator(decorator=cst.Call(func=cst.Name(value="dataclass"))):
            return True  # whether records allow to be changed shows only where something tries to change one
    return False


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
