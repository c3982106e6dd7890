"""The instant at which an expression is evaluated, and what a compiled expression is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulation.prometheus_version import Dialect
from simulation.world.monitoring.promql.series import Point, SeriesStore, Window


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An instant of an evaluation; times in milliseconds since the first scrape."""

    store: SeriesStore
    at_ms: int
    query_ms: int
    """The instant of the whole expression: what ``@ start()`` and ``@ end()`` mean. In a subquery ``at_ms`` differs."""
    epoch_ms: int
    """Unix time of the first scrape, in milliseconds."""
    step_ms: int
    """The step of a subquery that names none: the interval of evaluation."""
    dialect: Dialect

    @property
    def unix_seconds(self) -> float:
        """Unix time of this instant."""
        return (self.epoch_ms + self.at_ms) / 1000

    def moved(self, at_ms: int) -> Moment:
        """The same evaluation at another instant."""
        return replace(self, at_ms=at_ms)


VectorOf = Callable[[Moment], list[Point]]
ScalarOf = Callable[[Moment], float]
WindowsOf = Callable[[Moment], list[Window]]
