"""The monitor's alerts against those that Prometheus' own promtool computes from the same scrapes and rule files.

The monitor is our own code and may evaluate a rule differently from Prometheus
(fixtures/spec/requirements.md, B-21: alerts are the hosted provider's, their rules its configuration).
"""

from __future__ import annotations

from datetime import timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import Keys
from simulation.events import AlertEvaluation, EvaluationDifference


@check(
    "Prometheus' own promtool names the same alerts in the same minutes, in the same words, from the same scrapes",
    about=("metrics",),
)
def alert_evaluation(case: Case, inquiry: Inquiry) -> None:
    evaluations = case.events(AlertEvaluation)
    if not evaluations:
        inquiry.leave_unverified("no promtool evaluated the scrapes again")
        return
    evaluation = evaluations[-1]
    if not evaluation.judge:
        inquiry.leave_unverified(evaluation.problem)
        return
    if evaluation.complaint:
        raise CannotTell(f"{evaluation.judge} could not evaluate: {evaluation.complaint}")
    if evaluation.unjudged and not evaluation.differences and not evaluation.annotation_differences:
        inquiry.leave_unverified(_unjudged(evaluation))
        return
    inquiry.examine(evaluation.scrapes)
    for difference in evaluation.differences:
        _find(case, inquiry, evaluation, difference)
    inquiry.examine(evaluation.annotated)
    for said in evaluation.annotation_differences:
        at = case.started.absence_start + timedelta(seconds=said.scrape * evaluation.interval_seconds)
        inquiry.find(
            said.alert,
            f"{evaluation.judge} and the monitor disagree about what the alert says to people",
            keys=Keys(alert=said.alert),
            expected=said.by_promtool,
            actual=said.by_monitor,
            at=at,
            events=(evaluation,),
        )


def _unjudged(evaluation: AlertEvaluation) -> str:
    return (
        f"{evaluation.judge} was not asked about {', '.join(evaluation.unjudged)}: they read what a group with another"
        " interval records, and promtool has one interval for a test"
    )


def _find(case: Case, inquiry: Inquiry, evaluation: AlertEvaluation, difference: EvaluationDifference) -> None:
    by_promtool = difference.said_by == "promtool"
    first, last = (
        case.started.absence_start + timedelta(seconds=scrape * evaluation.interval_seconds)
        for scrape in (difference.first_scrape, difference.last_scrape)
    )
    fires, silent = f"{difference.alert} fires", "it does not fire"
    inquiry.find(
        difference.alert,
        f"{evaluation.judge} and the monitor disagree from {first:%d %b %H:%M} to {last:%d %b %H:%M}:"
        f" only {'promtool' if by_promtool else 'the monitor'} says that it fires",
        keys=Keys(alert=difference.alert),
        expected=fires if by_promtool else silent,
        actual=silent if by_promtool else fires,
        at=first,
        events=(evaluation,),
    )
