"""The admin dashboards against what the witnesses knew at the same instant.

Source: fixtures/spec/requirements.md (C-36; Monitoring and alerting).
"""

from __future__ import annotations

from pydantic import JsonValue

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS
from simulation.checks.evidence.missed_runs import killed
from simulation.checks.evidence.wal import as_instant, whole_second
from simulation.events import AlertFired, Sample, SampleLacking
from simulation.events.observation import ANSWERS

FOLDER = "/api/admin/dashboards/"
PAGES = ("operational", "contest-status", "audit-trail", "error-trends")


@check("Every admin dashboard showed what the witnesses knew at that instant: status, alerts, contests, trail, errors")
def dashboards_truthful(case: Case, inquiry: Inquiry) -> None:
    samples = [sample for sample in case.events(Sample) if sample.endpoint.startswith(FOLDER)]
    if not samples:
        inquiry.leave_unverified("the platform has no dashboards that could be sampled")
        return
    for sample in samples:
        inquiry.examine()
        if not _agree(sample.reported, sample.observed, sample.tolerance) and not _met_a_kill(case, sample):
            inquiry.find(
                f"dashboard {sample.endpoint.removeprefix(FOLDER)}: {sample.subject}",
                "the dashboard shows what is not so",
                keys=NO_KEYS,
                expected=sample.observed,
                actual=sample.reported,
                events=(sample,),
            )
    for gap in case.events(SampleLacking):
        if gap.endpoint.startswith(FOLDER):
            inquiry.cannot_tell(f"the target gives no {gap.lacks} to hold the dashboard {gap.endpoint} against")
    for page in PAGES:
        if not any(sample.endpoint == FOLDER + page for sample in samples):
            inquiry.cannot_tell(f"the dashboard {page} was never sampled")
    _alerts_were_looked_for(case, inquiry, samples)


def _alerts_were_looked_for(case: Case, inquiry: Inquiry, samples: list[Sample]) -> None:
    """The page must also be sampled while an alert fires: otherwise nothing shows that it displays alerts."""
    looked = {sample.at for sample in samples if sample.endpoint == FOLDER + "operational"}
    for alert in case.events(AlertFired):
        if alert.at not in looked:
            inquiry.cannot_tell(f"no dashboard was sampled when {alert.alert} fired")


def _met_a_kill(case: Case, sample: Sample) -> bool:
    """Whether nothing was answered because a fault killed the platform in that second: the scrape came just before."""
    return sample.subject == ANSWERS and any(since <= sample.at <= until for since, until in killed(case))


def _agree(reported: JsonValue, observed: JsonValue, tolerance: float) -> bool:
    if isinstance(reported, dict) and isinstance(observed, dict):
        return reported.keys() == observed.keys() and all(
            _agree(reported[name], observed[name], tolerance) for name in observed
        )
    if isinstance(reported, list) and isinstance(observed, list):
        return len(reported) == len(observed) and all(map(_agree, reported, observed, [tolerance] * len(observed)))
    if isinstance(reported, int | float) and isinstance(observed, int | float):
        return abs(reported - observed) <= tolerance
    shown, true = as_instant(reported), as_instant(observed)
    if shown is not None and true is not None:
        return whole_second(shown) == whole_second(true)
    return reported == observed
