"""``model.py`` of a target folder: how this business turns scores into prizes, as a pure function.

.. code-block:: python

    def settle(entries, board, terms):
        return [{"user": entry["user"], "rank": 1, "score": 7, "prize_cents": 950} for entry in entries]

- ``entries``: paid entries, ``{"user": id, "roster": [player ids]}``, ordered by user;
- ``board``: the provider's last final board: player id → strokes of rounds 1 to 4, None for one without a card;
- ``terms``: ``entry_fee_cents``, ``payout_percent`` (place → percent, maybe with decimals), ``missed_round_strokes``,
  ``pool_cents`` (what is guaranteed counted).

It returns a placing for each entry: ``user``, ``rank``, ``score``, ``prize_cents`` (integers). What the prizes leave of
the pool is the business's: rake and what rounding leaves.

A history holds the text of its model, and judging it must neither harm nor surprise anybody: only a part of Python is
taken, without files, clocks, chance and names that begin with an underscore, and a model that does not end is stopped.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from types import FrameType
from typing import Any

from simulation.documents.refusal import suggest

Settle = Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any], Mapping[str, Any]], Any]
FUNCTION = "settle"
_MOST_LINES = 2_000_000
"""How many lines a model may execute for one contest. Counted, not timed: a verdict does not depend on the machine."""
_NAMES: Mapping[str, Mapping[str, Any]] = {
    "math": {"floor": math.floor, "ceil": math.ceil, "gcd": math.gcd, "prod": math.prod, "isqrt": math.isqrt},
    "fractions": {"Fraction": Fraction},
    "decimal": {
        "Decimal": Decimal,
        "ROUND_CEILING": ROUND_CEILING,
        "ROUND_DOWN": ROUND_DOWN,
        "ROUND_FLOOR": ROUND_FLOOR,
        "ROUND_HALF_EVEN": ROUND_HALF_EVEN,
        "ROUND_HALF_UP": ROUND_HALF_UP,
    },
    "itertools": {
        "accumulate": itertools.accumulate,
        "chain": itertools.chain,
        "groupby": itertools.groupby,
        "islice": itertools.islice,
        "pairwise": itertools.pairwise,
        "takewhile": itertools.takewhile,
        "dropwhile": itertools.dropwhile,
        "zip_longest": itertools.zip_longest,
    },
    "collections": {"Counter": Counter, "defaultdict": defaultdict},
}
"""Module → what a model may import from it (``from module import name``)."""
_BUILTINS = frozenset(
    {
        "False", "KeyError", "None", "True", "ValueError", "ZeroDivisionError", "abs", "all", "any", "bool", "dict",
        "divmod", "enumerate", "filter", "float", "frozenset", "int", "isinstance", "len", "list", "map", "max", "min",
        "range", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip",
    }
)  # fmt: skip
_STATEMENTS = (
    *(ast.Module, ast.FunctionDef, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.While, ast.If),
    *(ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.ImportFrom, ast.Raise, ast.Assert),
)
_METHODS = frozenset(
    {
        "add", "append", "clear", "copy", "count", "denominator", "difference", "discard", "elements", "endswith",
        "extend", "get", "index", "insert", "intersection", "issubset", "items", "join", "keys", "limit_denominator",
        "lower", "most_common", "numerator", "pop", "quantize", "remove", "reverse", "setdefault", "sort", "split",
        "startswith", "strip", "sum", "total", "union", "update", "upper", "values",
    }
)  # fmt: skip


class ModelError(ValueError):
    """A model that cannot be used. ``line``: in model.py, or 1."""

    def __init__(self, problem: str, *, line: int = 1, remedy: str = "correct it") -> None:
        super().__init__(f"model.py:{line}: {problem}")
        self.problem, self.line, self.remedy = problem, line, remedy


@lru_cache(maxsize=8)
def load_model(source: str) -> Settle:
    """The function ``settle`` of a model's text.

    :raises ModelError: it is no Python, does more than compute, or has no such function.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ModelError(f"is no Python: {getattr(error, 'msg', error)}", line=line) from error
    for node in ast.walk(tree):
        _refuse_more_than_computing(node)
    names: dict[str, Any] = {
        "__builtins__": {name: getattr(builtins, name) for name in sorted(_BUILTINS)} | {"__import__": _import},
        "__name__": "model",
    }
    try:
        _counted(lambda: exec(compile(tree, "model.py", "exec", dont_inherit=True), names))  # noqa: S102 - see above
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"cannot be loaded: {error!r}", line=_line_of(error)) from error
    settle = names.get(FUNCTION)
    if not callable(settle):
        raise ModelError(
            f"there is no function {FUNCTION}", remedy="write `def settle(entries, board, terms):`, see the template"
        )
    return settle  # type: ignore[no-any-return]


def call_model(
    source: str, *, entries: Sequence[Mapping[str, Any]], board: Mapping[str, Any], terms: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The placings by a model, one for each entry, in the order in which the model gives them.

    :raises ModelError: it raises, does not end, or what it returns are no placings of these entries.
    """
    settle = load_model(source)
    try:
        placings = _counted(lambda: settle(entries, board, terms))
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"settle raised {error!r}", line=_line_of(error)) from error
    return _placings(placings, [str(entry["user"]) for entry in entries], int(terms["pool_cents"]))


def _placings(found: Any, users: Sequence[str], pool_cents: int) -> list[dict[str, Any]]:
    shape = "a list with {'user', 'rank', 'score', 'prize_cents'} for each entry"
    if not isinstance(found, (list, tuple)):
        raise ModelError(f"settle returned {type(found).__name__}", remedy=f"return {shape}")
    for placing in found:
        keys = sorted(placing) if isinstance(placing, dict) else []
        if keys != ["prize_cents", "rank", "score", "user"]:
            raise ModelError(f"settle returned {placing!r:.100}", remedy=f"return {shape}")
        wrong = [name for name in ("rank", "score", "prize_cents") if type(placing[name]) is not int]
        if wrong or placing["prize_cents"] < 0:
            name = wrong[0] if wrong else "prize_cents"
            raise ModelError(f"{name} is {placing[name]!r}", remedy="integers; cents are whole and not negative")
    if sorted(placing["user"] for placing in found) != sorted(users):
        raise ModelError("settle did not place each user of entries exactly once", remedy=f"return {shape}")
    prizes_cents = sum(placing["prize_cents"] for placing in found)
    if prizes_cents > pool_cents:
        raise ModelError(f"the prizes, {prizes_cents} cents, are more than the pool of {pool_cents}")
    return list(found)


def _refuse_more_than_computing(node: ast.AST) -> None:
    line = getattr(node, "lineno", 1)
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if node.level or alias.name not in _NAMES.get(node.module or "", {}):
                raise ModelError(
                    f"imports {alias.name} from {node.module}: a model only computes",
                    line=line,
                    remedy="; ".join(f"from {module} import {', '.join(names)}" for module, names in _NAMES.items()),
                )
    elif isinstance(node, ast.stmt) and not isinstance(node, _STATEMENTS):
        raise ModelError(f"{type(node).__name__.lower()} is not for a model: it only computes", line=line)
    elif isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)):
        raise ModelError("a model is a plain function", line=line)
    elif isinstance(node, ast.Attribute) and node.attr not in _METHODS:
        raise ModelError(
            f".{node.attr} is not for a model: it only computes", line=line, remedy=suggest(node.attr, sorted(_METHODS))
        )
    name = node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else ""
    if name.startswith("__"):
        raise ModelError(f"{name} is not for a model: it only computes", line=line)


def _import(name: str, *_: object) -> Any:
    """What ``from name import …`` looks at; which names there are was tried before."""
    return type(name, (), {key: staticmethod(value) for key, value in _NAMES[name].items()})


def _counted(act: Callable[[], Any]) -> Any:
    """``act()``, with the lines that it executes counted.

    :raises ModelError: it executed too many.
    """
    left, before = _MOST_LINES, sys.gettrace()

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != "model.py":
            return None
        left -= event == "line"
        if left < 0:
            raise ModelError(f"does not end within {_MOST_LINES:,} lines", line=frame.f_lineno)
        return count

    sys.settrace(count)
    try:
        return act()
    finally:
        sys.settrace(before)


def _line_of(error: BaseException) -> int:
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "model.py":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
