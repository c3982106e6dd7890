"""Rule RB043: every metric has an alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from simulation.runbook_lint.material import Material
from simulation.runbook_lint.rule import Flaw, project_rule

_SECTION = "## Metrics"
_NAME = re.compile(r"`(\w+)`")


@dataclass(frozen=True, kw_only=True)
class _Metric:
    name: str
    line: int
    no_alert: str
    """The reason for having no alert; empty when it must have one."""


@project_rule("RB043", "Every metric of the platform has an alert that looks at it, or a reason for having none")
def metrics_have_alerts(material: Material) -> Iterator[Flaw]:
    expressions = " ".join(rule.expression.text for rule in material.rules)
    for metric in _metrics(material):
        watched = re.search(rf"\b{metric.name}\b", expressions) is not None
        if not watched and not metric.no_alert:
            yield Flaw(
                file=material.facts,
                line=metric.line,
                message=f"no alert looks at the metric {metric.name}",
                remedy="add a rule to fixtures/alerts, or say in its row why it needs none",
            )
        elif watched and metric.no_alert:
            yield Flaw(
                file=material.facts,
                line=metric.line,
                message=f"the metric {metric.name} has an alert and a reason for having none",
                remedy="empty the last cell of its row",
            )


def _metrics(material: Material) -> Iterator[_Metric]:
    """Rows of the table below ``## Metrics``: the first cell names metrics, the last says why they have no alert."""
    inside = False
    for number, line in enumerate(material.facts.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("## "):
            inside = line == _SECTION
        elif inside and line.startswith("| `"):
            first, *_, last = line.removeprefix("|").removesuffix("|").split("|")
            for name in _NAME.findall(first):
                yield _Metric(name=name, line=number, no_alert=last.strip())
