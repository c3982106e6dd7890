"""Alerting rules: Prometheus' own rule files (``fixtures/alerts/*.yml``), so that ``promtool`` reads the same text.

What is evaluated is the subset of PromQL in ``alert_expression``; a rule beyond it is refused with its file and line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import promql_parser
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.errors import UsageError
from simulation.world.alert_expression import Evaluate, UnsupportedExpression, compile_expression

_LINE = "__line__"


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """One rule, ready to evaluate."""

    alert: str
    expression: str
    evaluate: Evaluate
    for_seconds: int
    """How long the expression must hold before the alert fires."""
    severity: str
    labels: Mapping[str, str]
    """The rule's own labels; an alert carries them with those of its series."""
    summary: str
    runbook: str | None
    """File stem of ``runbook_url``; None where the rule links none."""
    place: str
    """``file:line``."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Labels(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")
    severity: Literal["critical", "warning"]


class _Annotations(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")
    summary: str = Field(min_length=1)
    runbook_url: str | None = None


class _Rule(_Model):
    alert: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    expr: str
    for_: str | None = Field(default=None, alias="for")
    labels: _Labels
    annotations: _Annotations
    line: int = Field(alias=_LINE)


class _LineLoader(yaml.SafeLoader):
    """Keeps the line on which each mapping begins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        mapping[_LINE] = node.start_mark.line + 1
        return mapping


def load_alert_rules(folder: Path) -> tuple[AlertRule, ...]:
    """All rules of ``*.yml`` in ``folder``, by file name and order within; :class:`UsageError` names file and line."""
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise UsageError(
            place=str(folder), problem="no alerting rules (*.yml) here", remedy="name the folder with the rule files"
        )
    rules = [rule for file in files for rule in _rules_of(file)]
    _refuse_duplicates(rules)
    return tuple(rules)


def _rules_of(file: Path) -> Sequence[AlertRule]:
    try:
        document = yaml.load(file.read_text(), Loader=_LineLoader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(place=f"{file}:{line}", problem=f"not YAML: {error.problem}", remedy="mend the line") from error
    groups = document.get("groups") if isinstance(document, dict) else None
    if not isinstance(groups, list):
        raise UsageError(place=f"{file}:1", problem="no 'groups:' list", remedy="write Prometheus' rule file format")
    return [_rule(file, raw) for group in groups for raw in group.get("rules", ())]


def _rule(file: Path, raw: Mapping[str, Any]) -> AlertRule:
    place = f"{file}:{raw[_LINE]}"
    plain = {
        key: {inner: text for inner, text in value.items() if inner != _LINE} if isinstance(value, dict) else value
        for key, value in raw.items()
    }
    try:
        rule = _Rule.model_validate(plain)
        hold_seconds = int(promql_parser.parse_duration(rule.for_).total_seconds()) if rule.for_ else 0
        evaluate = compile_expression(rule.expr)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            place=place,
            problem=f"rule {raw.get('alert', '(unnamed)')}: {where}: {first['msg']}, value {first['input']!r}",
            remedy="a rule has alert, expr, for, labels.severity (critical, warning), annotations.summary and runbook_url",
        ) from error
    except UnsupportedExpression as error:
        raise UsageError(
            place=place, problem=f"rule {raw['alert']}: {error}", remedy="write it with the subset that is known"
        ) from error
    except ValueError as error:
        raise UsageError(place=place, problem=f"rule {raw['alert']}: for: {error}", remedy="write e.g. 5m") from error
    return AlertRule(
        alert=rule.alert,
        expression=rule.expr,
        evaluate=evaluate,
        for_seconds=hold_seconds,
        severity=rule.labels.severity,
        labels={name: str(value) for name, value in rule.labels.model_dump().items()},
        summary=rule.annotations.summary,
        runbook=PurePosixPath(rule.annotations.runbook_url).stem if rule.annotations.runbook_url else None,
        place=place,
    )


def _refuse_duplicates(rules: Sequence[AlertRule]) -> None:
    seen: dict[str, AlertRule] = {}
    for rule in rules:
        if rule.alert in seen:
            raise UsageError(
                place=rule.place,
                problem=f"a second alert is called {rule.alert}; the first is at {seen[rule.alert].place}",
                remedy="give it a name of its own",
            )
        seen[rule.alert] = rule
