"""``postmortem.md``: what a run that did not pass tells by itself, with room for what only people can say.

Template: spec/iteration-06.md, "Postmortem Template: What happened, why, what we changed".
"""

from __future__ import annotations

from collections import Counter

from simulation.checks.base import Finding
from simulation.reporting.markdown import finding_list, plain, table
from simulation.reporting.text import fault_outcome
from simulation.reporting.times import duration
from simulation.reporting.view import Report

_BLANK = "_(to be written)_"


def render_postmortem(report: Report) -> str:
    """The document; meant for runs that failed or are unknown."""
    lines = [
        f"# Postmortem: {plain(report.facts.scenario)}, seed {report.facts.seed}: {report.mark.word}",
        "",
        "## What happened",
        "",
        plain(report.story.what),
        "",
        plain(report.story.happened),
        "",
        "## Why the verdict is what it is",
        "",
        plain(report.story.why),
        "",
        *_criteria(report),
        *_key_findings(report),
        *_timeline(report),
        *_recovery(report),
        *_again(report),
        *_for_people(),
    ]
    return "\n".join(lines)


def _criteria(report: Report) -> list[str]:
    open_ = [criterion for criterion in report.criteria if criterion.outcome in ("fail", "unknown")]
    lines = [f"- {criterion.mark.symbol} {plain(criterion.text)} ({plain(criterion.word)})" for criterion in open_]
    return [*lines, *(f"- not seen: {plain(doubt)}" for doubt in report.doubts), ""]


def _key_findings(report: Report) -> list[str]:
    """The first by time, the worst (by the criteria that its check decides), and the last."""
    if not report.findings:
        return []
    chosen = (("First", report.findings[0]), ("Worst", _worst(report)), ("Last", report.findings[-1]))
    lines: list[str] = []
    for finding in dict.fromkeys(finding for _, finding in chosen):
        title = " and ".join(name for name, same in chosen if same == finding).capitalize()
        lines += [f"### {title} finding", "", *finding_list([finding], report.calendar), ""]
    return lines


def _worst(report: Report) -> Finding:
    weight = Counter(result.check for criterion in report.criteria for result in criterion.checks)
    return max(report.findings, key=lambda finding: weight[finding.check])


def _timeline(report: Report) -> list[str]:
    """Faults, alerts, runbooks and trouble; the quiet life of the contests is in the report."""
    rows = [
        (report.calendar.when(event.at), event.sort, event.text)
        for day in report.days
        for event in day.events
        if event.sort in ("fault", "alert", "runbook", "recovered", "trouble")
    ]
    return ["## Timeline", "", *table(("when (UTC)", "what", "event"), rows), ""]


def _recovery(report: Report) -> list[str]:
    rows = [
        (
            fault.fault_id,
            fault.title,
            duration(fault.noticed_after_seconds) if fault.alerts else "no alert",
            fault_outcome(fault),
            fault.expected,
        )
        for fault in report.faults
    ]
    if not rows:
        return []
    head = ("fault", "what", "noticed after", "how it was over", "foreseen")
    return ["## Detection and recovery", "", *table(head, rows), ""]


def _again(report: Report) -> list[str]:
    return [
        "## See it again",
        "",
        "```",
        report.facts.reproduce,
        "```",
        "",
        f"Digest of the history: `{report.facts.digest}`",
        "",
    ]


def _for_people() -> list[str]:
    headings = (
        "What went wrong, in our words",
        "What worked",
        "Root cause",
        "What we change",
        "Runbook added or fixed",
        "Reviewed by",
    )
    return [line for heading in headings for line in (f"## {heading}", "", _BLANK, "")]
