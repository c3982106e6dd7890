"""The run's alerts as Prometheus' own ``promtool`` computes them from the same scrapes and rule files."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulation.events.base import Event


class EvaluationDifference(BaseModel):
    """An alert that only the monitor or only promtool has firing, at every scrape from ``first_scrape`` to
    ``last_scrape``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    said_by: Literal["monitor", "promtool"]
    alert: str
    """As a series of Prometheus: ``ALERTS{alertname="…",alertstate="firing",…}``."""
    first_scrape: int
    last_scrape: int


class AnnotationDifference(BaseModel):
    """An alert that fires at ``scrape`` for both, with different annotations; texts by the annotation's name."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    alert: str
    scrape: int
    by_monitor: dict[str, str]
    by_promtool: dict[str, str]


class AlertEvaluation(Event):
    """Every scrape evaluated by promtool. ``rules`` names the rule files; ``firing`` is the sum of firing alerts over
    all scrapes."""

    outside_digest = frozenset({"judge", "problem", "complaint", "differences", "annotation_differences", "unjudged"})

    kind: Literal["alert_evaluation"] = "alert_evaluation"
    scrapes: int
    interval_seconds: int
    series: int
    firing: int
    rules: tuple[str, ...]
    annotated: int = 0
    """Alerts whose annotations were compared, each at the scrape at which it began to fire."""
    judge: str = ""
    """Version of promtool; empty if this machine has none."""
    problem: str = ""
    """Why there is none, with the remedy."""
    complaint: str = ""
    """promtool's error message if it could not evaluate the rules."""
    unjudged: tuple[str, ...] = ()
    """Alerts that promtool was not asked about: they read what a group with another interval records."""
    differences: tuple[EvaluationDifference, ...] = ()
    annotation_differences: tuple[AnnotationDifference, ...] = ()
