"""What can be wrong with an expression: not understood when it is loaded, or impossible on the data at hand."""

from __future__ import annotations


class UnsupportedExpression(Exception):
    """Not PromQL, or PromQL that is not understood; the message names the part and its column."""


class EvaluationError(Exception):
    """Prometheus, too, gives an error and no result: the message is the reason, as it words it."""
