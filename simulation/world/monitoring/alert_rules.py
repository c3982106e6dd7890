"""Alerting rules: Prometheus' own rule files (``fixtures/alerts/*.yml``), so that ``promtool`` reads the same text.

What is evaluated is the subset of PromQL in ``alert_expression``; a rule beyond it is refused with its file and line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import promql_parser
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.documents.yaml import MarkedYaml, read_yaml
from simulation.errors import UsageError
from simulation.events import AlertRuleAsRun
from simulation.world.monitoring.alert_expression import Evaluate, UnsupportedExpression, compile_expression


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
    annotations: Mapping[str, str]
    """As written in the file, templates not filled in."""
    runbook: str | None
    """File stem of ``runbook_url``; None where the rule links none."""
    no_runbook: str | None
    """Why the rule links none: such an alert is escalated as soon as it fires."""
    place: str
    """``file:line``."""

    @property
    def file(self) -> Path:
        """The rule file it stands in."""
        return Path(self.place.rpartition(":")[0])

    def as_run(self) -> AlertRuleAsRun:
        """The rule as the history records it."""
        return AlertRuleAsRun(
            alert=self.alert,
            expression=self.expression,
            for_seconds=self.for_seconds,
            severity=self.severity,
            runbook=self.runbook,
        )


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class _Labels(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)
    severity: Literal["critical", "warning"]


class _Annotations(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)
    summary: str = Field(min_length=1)
    runbook_url: str | None = None
    no_runbook: str | None = None


class _Rule(_Model):
    alert: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    expr: str
    for_: str | None = Field(default=None, alias="for")
    labels: _Labels
    annotations: _Annotations


def load_rules(folder: Path) -> tuple[AlertRule, ...]:
    """All rules of ``*.yml`` in ``folder``, by file name and order within; :class:`UsageError` names file and line."""
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise UsageError(
            place=str(folder), problem="no alerting rules (*.yml) here", remedy="name the folder with the rule files"
        )
    rules = [rule for file in files for rule in _rules_of(file)]
    _refuse_duplicates(rules)
    return tuple(rules)


def _rules_of(file: Path) -> Iterator[AlertRule]:
    document = read_yaml(file)
    groups = document.value.get("groups") if isinstance(document.value, dict) else None
    if not isinstance(groups, list):
        raise document.error((), problem="no 'groups:' list", remedy="write Prometheus' rule file format")
    for number, group in enumerate(groups):
        rules = group.get("rules") if isinstance(group, dict) else None
        if not isinstance(rules, list):
            raise document.error(
                ("groups", number), problem="a group without 'rules:'", remedy="give it a list of rules"
            )
        for index, raw in enumerate(rules):
            yield _rule(document, ("groups", number, "rules", index), raw)


def _rule(document: MarkedYaml, path: tuple[str | int, ...], raw: object) -> AlertRule:
    try:
        rule = _Rule.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise document.error(
            (*path, *first["loc"]),
            problem=f"{'.'.join(map(str, first['loc']))}: {first['msg']}, value {first['input']!r}",
            remedy="a rule has alert, expr, for, labels.severity (critical, warning), annotations.summary",
        ) from error
    try:
        evaluate = compile_expression(rule.expr)
    except UnsupportedExpression as error:
        raise document.error((*path, "expr"), problem=str(error), remedy="write it with what is known") from error
    try:
        hold_seconds = int(promql_parser.parse_duration(rule.for_).total_seconds()) if rule.for_ else 0
    except ValueError as error:
        raise document.error((*path, "for"), problem=f"{rule.for_!r}: {error}", remedy="write e.g. 5m") from error
    return AlertRule(
        alert=rule.alert,
        expression=rule.expr,
        evaluate=evaluate,
        for_seconds=hold_seconds,
        severity=rule.labels.severity,
        labels={name: str(value) for name, value in rule.labels.model_dump().items()},
        annotations={name: str(text) for name, text in rule.annotations.model_dump(exclude_none=True).items()},
        runbook=PurePosixPath(rule.annotations.runbook_url).stem if rule.annotations.runbook_url else None,
        no_runbook=rule.annotations.no_runbook,
        place=f"{document.file}:{document.line_of(path)}",
    )


def refuse_dead_links(rules: Sequence[AlertRule], *, known: Collection[str]) -> None:
    """:raises UsageError: a rule links a runbook that is not among ``known``, so that nobody could answer its alert."""
    for rule in rules:
        if rule.runbook is not None and rule.runbook not in known:
            raise UsageError(
                place=rule.place,
                problem=f"the alert {rule.alert} links the runbook {rule.runbook!r}, which does not exist",
                remedy=f"write it, or link one of: {', '.join(sorted(known))}",
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
