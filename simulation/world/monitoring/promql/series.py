"""Series in memory, as Prometheus' storage answers a query: the latest value in sight, or all of a window.

Times are milliseconds since the first scrape. Rules about staleness and lookback are those of
https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

NAME = "__name__"
LOOKBACK_MS = 300_000
"""How long a sample without a successor stays in sight (Prometheus' default)."""
Labels = tuple[tuple[str, str], ...]
"""Labels of a series, sorted by name, without empty values; the metric's name among them as ``__name__``."""


def labels_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """Labels in their one form: sorted, and a label with an empty value is no label."""
    return tuple(sorted((name, value) for name, value in dict(pairs).items() if value))


def without(labels: Labels, names: Iterable[str]) -> Labels:
    """All labels but those called ``names``."""
    left_out = frozenset(names)
    return tuple(pair for pair in labels if pair[0] not in left_out)


def only(labels: Labels, names: Iterable[str]) -> Labels:
    """The labels called ``names``."""
    kept = frozenset(names)
    return tuple(pair for pair in labels if pair[0] in kept)


def nameless(labels: Labels) -> Labels:
    """All labels but the metric's name."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def value_of(labels: Labels, name: str) -> str:
    """The value of the label ``name``; empty where there is none."""
    return next((value for known, value in labels if known == name), "")


@dataclass(frozen=True, slots=True)
class Point:
    """One element of an instant vector."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Window:
    """One element of a range vector. ``start_ms`` and ``end_ms`` bound the range that was asked for."""

    labels: Labels
    times_ms: list[int]
    values: list[float]
    start_ms: int
    end_ms: int


@dataclass(slots=True)
class _Series:
    labels: Labels
    times_ms: list[int] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    """None marks that the series has ended (a stale marker)."""


class SeriesStore:
    """Series by name and labels.

    :param keep_ms: how far back a sample may be asked for; None keeps everything.
    """

    _TRIM_AT = 512

    def __init__(self, *, keep_ms: int | None = LOOKBACK_MS) -> None:
        self._keep_ms = keep_ms
        self._by_name: dict[str, dict[Labels, _Series]] = {}

    def append(self, labels: Labels, at_ms: int, value: float | None) -> None:
        """Add a sample; None ends the series. A second sample of the same instant is left out, as Prometheus does."""
        known = self._by_name.setdefault(value_of(labels, NAME), {})
        series = known.get(labels)
        if series is None:
            series = known[labels] = _Series(labels)
        if series.times_ms and series.times_ms[-1] >= at_ms:
            return
        series.times_ms.append(at_ms)
        series.values.append(value)
        if self._keep_ms is not None and len(series.times_ms) >= self._TRIM_AT:
            self._trim(series, at_ms - self._keep_ms)

    @staticmethod
    def _trim(series: _Series, oldest_ms: int) -> None:
        # One older sample stays: it may be the one in sight at the window's left edge.
        surplus = bisect_left(series.times_ms, oldest_ms) - 1
        if surplus > 0:
            del series.times_ms[:surplus], series.values[:surplus]

    def instant(
        self, name: str | None, accept: Callable[[Labels], bool], at_ms: int, *, left_open: bool
    ) -> Iterator[tuple[Labels, float, int]]:
        """(labels, value, time of the sample) of each series in sight at ``at_ms``, in the order of their labels."""
        for series in self._selected(name, accept):
            index = bisect_right(series.times_ms, at_ms) - 1
            value = series.values[index] if index >= 0 else None
            if value is not None:
                age_ms = at_ms - series.times_ms[index]
                if age_ms < LOOKBACK_MS or (age_ms == LOOKBACK_MS and not left_open):
                    yield series.labels, value, series.times_ms[index]

    def windows(
        self, name: str | None, accept: Callable[[Labels], bool], start_ms: int, end_ms: int, *, left_open: bool
    ) -> Iterator[Window]:
        """The samples of each series from ``start_ms`` to ``end_ms``; series without one are left out."""
        for series in self._selected(name, accept):
            first = (bisect_right if left_open else bisect_left)(series.times_ms, start_ms)
            last = bisect_right(series.times_ms, end_ms)
            samples = zip(series.times_ms[first:last], series.values[first:last], strict=True)
            kept = [(at, value) for at, value in samples if value is not None]
            if kept:
                yield Window(series.labels, [at for at, _ in kept], [value for _, value in kept], start_ms, end_ms)

    def _selected(self, name: str | None, accept: Callable[[Labels], bool]) -> list[_Series]:
        named = self._by_name.values() if name is None else [self._by_name.get(name, {})]
        found = [series for known in named for labels, series in known.items() if accept(labels)]
        return sorted(found, key=lambda series: series.labels)
