"""Rules of alerts: Prometheus' own rule files (``fixtures/alerts/*.yml``), so that ``promtool`` reads the same text.

Expressions and templates are read as Prometheus reads them; what is not understood is refused with its file, line and
column (:mod:`simulation.world.monitoring.promql`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from simulation.documents.yaml import MarkedYaml, read_yaml
from simulation.errors import UsageError
from simulation.events import AlertRuleAsRun
from simulation.prometheus_version import DEFAULT_VERSION
from simulation.world.monitoring.promql.errors import UnsupportedExpression
from simulation.world.monitoring.promql.expression import Expression, compile_expression
from simulation.world.monitoring.promql.series import LOOKBACK_MS
from simulation.world.monitoring.rule_file import AlertingRule, Group, RecordingRule
from simulation.world.monitoring.templates.grammar import TemplateError
from simulation.world.monitoring.templates.template import Template

NO_SEVERITY = "none"
"""What a rule without the label ``severity`` is said to have."""
_TEMPLATES = "write a template with what Prometheus documents; define, template and block are not known"
_Path = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class RecordedSeries:
    """A recording rule, ready to evaluate."""

    record: str
    expression: Expression
    labels: Mapping[str, str]
    place: str
    """``file:line``."""


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """An alerting rule, ready to evaluate."""

    alert: str
    expression: Expression
    for_seconds: float
    """How long the expression must hold before the alert fires."""
    keep_firing_seconds: float
    """How long the alert goes on firing when the expression holds no more."""
    labels: Mapping[str, str]
    """The rule's own labels, templates not filled in; an alert carries them with those of its series."""
    annotations: Mapping[str, str]
    """As written in the file, templates not filled in."""
    place: str
    """``file:line``."""

    @property
    def severity(self) -> str:
        """The label ``severity``, whatever it says."""
        return self.labels.get("severity") or NO_SEVERITY

    @property
    def runbook(self) -> str | None:
        """File stem of ``runbook_url``; None where the rule links none."""
        url = self.annotations.get("runbook_url")
        return PurePosixPath(url).stem if url else None

    @property
    def no_runbook(self) -> str | None:
        """Why the rule links none: such an alert is escalated as soon as it fires."""
        return self.annotations.get("no_runbook")

    @property
    def file(self) -> Path:
        """The rule file it stands in."""
        return Path(self.place.rpartition(":")[0])

    @cached_property
    def label_templates(self) -> Mapping[str, Template]:
        """:attr:`labels`, parsed."""
        return {name: Template(text) for name, text in self.labels.items()}

    @cached_property
    def annotation_templates(self) -> Mapping[str, Template]:
        """:attr:`annotations`, parsed, by name."""
        return {name: Template(text) for name, text in sorted(self.annotations.items())}

    def as_run(self) -> AlertRuleAsRun:
        """The rule as the history records it."""
        return AlertRuleAsRun(
            alert=self.alert,
            expression=self.expression.text,
            for_seconds=math.ceil(self.for_seconds),
            severity=self.severity,
            runbook=self.runbook,
        )


@dataclass(frozen=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated at the same instants, one after the other."""

    name: str
    interval_seconds: float | None
    """None: evaluated at every scrape."""
    rules: tuple[AlertRule | RecordedSeries, ...]
    file: Path


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """All groups of a folder's rule files, by file name and order within."""

    groups: tuple[RuleGroup, ...]

    @property
    def alerts(self) -> tuple[AlertRule, ...]:
        """The alerting rules, in order."""
        return tuple(rule for group in self.groups for rule in group.rules if isinstance(rule, AlertRule))

    @property
    def recorded(self) -> frozenset[str]:
        """Names of the series that recording rules make."""
        return frozenset(
            rule.record for group in self.groups for rule in group.rules if isinstance(rule, RecordedSeries)
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, each once."""
        return tuple(dict.fromkeys(group.file for group in self.groups))


def load_rules(folder: Path, *, version: str = DEFAULT_VERSION) -> RuleSet:
    """All rules of ``*.yml`` and ``*.yaml`` in ``folder``, as Prometheus ``version`` reads them.

    :raises UsageError: with file, line and, within an expression, column.
    """
    files = sorted((*folder.glob("*.yml"), *folder.glob("*.yaml")))
    if not files:
        raise UsageError(
            place=str(folder), problem="no rules (*.yml) here", remedy="name the folder with Prometheus' rule files"
        )
    rules = RuleSet(groups=tuple(group for file in files for group in _groups_of(file, version)))
    _refuse_two_intervals(rules)
    return rules


def _groups_of(file: Path, version: str) -> Iterator[RuleGroup]:
    document = read_yaml(file, as_text=True)
    groups = document.value.get("groups") if isinstance(document.value, dict) else None
    if not isinstance(groups, list):
        raise document.error((), problem="no 'groups:' list", remedy="write Prometheus' rule file format")
    names: set[str] = set()
    for number, raw in enumerate(groups):
        path: _Path = ("groups", number)
        group = _read(Group, document, path, raw, remedy="a group has name, interval and rules")
        if group.name in names:
            raise document.error(
                (*path, "name"), problem=f"a second group is called {group.name!r}", remedy="give it a name of its own"
            )
        names.add(group.name)
        rules = (_rule(document, (*path, "rules", index), one, version) for index, one in enumerate(group.rules))
        yield RuleGroup(name=group.name, interval_seconds=group.interval_seconds or None, rules=tuple(rules), file=file)


def _rule(document: MarkedYaml, path: _Path, raw: Mapping[str, Any], version: str) -> AlertRule | RecordedSeries:
    place = f"{document.file}:{document.line_of(path)}"
    if "record" in raw:
        recording = _read(RecordingRule, document, path, raw, remedy="a recording rule has record, expr and labels")
        expression = _expression(document, path, recording.expr, version)
        return RecordedSeries(record=recording.record, expression=expression, labels=recording.labels, place=place)
    remedy = "a rule has alert, expr, for, keep_firing_for, labels and annotations"
    alerting = _read(AlertingRule, document, path, raw, remedy=remedy)
    _templates(document, (*path, "labels"), alerting.labels)
    _templates(document, (*path, "annotations"), alerting.annotations)
    return AlertRule(
        alert=alerting.alert,
        expression=_expression(document, path, alerting.expr, version),
        for_seconds=alerting.hold_seconds,
        keep_firing_seconds=alerting.keep_firing_seconds,
        labels=alerting.labels,
        annotations=alerting.annotations,
        place=place,
    )


def _templates(document: MarkedYaml, path: _Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        try:
            Template(text)
        except (TemplateError, UnsupportedExpression) as error:
            raise document.error(
                (*path, name), problem=f"the template of {name} is not understood: {error}", remedy=_TEMPLATES
            ) from error


def _read(model: type[_Model], document: MarkedYaml, path: _Path, raw: object, *, remedy: str) -> _Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key, shown = ".".join(map(str, first["loc"])), repr(first["input"])[:200]
        problem = f"{key}: {first['msg']}, value {shown}" if key else first["msg"]
        raise document.error((*path, *first["loc"]), problem=problem, remedy=remedy) from error


def _expression(document: MarkedYaml, path: _Path, text: str, version: str) -> Expression:
    try:
        return compile_expression(text, version=version)
    except UnsupportedExpression as error:
        raise document.error(
            (*path, "expr"), problem=f"expr, {error}", remedy="correct it, or write it with what Prometheus documents"
        ) from error


def refuse_blind_groups(rules: RuleSet, *, scrape_interval_seconds: int) -> None:
    """:raises UsageError: a group is evaluated between scrapes that are further apart than a sample stays in sight."""
    for group in rules.groups:
        within = group.interval_seconds is not None and group.interval_seconds < scrape_interval_seconds
        if within and scrape_interval_seconds * 1000 > LOOKBACK_MS:
            raise UsageError(
                place=str(group.file),
                problem=f"the group {group.name!r} is evaluated every {group.interval_seconds:g} s, and scrapes are"
                f" {scrape_interval_seconds} s apart: Prometheus loses sight of a series after {LOOKBACK_MS // 1000} s",
                remedy="set monitor.scrape_interval_seconds of the scenario to 300 or less, or leave the interval out",
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


def _refuse_two_intervals(rules: RuleSet) -> None:
    """An alert of the history is known by its name, and its name must say at which instants it is evaluated."""
    seen: dict[str, float | None] = {}
    for group in rules.groups:
        for rule in group.rules:
            if not isinstance(rule, AlertRule):
                continue
            if seen.setdefault(rule.alert, group.interval_seconds) != group.interval_seconds:
                raise UsageError(
                    place=rule.place,
                    problem=f"alerts called {rule.alert} stand in groups with different intervals",
                    remedy="give one of them another name, or both groups the same interval",
                )
