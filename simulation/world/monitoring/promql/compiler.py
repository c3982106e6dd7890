"""An expression's syntax tree, compiled into functions of an instant.

What is not understood is refused when the expression is loaded, before a run begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import promql_parser as promql

from simulation.prometheus_version import Dialect
from simulation.world.monitoring.promql import aggregation, binary, calls
from simulation.world.monitoring.promql.errors import EvaluationError, UnsupportedExpression
from simulation.world.monitoring.promql.instants import DATE_FUNCTIONS, VALUE_FUNCTIONS
from simulation.world.monitoring.promql.moment import Moment, ScalarOf, VectorOf, WindowsOf
from simulation.world.monitoring.promql.selectors import Reference, Selector, equal_labels, milliseconds
from simulation.world.monitoring.promql.series import Labels, Point, Window, nameless
from simulation.world.monitoring.promql.windows import WINDOW_FUNCTIONS

_NATIVE_HISTOGRAMS = frozenset({"histogram_avg", "histogram_count", "histogram_sum", "histogram_fraction"})
_RANKED = {"topk": True, "bottomk": False}
_SORTED = {"sort": False, "sort_desc": True}


def kind_of(node: Any) -> str:
    """``scalar``, ``vector``, ``matrix`` or ``string``."""
    if isinstance(node, promql.ParenExpr | promql.UnaryExpr):
        return kind_of(node.expr)
    if isinstance(node, promql.NumberLiteral):
        return "scalar"
    if isinstance(node, promql.StringLiteral):
        return "string"
    if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr):
        return "matrix"
    if isinstance(node, promql.Call):
        return str(node.func.return_type).rpartition(".")[2].lower()
    if isinstance(node, promql.BinaryExpr):
        return "scalar" if kind_of(node.lhs) == kind_of(node.rhs) == "scalar" else "vector"
    return "vector"


class Compiler:
    """Compiles for one version of Prometheus."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def rule(self, node: Any) -> VectorOf:
        """The vector that a rule is made of; a scalar is one element without labels.

        :raises UnsupportedExpression: a part is not understood, or the result is neither vector nor scalar.
        """
        kind = kind_of(node)
        if kind == "scalar":
            return _as_vector(self.scalar(node))
        if kind != "vector":
            raise UnsupportedExpression(f"the expression is a {kind}; a rule needs a vector or a scalar")
        return self.vector(node)

    def vector(self, node: Any) -> VectorOf:
        if isinstance(node, promql.ParenExpr):
            return self.vector(node.expr)
        if isinstance(node, promql.VectorSelector):
            return Selector(node, self._dialect).vector
        made: VectorOf
        if isinstance(node, promql.AggregateExpr):
            made = self._aggregation(node)
        elif isinstance(node, promql.BinaryExpr):
            made = self._binary(node)
        elif isinstance(node, promql.UnaryExpr):
            made = _negated(self.vector(node.expr))
        elif isinstance(node, promql.Call):
            made = self._call(node)
        else:
            raise UnsupportedExpression(f"{node} is a {type(node).__name__}, where a vector is needed")
        return _distinct(made)

    def scalar(self, node: Any) -> ScalarOf:
        if isinstance(node, promql.ParenExpr):
            return self.scalar(node.expr)
        if isinstance(node, promql.NumberLiteral):
            number = float(node.val)
            return lambda _: number
        if isinstance(node, promql.UnaryExpr):
            positive = self.scalar(node.expr)
            return lambda moment: -positive(moment)
        if isinstance(node, promql.BinaryExpr):
            return binary.of_scalars(self._operator(node), self.scalar(node.lhs), self.scalar(node.rhs))
        if isinstance(node, promql.Call):
            return self._scalar_call(node)
        raise UnsupportedExpression(f"{node} is a {type(node).__name__}, where a number is needed")

    def windows(self, node: Any) -> WindowsOf:
        if isinstance(node, promql.ParenExpr):
            return self.windows(node.expr)
        if isinstance(node, promql.MatrixSelector):
            return Selector(node.vector_selector, self._dialect).windows(node.range)
        if isinstance(node, promql.SubqueryExpr):
            return self._subquery(node)
        raise UnsupportedExpression(f"{node} is a {type(node).__name__}, where a range is needed")

    def _subquery(self, node: Any) -> WindowsOf:
        inner, reference, range_ms = self.rule(node.expr), Reference.of(node), milliseconds(node.range)
        step_ms = None if node.step is None else milliseconds(node.step)

        def evaluate(moment: Moment) -> list[Window]:
            end_ms, every_ms = reference.resolve(moment), step_ms or moment.step_ms
            start_ms = end_ms - range_ms
            first_ms = -(-start_ms // every_ms) * every_ms
            if self._dialect.left_open and first_ms == start_ms:
                first_ms += every_ms
            found: dict[Labels, Window] = {}
            for at_ms in range(first_ms, end_ms + 1, every_ms):
                for point in inner(moment.moved(at_ms)):
                    window = found.setdefault(point.labels, Window(point.labels, [], [], start_ms, end_ms))
                    window.times_ms.append(at_ms)
                    window.values.append(point.value)
            return list(found.values())

        return evaluate

    def _aggregation(self, node: Any) -> VectorOf:
        name, vector, grouping = str(node.op), self.vector(node.expr), _grouping(node.modifier)
        if name in aggregation.AGGREGATIONS:
            return aggregation.aggregated(name, vector, grouping)
        if name in aggregation.SPREADS:
            return aggregation.spreads(name, vector, grouping)
        if name == "quantile":
            return aggregation.quantiles(self.scalar(node.param), vector, grouping)
        if name in _RANKED:
            return aggregation.ranked(self.scalar(node.param), vector, grouping, largest_first=_RANKED[name])
        if name == "count_values":
            return aggregation.counted_values(_text(node.param), vector, grouping)
        raise UnsupportedExpression(f"{name}: Prometheus has it only as an experiment, behind a flag")

    def _binary(self, node: Any) -> VectorOf:
        symbol, modifier = str(node.op), node.modifier
        if modifier is not None and (modifier.fill_values.lhs, modifier.fill_values.rhs) != (None, None):
            raise UnsupportedExpression("fill: Prometheus has it only as an experiment, behind a flag")
        if symbol in binary.SETS:
            return binary.of_sets(symbol, self.vector(node.lhs), self.vector(node.rhs), _matching(modifier))
        applied = self._operator(node)
        if kind_of(node.lhs) == "scalar":
            scalar, vector = self.scalar(node.lhs), self.vector(node.rhs)
            return binary.of_vector_and_scalar(applied, vector, scalar, scalar_first=True)
        if kind_of(node.rhs) == "scalar":
            vector, scalar = self.vector(node.lhs), self.scalar(node.rhs)
            return binary.of_vector_and_scalar(applied, vector, scalar, scalar_first=False)
        return binary.of_vectors(applied, self.vector(node.lhs), self.vector(node.rhs), _matching(modifier))

    def _operator(self, node: Any) -> binary.Operator:
        as_bool = node.modifier is not None and node.modifier.return_bool
        return binary.Operator(symbol=str(node.op), as_bool=as_bool, name_with_atan2=self._dialect.atan2_keeps_name)

    def _scalar_call(self, node: Any) -> ScalarOf:
        name = node.func.name
        if name == "time":
            return lambda moment: moment.unix_seconds
        if name == "pi":
            return lambda _: 3.141592653589793
        if name == "scalar":
            return calls.scalar_of(self.vector(node.args[0]))
        raise _unknown(name)

    def _call(self, node: Any) -> VectorOf:
        name, arguments = node.func.name, list(node.args)
        if node.func.experimental:
            raise UnsupportedExpression(f"{name}: Prometheus has it only as an experiment, behind a flag")
        if name in WINDOW_FUNCTIONS:
            return self._window_call(name, arguments)
        if name in VALUE_FUNCTIONS:
            return calls.of_values(name, self.vector(arguments[0]), [self.scalar(one) for one in arguments[1:]])
        if name in DATE_FUNCTIONS:
            return calls.of_dates(name, self.vector(arguments[0]) if arguments else None)
        if name in _SORTED:
            return calls.ordered(self.vector(arguments[0]), descending=_SORTED[name])
        if name in _NATIVE_HISTOGRAMS:
            return calls.nothing(self.vector(arguments[-1]))
        if name in ("absent", "absent_over_time"):
            return self._absent(name, arguments[0])
        return self._label_call(name, arguments)

    def _label_call(self, name: str, arguments: Sequence[Any]) -> VectorOf:
        if name == "vector":
            return _as_vector(self.scalar(arguments[0]))
        if name == "timestamp":
            return self._timestamp(arguments[0])
        if name == "histogram_quantile":
            return calls.histogram_quantile(self.scalar(arguments[0]), self.vector(arguments[1]))
        texts = [_text(one) for one in arguments[1:]]
        if name == "label_replace":
            newline = self._dialect.dot_matches_newline
            return calls.label_replace(self.vector(arguments[0]), *texts, dot_matches_newline=newline)
        if name == "label_join":
            return calls.label_join(self.vector(arguments[0]), texts[0], texts[1], texts[2:])
        raise _unknown(name)

    def _window_call(self, name: str, arguments: Sequence[Any]) -> VectorOf:
        scalars = [self.scalar(one) for one in arguments if kind_of(one) == "scalar"]
        (windows,) = [self.windows(one) for one in arguments if kind_of(one) == "matrix"]
        return calls.over_window(name, windows, scalars)

    def _absent(self, name: str, node: Any) -> VectorOf:
        found = self.vector(node) if name == "absent" else self.windows(node)
        selector = getattr(_bare(node), "vector_selector", _bare(node))
        known = equal_labels(selector) if isinstance(selector, promql.VectorSelector) else ()
        return calls.absent(found, known)

    def _timestamp(self, node: Any) -> VectorOf:
        if not isinstance(_bare(node), promql.VectorSelector):
            vector = self.vector(node)
            return lambda moment: [Point(nameless(p.labels), moment.unix_seconds) for p in vector(moment)]
        return Selector(_bare(node), self._dialect).timestamps


def _bare(node: Any) -> Any:
    return _bare(node.expr) if isinstance(node, promql.ParenExpr) else node


def _text(node: Any) -> str:
    return str(_bare(node).val)


def _unknown(name: str) -> UnsupportedExpression:
    return UnsupportedExpression(f"{name}: no function of the Prometheus that is followed here")


def _grouping(modifier: Any) -> aggregation.Grouping:
    if modifier is None:
        return aggregation.Grouping()
    return aggregation.Grouping(by=str(modifier.type).endswith("By"), names=tuple(modifier.labels))


def _matching(modifier: Any) -> binary.Matching:
    if modifier is None:
        return binary.Matching()
    matching, many = modifier.matching, {"ManyToOne": "left", "OneToMany": "right"}
    return binary.Matching(
        on=matching is not None and str(matching.type).endswith("Include"),
        names=tuple(matching.labels) if matching is not None else (),
        many=many.get(str(modifier.card).rpartition(".")[2], ""),
        include=tuple(modifier.group_labels or ()),
    )


def _as_vector(scalar: ScalarOf) -> VectorOf:
    return lambda moment: [Point((), scalar(moment))]


def _negated(vector: VectorOf) -> VectorOf:
    return lambda moment: [Point(nameless(point.labels), -point.value) for point in vector(moment)]


def _distinct(vector: VectorOf) -> VectorOf:
    def calculate(moment: Moment) -> list[Point]:
        points = vector(moment)
        if len({point.labels for point in points}) < len(points):
            raise EvaluationError("vector cannot contain metrics with the same labelset")
        return points

    return calculate
