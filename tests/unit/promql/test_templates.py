"""Templates that nobody should be able to break a run with; what they say is held against promtool elsewhere."""

from __future__ import annotations

import pytest

from simulation.world.monitoring.promql.expression import compile_expression
from simulation.world.monitoring.templates.grammar import TemplateError
from simulation.world.monitoring.templates.template import Template


@pytest.mark.parametrize(
    "text",
    [
        "{{", "{{ }}", "{{ end }}", "{{ if true }}", "{{ else }}", "{{ $x }}", "{{ nothing 1 }}", "{{ 1 2 }}",
        '{{ "\\d" }}', '{{ define "a" }}{{ end }}', "{{ (1 }}", "{{ 1 ~ 2 }}", "{{" + "(" * 90 + "1" + ")" * 90 + "}}",
        "{{ if 1 }}" * 60 + "{{ end }}" * 60, "x" * 100_001,
    ],
)  # fmt: skip
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        Template(text)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ('{{ query "sum(" }}', "error expanding template"),
        ("{{ query }}", "error expanding template"),
        ('{{ index $labels "a" "b" }}', "error expanding template"),
        ("{{ first 3 }}", "error expanding template"),
        ("{{ eq 1 1.0 }}", "incompatible types"),
        ("{{ $value.Name }}", "can't evaluate field Name"),
        ('{{ printf "%999999999d" 1 }}', "BADWIDTH"),
        ('{{ reReplaceAll "(?=x)" "" "y" }}', "error expanding template"),
        ("plain } text {", "plain } text {"),
    ],
)
def test_what_cannot_be_carried_out_is_shown_as_prometheus_shows_it(text: str, filled: str) -> None:
    def query(expression: str) -> list[object]:
        compile_expression(expression)
        return []

    assert filled in Template(text).filled(labels={"a": "1"}, value=2.0, query=query)  # type: ignore[arg-type]
