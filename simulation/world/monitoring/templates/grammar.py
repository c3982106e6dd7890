"""Go templates, parsed: text and actions between ``{{`` and ``}}``."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

_ACTION = re.compile(r"\{\{(?P<trim>- )?(?P<body>.*?)(?P<trim_after> -)?\}\}", re.DOTALL)
_COMMENT = re.compile(r"\s*/\*.*\*/\s*", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?P<char>'(?:[^'\\]|\\.)+')|(?P<number>[-+]?(?:0[xX][\da-fA-F]+|\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?|\.\d+))
    |(?P<variable>\$\w*)|(?P<field>\.\w+)|(?P<word>[^\W\d]\w*)|(?P<sign>:=|=|\(|\)|\||,|\.))""",
    re.VERBOSE,
)


_LONGEST, _DEEPEST = 100_000, 50


class TemplateError(Exception):
    """A template is not Go's, or beyond what is understood; or it cannot be carried out."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Variable:
    """``$name``, or the whole of the data (``$``)."""

    name: str


@dataclass(frozen=True)
class Dot:
    """The value that ``with`` or ``range`` is at."""


@dataclass(frozen=True)
class Fields:
    """Fields of a value: ``.Labels.instance``."""

    of: Term
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A function by its name, with its operands."""

    name: str
    operands: tuple[Term, ...]


@dataclass(frozen=True)
class Pipe:
    """Commands of which each gets the result of the one before as its last operand."""

    commands: tuple[Term, ...]


Term: TypeAlias = Literal | Variable | Dot | Fields | Call | Pipe


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Show:
    """A pipeline whose result is shown, or kept under ``names``."""

    pipe: Pipe
    names: tuple[str, ...] = ()


@dataclass
class Block:
    """``if``, ``with`` or ``range``, and what comes otherwise."""

    kind: str
    head: Show
    body: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)
    chained: bool = False
    """Whether it stands for an ``else if`` and so ends with the block around it."""


Node: TypeAlias = Text | Show | Block


def parse_template(text: str) -> list[Node]:
    """:raises TemplateError: it is no template, or has ``define``, ``template`` or ``block``."""
    if len(text) > _LONGEST:
        raise TemplateError(f"longer than {_LONGEST:,} characters")
    top: list[Node] = []
    opened: list[tuple[Block, bool]] = []
    for piece in _pieces(text):
        place = _innermost(opened, top)
        if isinstance(piece, Text):
            place.append(piece)
            continue
        word, _, rest = piece.strip().partition(" ")
        if word in ("if", "with", "range"):
            block = Block(kind=word, head=_Reader(rest).statement())
            place.append(block)
            opened.append((block, False))
            if len(opened) > _DEEPEST:
                raise TemplateError(f"nested in more than {_DEEPEST} blocks")
        elif word in ("else", "end"):
            _turn(word, rest.strip(), opened)
        elif word in ("define", "template", "block", "break", "continue"):
            raise TemplateError(f"the action {word!r} is not known")
        else:
            place.append(_Reader(piece).statement())
    if opened:
        raise TemplateError(f"unexpected EOF: {{{{ {opened[-1][0].kind} }}}} has no {{{{ end }}}}")
    return top


def _innermost(opened: list[tuple[Block, bool]], top: list[Node]) -> list[Node]:
    if not opened:
        return top
    block, in_else = opened[-1]
    return block.otherwise if in_else else block.body


def _turn(word: str, rest: str, opened: list[tuple[Block, bool]]) -> None:
    """``else``, ``else if …`` or ``end``."""
    if not opened or (word == "else" and opened[-1][1]):
        raise TemplateError(f"unexpected {{{{ {word} }}}}")
    if word == "end":
        while opened.pop()[0].chained:
            pass
        return
    block, _ = opened.pop()
    opened.append((block, True))
    kind, _, head = rest.partition(" ")
    if rest:
        chained = Block(kind=kind, head=_Reader(head).statement(), chained=True)
        block.otherwise.append(chained)
        opened.append((chained, False))


def _pieces(text: str) -> Iterator[Text | str]:
    """Text, and the inside of actions; what the trim marks ask for is done, and comments are left out."""
    position, trim = 0, False
    for found in _ACTION.finditer(text):
        before = text[position : found.start()]
        before = before.lstrip() if trim else before
        yield Text(before.rstrip() if found["trim"] else before)
        if not _COMMENT.fullmatch(found["body"]):
            yield found["body"]
        position, trim = found.end(), bool(found["trim_after"])
    rest = text[position:]
    if "{{" in rest:
        raise TemplateError("unclosed action")
    yield Text(rest.lstrip() if trim else rest)


class _Reader:
    """Reads the inside of one action."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def statement(self) -> Show:
        names = self._declared()
        pipe = self._pipe()
        if self._at < len(self._tokens):
            raise TemplateError(f"unexpected {self._tokens[self._at][1].strip()!r} in action")
        return Show(pipe, names)

    def _declared(self) -> tuple[str, ...]:
        texts = [text for _, text in self._tokens[:4]]
        if len(texts) > 1 and texts[0].startswith("$") and texts[1] in (":=", "="):
            self._at = 2
            return (texts[0],)
        if len(texts) > 3 and texts[1] == "," and texts[3] == ":=":
            self._at = 4
            return texts[0], texts[2]
        return ()

    def _pipe(self) -> Pipe:
        commands = [self._command()]
        while self._peek() == "|":
            self._at += 1
            commands.append(self._command())
        return Pipe(tuple(commands))

    def _command(self) -> Term:
        operands: list[Term] = []
        while self._peek() not in ("", "|", ")"):
            operands.append(self._operand())
        if not operands:
            raise TemplateError("missing value for command")
        first, *rest = operands
        if isinstance(first, Call) and not first.operands:
            return Call(first.name, tuple(rest))
        if rest:
            raise TemplateError("can't give argument to non-function")
        return first

    def _operand(self) -> Term:
        kind, text = self._tokens[self._at]
        self._at += 1
        term: Term
        if kind == "string":
            term = Literal(text[1:-1] if text[0] == "`" else _unquoted(text))
        elif kind == "number":
            term = Literal(_number(text))
        elif kind == "char":
            term = Literal(ord(_unquoted(text)[:1] or " "))
        elif kind == "variable":
            term = Variable(text)
        elif kind == "field":
            term = Fields(Dot(), (text[1:],))
        elif kind == "word":
            term = Literal({"true": True, "false": False, "nil": None}[text]) if text in _CONSTANTS else Call(text, ())
        elif text == ".":
            term = Dot()
        elif text == "(":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise TemplateError(f"nested in more than {_DEEPEST} brackets")
            term = self._pipe()
            self._depth -= 1
            if self._peek() != ")":
                raise TemplateError("unclosed left paren")
            self._at += 1
        else:
            raise TemplateError(f"unexpected {text!r} in operand")
        return self._with_fields(term)

    def _with_fields(self, term: Term) -> Term:
        names: list[str] = []
        # A field belongs to the value before it only where no space is between them.
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "field_of":
            names.append(self._tokens[self._at][1][1:])
            self._at += 1
        return Fields(term, tuple(names)) if names else term

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""


_CONSTANTS = frozenset({"true", "false", "nil"})


def _unquoted(text: str) -> str:
    """A quoted text; its escapes are Go's, which are also Python's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return str(ast.literal_eval(text))
    except (SyntaxError, ValueError, Warning) as error:
        raise TemplateError(f"{text[:40]} has an escape that Go does not know") from error


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    return int(plain, 0) if re.fullmatch(r"[-+]?(0[xX][\da-fA-F]+|0|[1-9]\d*)", plain) else float(plain)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, text = 0, text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise TemplateError(f"unexpected {text[position:].strip()[:20]!r} in action")
        token = found[found.lastgroup]
        joined = found.lastgroup == "field" and position > 0 and found.start("field") == position
        yield ("field_of" if joined else found.lastgroup), token
        position = found.end()
