"""``postmortem.md``: filled in from the run, in the specification's order, with blanks for what people must add.

Template: fixtures/spec/requirements.md (B-39).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from simulation.checks.base import Finding
from simulation.reporting.markdown import finding_list, plain, table
from simulation.reporting.parts.criteria import size_of
from simulation.reporting.parts.near_misses import NearMiss
from simulation.reporting.text import fault_outcome
from simulation.reporting.times import duration
from simulation.reporting.view import Report
from simulation.words import plural

BLANK = "_(to be written)_"
REVIEWED = "Reviewed by"
"""Heading under which people say who reviewed it; ``simulate closure`` reads it."""
_MOST_NEAR_MISSES = 12
_MOST_OUTPUT_LINES = 12


def render_postmortem(report: Report, near_misses: Sequence[NearMiss]) -> str:
    """The Markdown document, for a run of any outcome; near misses are listed even if the run passed."""
    lines = [
        f"# Postmortem: {plain(report.facts.scenario)}, seed {report.facts.seed}: {report.mark.word}",
        "",
        "## What happened",
        "",
        plain(report.story.what),
        "",
        plain(report.story.happened),
        "",
        *_blank("In our words"),
        *_timeline(report),
        *_failing_steps(report),
        *_recovery(report),
        *_near_misses(report, near_misses),
        *_worked(report),
        "## Why",
        "",
        plain(report.story.why),
        "",
        *_criteria(report),
        *_key_findings(report),
        *_blank("Root cause"),
        *_blank("Why did we not find this sooner?"),
        "## What we changed",
        "",
        *_blank("Platform or process"),
        *_blank("Runbook added or fixed"),
        *_blank("Alert, threshold or check added"),
        *_again(report),
        *_blank(REVIEWED),
    ]
    return "\n".join(lines)


def _blank(heading: str) -> list[str]:
    return [f"### {heading}", "", BLANK, ""]


def _failing_steps(report: Report) -> list[str]:
    """Each command whose output differs from the runbook, with the output that the runbook states."""
    lines: list[str] = []
    for execution in report.executions:
        for step in execution.steps:
            if step.matched:
                continue
            where = (
                f"runbook {execution.runbook} {execution.version}, {step.section} step {step.step}, line {step.line}"
            )
            lines += [f"{report.calendar.when(step.at)}: {plain(where)}", "", "```console"]
            lines += [f"$ {step.command}", *_excerpt(step.output), "```", "", "As written:", ""]
            lines += ["```", *_excerpt(step.expected), "```", ""]
        if execution.status != "completed" and execution.error:
            lines += [f"Execution {execution.execution_id} {execution.status}: {plain(execution.error)}", ""]
    return ["### The step that failed", "", *lines] if lines else []


def _excerpt(text: str) -> list[str]:
    lines = text.splitlines()
    more = [f"... {plural(len(lines) - _MOST_OUTPUT_LINES, 'more line')}"] if len(lines) > _MOST_OUTPUT_LINES else []
    return [*(line.replace("```", "`` `") for line in lines[:_MOST_OUTPUT_LINES]), *more]


def _near_misses(report: Report, near_misses: Sequence[NearMiss]) -> list[str]:
    rows = [
        (
            miss.what,
            miss.closest,
            miss.limit,
            f"{100 * miss.left:.0f} %" if miss.left else "none",
            report.calendar.when(miss.at),
        )
        for miss in near_misses[:_MOST_NEAR_MISSES]
    ]
    if not rows:
        return []
    head = ("what", "closest", "limit", "left", "when (UTC)")
    return ["### Near misses", "", "The smallest margin to each limit.", "", *table(head, rows), ""]


def _worked(report: Report) -> list[str]:
    passed = sum(criterion.outcome == "pass" for criterion in report.criteria)
    done = [execution for execution in report.executions if execution.status == "completed"]
    over = [fault for fault in report.faults if fault.over]
    lines = [f"- {passed} of {plural(len(report.criteria), 'criterion', 'criteria')} met"]
    lines += [f"- {plural(len(over), 'fault')} of {len(report.faults)} over as foreseen or recovered"] if over else []
    lines += [
        f"- runbook {plain(one.runbook)} carried out as written, {duration(one.duration_seconds)}, "
        f"{plural(len(one.steps), 'command')}"
        for one in done
    ]
    return ["### What worked", "", *lines, "", BLANK, ""]


def _criteria(report: Report) -> list[str]:
    open_ = [criterion for criterion in report.criteria if criterion.outcome in ("fail", "unknown")]
    lines = [f"- {criterion.mark.symbol} {plain(criterion.text)} ({plain(criterion.word)})" for criterion in open_]
    return [*lines, *(f"- not seen: {plain(doubt)}" for doubt in report.doubts), ""]


def _key_findings(report: Report) -> list[str]:
    """The first finding by time, the worst (most cents, then most criteria decided by its check) and the last."""
    if not report.findings:
        return []
    dated = sorted((f for f in report.findings if f.at), key=lambda f: f.at or report.calendar.end)
    in_time = dated or report.findings
    chosen = (("First", in_time[0]), ("Worst", _worst(report)), ("Last", in_time[-1]))
    lines: list[str] = []
    for finding in dict.fromkeys(finding for _, finding in chosen):
        title = " and ".join(name for name, same in chosen if same == finding).capitalize()
        lines += [f"#### {title} finding", "", *finding_list([finding], report.calendar), ""]
    return lines


def _worst(report: Report) -> Finding:
    weight = Counter(result.check for criterion in report.criteria for result in criterion.checks)
    return max(report.findings, key=lambda finding: (size_of(finding), weight[finding.check]))


def _timeline(report: Report) -> list[str]:
    """Faults, alerts, runbooks and problems; the ordinary events of contests are only in the report."""
    rows = [
        (report.calendar.when(event.at), event.sort, event.text)
        for day in report.days
        for event in day.events
        if event.sort in ("fault", "alert", "runbook", "recovered", "trouble")
    ]
    return ["### Timeline", "", *table(("when (UTC)", "what", "event"), rows), ""]


def _recovery(report: Report) -> list[str]:
    rows = [
        (
            fault.fault_id,
            fault.title,
            duration(fault.noticed_after_seconds) if fault.alerts else "no alert",
            fault_outcome(fault),
            duration(fault.over_after_seconds),
            fault.expected,
        )
        for fault in report.faults
    ]
    if not rows:
        return []
    head = ("fault", "what", "noticed after", "how it was over", "over after", "foreseen")
    return ["### Detection and recovery", "", *table(head, rows), ""]


def _again(report: Report) -> list[str]:
    return [
        "### See it again",
        "",
        "```",
        report.facts.reproduce,
        "```",
        "",
        f"Digest of the history: `{report.facts.digest}`",
        "",
    ]
