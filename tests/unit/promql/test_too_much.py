"""An expression that would take the parser long is refused at once; no rule that anybody wrote comes near."""

from __future__ import annotations

import time

import pytest

from simulation.world.monitoring.promql.errors import UnsupportedExpression
from simulation.world.monitoring.promql.expression import compile_expression


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * 4_999 + "1" + ")" * 4_999, "brackets are open"),
        ("1" + " + 1" * 2_400, "operators"),
        ("-" * 9_999 + "1", "operators"),
        ("sum(" * 200 + "up" + ")" * 200, "brackets are open"),
        ("a" * 10_001, "10,001 characters"),
    ],
    ids=lambda value: value[:12],
)
def test_what_would_take_long_is_refused(text: str, said: str) -> None:
    began = time.process_time()
    with pytest.raises(UnsupportedExpression, match=said):
        compile_expression(text)
    assert time.process_time() - began < 1


def test_brackets_and_operators_within_a_text_do_not_count() -> None:
    assert compile_expression("up{job=~'" + "(a|b-c)?" * 600 + "'} > 1").names == {"up"}
    assert compile_expression("(" * 90 + "up > 1" + ")" * 90).names == {"up"}
