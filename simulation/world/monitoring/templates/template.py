"""A text with a template, ready to be filled in for an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulation.world.monitoring.promql.errors import EvaluationError, UnsupportedExpression
from simulation.world.monitoring.promql.series import Point
from simulation.world.monitoring.templates.functions import FUNCTIONS, truth
from simulation.world.monitoring.templates.go_text import go_text
from simulation.world.monitoring.templates.grammar import (
    Block,
    Call,
    Dot,
    Fields,
    Literal,
    Node,
    Pipe,
    Show,
    TemplateError,
    Term,
    Text,
    Variable,
    parse_template,
)

Query = Callable[[str], Sequence[Point]]
"""Evaluates an expression at the instant of the alert."""
_CANNOT = (
    TemplateError, EvaluationError, UnsupportedExpression, TypeError, ValueError, ArithmeticError, LookupError,
    AttributeError,
)  # fmt: skip
"""What goes wrong when a function gets what it is not made for."""
_TOO_LONG = 1_000_000


class Template:
    """A parsed template. Raises :class:`TemplateError` for one that Go, too, or only we do not understand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes = parse_template(text)
        _check(self._nodes, {"$labels", "$value", "$externalLabels", "$externalURL", "$"})

    def filled(self, *, labels: Mapping[str, str], value: float, query: Query) -> str:
        """The text for an alert with these labels and this value. What cannot be carried out is shown as Prometheus
        shows it: ``<error expanding template: …>``."""
        data = {"Labels": dict(labels), "Value": value, "ExternalLabels": {}, "ExternalURL": ""}
        filling = _Filling(data, query)
        try:
            return filling.text(self._nodes, data)
        except _CANNOT as error:
            return f"<error expanding template: {error}>"


def _check(nodes: Sequence[Node], known: set[str]) -> None:
    """Functions and variables must be known, as Go demands when it parses."""
    known = set(known)
    for node in nodes:
        if isinstance(node, Text):
            continue
        head = node.head if isinstance(node, Block) else node
        _check_term(head.pipe, known)
        if isinstance(node, Block):
            _check(node.body, known | set(head.names))
            _check(node.otherwise, known | set(head.names))
        else:
            known.update(head.names)


def _check_term(term: Term, known: set[str]) -> None:
    if isinstance(term, Variable) and term.name not in known:
        raise TemplateError(f"undefined variable {term.name!r}")
    if isinstance(term, Call) and term.name not in FUNCTIONS and term.name != "query":
        raise TemplateError(f"function {term.name!r} not defined")
    inner: tuple[Term, ...] = ()
    if isinstance(term, Call):
        inner = term.operands
    elif isinstance(term, Pipe):
        inner = term.commands
    elif isinstance(term, Fields):
        inner = (term.of,)
    for one in inner:
        _check_term(one, known)


class _Filling:
    """One filling in of a template."""

    def __init__(self, data: Mapping[str, Any], query: Query) -> None:
        self._query = query
        self._names: dict[str, Any] = {
            "$": data,
            "$labels": data["Labels"],
            "$value": data["Value"],
            "$externalLabels": data["ExternalLabels"],
            "$externalURL": data["ExternalURL"],
        }

    def text(self, nodes: Sequence[Node], dot: Any) -> str:
        made = ""
        for node in nodes:
            made += self._one(node, dot)
            if len(made) > _TOO_LONG:
                raise TemplateError("the text is longer than a million characters")
        return made

    def _one(self, node: Node, dot: Any) -> str:
        if isinstance(node, Text):
            return node.text
        if isinstance(node, Show):
            value = self._value(node.pipe, dot)
            if not node.names:
                return go_text(value)
            self._names[node.names[0]] = value
            return ""
        return self._repeated(node, dot) if node.kind == "range" else self._chosen(node, dot)

    def _chosen(self, block: Block, dot: Any) -> str:
        value = self._value(block.head.pipe, dot)
        for name in block.head.names:
            self._names[name] = value
        if not truth(value):
            return self.text(block.otherwise, dot)
        return self.text(block.body, value if block.kind == "with" else dot)

    def _repeated(self, block: Block, dot: Any) -> str:
        values = self._value(block.head.pipe, dot)
        pairs = sorted(values.items()) if isinstance(values, Mapping) else list(enumerate(values or ()))
        if not pairs:
            return self.text(block.otherwise, dot)
        made = ""
        for pair in pairs:
            names = block.head.names
            self._names.update(zip(names, pair[-len(names) :] if names else (), strict=True))
            made += self.text(block.body, pair[1])
        return made

    def _value(self, term: Term, dot: Any) -> Any:
        if isinstance(term, Literal):
            return term.value
        if isinstance(term, Dot):
            return dot
        if isinstance(term, Variable):
            return self._names[term.name]
        if isinstance(term, Fields):
            return _field(self._value(term.of, dot), term.names)
        if isinstance(term, Call):
            return self._called(term.name, [self._value(one, dot) for one in term.operands])
        first, *rest = term.commands
        value = self._value(first, dot)
        for command in rest:
            if not isinstance(command, Call):
                raise TemplateError("a pipeline goes on with something that is no function")
            value = self._called(command.name, [*(self._value(one, dot) for one in command.operands), value])
        return value

    def _called(self, name: str, operands: list[Any]) -> Any:
        if name == "query":
            return [_sample(point) for point in self._query(str(operands[0]))]
        return FUNCTIONS[name](*operands)


def _field(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if not isinstance(value, Mapping):
            raise TemplateError(f"can't evaluate field {name} in type {type(value).__name__}")
        # A label that is not there is empty; every other mapping here has the fields of a Go struct.
        value = value[name] if name in value else ("" if _has_only_texts(value) else _no_field(name))
    return value


def _has_only_texts(value: Mapping[str, Any]) -> bool:
    return all(isinstance(one, str) for one in value.values())


def _no_field(name: str) -> Any:
    raise TemplateError(f"can't evaluate field {name}")


def _sample(point: Point) -> dict[str, Any]:
    return {"Labels": dict(point.labels), "Value": point.value}
