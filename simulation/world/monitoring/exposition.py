"""The platform's metrics endpoint as samples: Prometheus' text format, read fast enough for thousands of scrapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

_MOST_SHOWN = 100
_LINE = re.compile(r"^(?P<series>[^\s{#]+(?:\{.*\})?)\s+(?P<value>\S+)(?:\s+-?\d+)?\s*$")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One series at one scrape. ``series`` is its name and labels in exposition form."""

    series: str
    name: str
    labels: Mapping[str, str]
    value: float


class Exposition:
    """Reads scrapes. Labels of each series are parsed once and kept, since a run has thousands of scrapes of the
    same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Mapping[str, str]]] = {}

    def samples(self, body: str) -> tuple[Sample, ...]:
        """Every sample of ``body``, in its order; ``ValueError`` with the line for text that is no exposition."""
        return tuple(self._sample(line) for line in body.split("\n") if line and not line.startswith("#"))

    def _sample(self, line: str) -> Sample:
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"not a line of Prometheus' text format: {line[:_MOST_SHOWN]!r}")
        series = match["series"]
        if series not in self._known:
            self._known[series] = _name_and_labels(series)
        name, labels = self._known[series]
        return Sample(series=series, name=name, labels=labels, value=float(match["value"]))


def _name_and_labels(series: str) -> tuple[str, Mapping[str, str]]:
    """By the reference parser of prometheus_client, which knows every quoting rule."""
    try:
        for family in text_string_to_metric_families(f"{series} 0\n"):
            for sample in family.samples:
                return sample.name, dict(sample.labels)
    except (ValueError, LookupError):  # the parser's, depending on where it stumbles
        pass
    raise ValueError(f"not a series of Prometheus' text format: {series[:_MOST_SHOWN]!r}")
