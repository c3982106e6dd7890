"""What Prometheus' own ``promtool`` made of the run's scrapes and rule files, beside what the monitor made of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulation.events.base import Event


class EvaluationDifference(BaseModel):
    """An alert that one of the two says fires, at one scrape after another from ``first_scrape`` to ``last_scrape``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    said_by: Literal["monitor", "promtool"]
    alert: str
    """As a series of Prometheus: ``ALERTS{alertname="…",alertstate="firing",…}``."""
    first_scrape: int
    last_scrape: int


class AnnotationDifference(BaseModel):
    """An alert that both say fires at ``scrape``, with another text; texts by the annotation's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alert: str
    scrape: int
    by_monitor: dict[str, str]
    by_promtool: dict[str, str]


class AlertEvaluation(Event):
    """Every scrape of the run evaluated anew. ``rules`` names the rule files, ``firing`` counts alerts × scrapes."""

    outside_digest = frozenset({"judge", "problem", "complaint", "differences", "annotation_differences"})

    kind: Literal["alert_evaluation"] = "alert_evaluation"
    scrapes: int
    interval_seconds: int
    series: int
    firing: int
    rules: tuple[str, ...]
    annotated: int = 0
    """Alerts whose annotations were compared, each at the scrape at which it began to fire."""
    judge: str = ""
    """Which promtool; empty where there was none."""
    problem: str = ""
    """Why there was none, with the remedy."""
    complaint: str = ""
    """What it said where it could not evaluate at all."""
    differences: tuple[EvaluationDifference, ...] = ()
    annotation_differences: tuple[AnnotationDifference, ...] = ()
