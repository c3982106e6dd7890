"""``summary.md``: the verdict as Markdown, for the summary page of a CI step."""

from __future__ import annotations

from simulation.checks.left_out import in_words
from simulation.reporting.markdown import finding_list, plain, table, within_step_summary
from simulation.reporting.text import fault_outcome, money_line
from simulation.reporting.view import Report
from simulation.words import plural

_MOST_FINDINGS = 10


def render_summary(report: Report) -> str:
    """A page of Markdown."""
    lines = [
        f"## {report.mark.symbol} {report.mark.word.upper()}: {report.headline}",
        "",
        plain(f"{report.facts.scenario}, seed {report.facts.seed}, {plural(report.facts.days, 'simulated day')}."),
        plain(report.story.happened),
        "",
        f"**Why:** {plain(report.story.why)}",
        "",
        *_findings(report),
        *_criteria(report),
        *_faults(report),
        "### Money",
        "",
        *(plain(money_line(funds)) for funds in report.funds),
        "",
        *([plain(report.facts.written.sentence + "."), ""] if report.facts.written else []),
        *([plain(f"Not judged: {rest}."), ""] if (rest := in_words(report.facts.left_out)) else []),
        plain(f"Made by version {report.facts.made_by}, in {report.facts.environment}, in {report.facts.folder}."),
        "",
        f"See it again: `{report.facts.reproduce}` · digest `{report.facts.digest}`",
    ]
    return within_step_summary(lines)


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return []
    rest = len(report.findings) - _MOST_FINDINGS
    more = [f"- {rest} more in `report.html`"] if rest > 0 else []
    return ["### Findings", "", *finding_list(report.findings[:_MOST_FINDINGS], report.calendar), *more, ""]


def _criteria(report: Report) -> list[str]:
    counts = ((f"{s.mark.symbol} {s.title}", f"{s.passed} of {len(s.criteria)}") for s in report.sections)
    open_ = [c for c in report.criteria if c.outcome != "pass"]
    rows = [f"- {c.mark.symbol} **{plain(c.word)}**: {plain(c.text)}" for c in open_]
    return ["### Criteria", "", *table(("section", "met"), counts), "", *rows, *([""] if rows else [])]


def _faults(report: Report) -> list[str]:
    if not report.faults:
        return []
    rows = ((f.fault_id, f.title, f.victims, "✓" if f.over else "✗", fault_outcome(f)) for f in report.faults)
    return ["### Faults", "", *table(("fault", "what", "whom", "over", "how"), rows), ""]
