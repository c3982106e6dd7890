"""Selectors: which series, and at which instant or over which range they are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulation.prometheus_version import Dialect
from simulation.world.monitoring.promql.errors import UnsupportedExpression
from simulation.world.monitoring.promql.moment import Moment, WindowsOf
from simulation.world.monitoring.promql.patterns import matcher
from simulation.world.monitoring.promql.series import NAME, Labels, Point, Window, labels_of, nameless, value_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where a selector or subquery looks: ``offset`` and ``@``."""

    offset_ms: int
    at: Any

    @classmethod
    def of(cls, node: Any) -> Reference:
        """Of a selector's or subquery's node."""
        return cls(offset_ms=0 if node.offset is None else milliseconds(node.offset), at=node.at)

    def resolve(self, moment: Moment) -> int:
        """The instant looked at, in milliseconds since the first scrape."""
        if self.at is None:
            return moment.at_ms - self.offset_ms
        if str(self.at.type).endswith("At"):
            return milliseconds(self.at.at - _EPOCH) - moment.epoch_ms - self.offset_ms
        return moment.query_ms - self.offset_ms


def milliseconds(duration: timedelta) -> int:
    """Whole milliseconds of a duration."""
    return duration // timedelta(milliseconds=1)


class Selector:
    """A compiled selector.

    :param node: the parser's ``VectorSelector``.
    :raises UnsupportedExpression: a matcher is not PromQL.
    """

    def __init__(self, node: Any, dialect: Dialect) -> None:
        if node.matchers.or_matchers:
            raise UnsupportedExpression(f"{node}: matchers with 'or' are not PromQL")
        self._name: str | None = node.name
        self._reference = Reference.of(node)
        self._left_open = dialect.left_open
        self._tests = [_test(one, dialect) for one in node.matchers.matchers]
        self._known: dict[Labels, bool] = {}

    def vector(self, moment: Moment) -> list[Point]:
        """The series in sight."""
        return [Point(labels, value) for labels, value, _ in self._instant(moment)]

    def timestamps(self, moment: Moment) -> list[Point]:
        """The Unix time of the sample in sight of each series."""
        return [Point(nameless(labels), (moment.epoch_ms + at) / 1000) for labels, _, at in self._instant(moment)]

    def windows(self, duration: timedelta) -> WindowsOf:
        """The series' samples over the ``duration`` before the instant looked at."""
        range_ms = milliseconds(duration)

        def look(moment: Moment) -> list[Window]:
            end_ms = self._reference.resolve(moment)
            store, start_ms = moment.store, end_ms - range_ms
            return list(store.windows(self._name, self._accepts, start_ms, end_ms, left_open=self._left_open))

        return look

    def _instant(self, moment: Moment) -> list[tuple[Labels, float, int]]:
        at_ms = self._reference.resolve(moment)
        return list(moment.store.instant(self._name, self._accepts, at_ms, left_open=self._left_open))

    def _accepts(self, labels: Labels) -> bool:
        if labels not in self._known:
            self._known[labels] = all(test(labels) for test in self._tests)
        return self._known[labels]


def _test(one: Any, dialect: Dialect) -> Callable[[Labels], bool]:
    name, value, kind = one.name, one.value, str(one.op).rpartition(".")[2]
    if kind == "Equal":
        return lambda labels: value_of(labels, name) == value
    if kind == "NotEqual":
        return lambda labels: value_of(labels, name) != value
    matches, wanted = matcher(value, dot_matches_newline=dialect.dot_matches_newline), kind == "Re"
    return lambda labels: matches(value_of(labels, name)) is wanted


def equal_labels(node: Any) -> Labels:
    """What is known of series that are absent: the labels that the selector asks for, each once and by equality."""
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for one in node.matchers.matchers:
        if one.name == NAME:
            continue
        if str(one.op).endswith(".Equal") and one.name not in seen:
            labels[one.name] = one.value
            seen.add(one.name)
        else:
            labels.pop(one.name, None)
    return labels_of(labels)
