"""The verdict on one terminal screen: at most 48 lines of 100 columns, readable without colour."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap

from rich.console import Group, RenderableType
from rich.text import Text

from simulation.checks.left_out import in_words
from simulation.reporting.parts.criteria import SectionView
from simulation.reporting.parts.facts import run_title
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.parts.funds import Funds
from simulation.reporting.text import finding_lines
from simulation.reporting.times import duration
from simulation.reporting.view import Report
from simulation.words import plural

LINES, COLUMNS = 48, 100
_STYLES = {"good": "green", "bad": "red", "doubt": "yellow", "plain": "dim"}
_MOST_FINDINGS, _MOST_CRITERIA = 4, 14
_MOST_UNVERIFIED = 3
"""Of a section."""
_READABLE_COLUMNS = 76
"""Findings are wrapped at this width, so that a terminal of 80 columns shows them whole."""


def render(report: Report, report_path: Path) -> RenderableType:
    """What the command line prints at the end of a run."""
    above = [*_head(report), *_findings(report), *_criteria(report)]
    below = [*_money(report), *_foot(report, report_path)]
    return Group(*above, *_faults(report, room=LINES - len(above) - len(below)), *below)


def _line(*parts: tuple[str, str] | str) -> Text:
    """One line; what is too long is cut with an ellipsis. Control characters never reach the terminal."""
    line = Text(no_wrap=True, overflow="ellipsis", end="\n")
    for part in parts:
        text, style = part if isinstance(part, tuple) else (part, "")
        line.append("".join(char if char.isprintable() else " " for char in text), style=style)
    line.truncate(COLUMNS, overflow="ellipsis")
    return line


def _wrapped(lead: tuple[str, str], text: str, style: str = "") -> list[Text]:
    """Two lines of 100 columns where one is too short: a remedy that is cut helps nobody."""
    width = COLUMNS - len(lead[0])
    said = wrap(text, width, max_lines=2, placeholder=" …", break_long_words=False, break_on_hyphens=False)
    return [_line(lead if not number else " " * len(lead[0]), (row, style)) for number, row in enumerate(said)]


def _whole(heading: str, text: str) -> Text:
    """A path or a command, which somebody copies: however long, it is one line and all of it."""
    line = Text(no_wrap=True, overflow="ignore", end="\n")
    line.append(heading, style="bold")
    line.append("".join(char if char.isprintable() else " " for char in text))
    return line


def _head(report: Report) -> list[Text]:
    style = f"bold {_STYLES[report.mark.tone]}"
    return [
        _line((f"{report.mark.symbol} {report.mark.word.upper()}", style), ("  " + report.headline, "bold")),
        *_wrapped(("  ", ""), f"{run_title(report.facts)}; {_contests(report)}; version {report.facts.made_by}", "dim"),
        _line(),
    ]


def _contests(report: Report) -> str:
    if report.facts.without_contests:
        return "a business without contests"
    paid_out = sum(contest.paid_out for contest in report.contests)
    return f"{plural(len(report.contests), 'contest')}, {paid_out} paid out"


def _findings(report: Report) -> list[Text]:
    """The findings; when there are none, the reasons why criteria are unknown."""
    lines = []
    for finding in report.findings[:_MOST_FINDINGS]:
        what, *more = finding_lines(finding, report.calendar)
        said, *rest = wrap(what, _READABLE_COLUMNS, max_lines=2, placeholder=" …", break_on_hyphens=False)
        lines.append(_line(("  ✗ ", "red"), said))
        lines += [_line("    " + line) for line in rest]
        lines += [_line(("  " + line, "dim")) for line in more if "expected" in line]
    left = len(report.findings) - _MOST_FINDINGS
    lines += (
        [_line((f"  … and {plural(left, 'more finding', 'more findings')} in the report", "dim"))] if left > 0 else []
    )
    if not report.findings:
        lines += [_line(("  ? ", "yellow"), doubt) for doubt in report.doubts[:_MOST_FINDINGS]]
    return [_line(("Why", "bold")), *lines, _line()] if lines else []


def _criteria(report: Report) -> list[Text]:
    """Failed and unknown criteria, or all success criteria when there are none; then a count for each other section."""
    open_ = [criterion for criterion in report.criteria if criterion.outcome in ("fail", "unknown")]
    shown = open_ or [c for section in report.sections if section.key == "success" for c in section.criteria]
    most = _MOST_CRITERIA if not open_ else max(3, _MOST_CRITERIA - 2 * min(len(report.findings), _MOST_FINDINGS))
    lines = [_line(("Criteria", "bold"))]
    for criterion in shown[:most]:
        failure = criterion.section == "failure"
        said = [criterion.word] if failure or criterion.outcome == "not_verified" else []
        notes = [*said, criterion.note] if criterion.note else said
        note = f" ({'; '.join(notes)})" if notes else ""
        lines.append(
            _line((f"  {criterion.mark.symbol} ", _STYLES[criterion.mark.tone]), criterion.text, (note, "dim"))
        )
    if len(shown) > most:
        lines.append(_line((f"  … and {len(shown) - most} more, in the report", "dim")))
    rest = [section for section in report.sections if open_ or section.key != "success"]
    for section in rest:
        lines += [_count(section), *(() if open_ else _unverified(section))]
    return [*lines, _line()]


def _unverified(section: SectionView) -> list[Text]:
    """Which criteria nobody looked at here, each with the first reason: a pass says nothing of them."""
    open_ = [criterion for criterion in section.criteria if criterion.outcome == "not_verified"]
    reasons = [next(iter(criterion.doubts), criterion.word).partition(": ")[2] for criterion in open_]
    return [
        line
        for criterion, reason in zip(open_[:_MOST_UNVERIFIED], reasons, strict=False)
        for line in _wrapped(("    – ", "dim"), f"{criterion.text}: {reason}")
    ]


def _count(section: SectionView) -> Text:
    words = "did not occur" if section.key == "failure" else "met"
    unverified = sum(criterion.outcome == "not_verified" for criterion in section.criteria)
    note = f", {unverified} not verified here" if unverified else ""
    count = f"{section.title}: {section.passed} of {len(section.criteria)} {words}{note}"
    return _line((f"  {section.mark.symbol} ", _STYLES[section.mark.tone]), count)


def _faults(report: Report, *, room: int) -> list[Text]:
    """As many faults as fit into ``room`` lines, those not yet over first."""
    if not report.faults:
        return [_line(("Faults", "bold"), "  none in this scenario"), _line()]
    width = max(len(fault.fault_id) for fault in report.faults)
    rows = [_fault(fault, width) for fault in sorted(report.faults, key=lambda fault: fault.over)]
    if len(rows) > room - 2:
        kept = max(0, room - 3)
        rows = [*rows[:kept], _line((f"  … and {len(rows) - kept} more, in the report", "dim"))]
    return [_line(("Faults", "bold")), *rows, _line()]


def _fault(fault: FaultView, width: int) -> Text:
    symbol, style = ("✓", "green") if fault.over else ("✗", "red")
    kind, after = fault.kind.replace("_", " "), duration(fault.over_after_seconds)
    said = f"{fault.fault_id:<{width}}  {after:>11}  {fault.ended_short}"
    fits = len(said) + len(kind) + len("  x   ()") <= COLUMNS
    return _line((f"  {symbol} ", style), said, (f"  ({kind})" if fits else "", "dim"))


def _money(report: Report) -> list[Text]:
    return [_line(("Money", "bold")), *(line for funds in report.funds for line in _money_of(funds)), _line()]


def _money_of(funds: Funds) -> list[Text]:
    told = funds.told
    closing = "not witnessed" if funds.closing_cents is None else told(funds.closing_cents)
    outs = f"prizes {told(funds.prizes_cents)}, refunds {told(funds.refunds_cents)}, fees {told(funds.fees_cents)}"
    symbol, style = ("✗", "red") if funds.difference_cents else ("✓", "green")
    return [
        _line(f"    in   {told(funds.in_cents)} by {plural(funds.charges, 'payment')}"),
        _line(f"    out  {outs}"),
        _line(
            (f"  {symbol} ", style),
            f"balance at Stripe {told(funds.opening_cents)} → {closing}; still owed {told(funds.owed_cents)}",
        ),
    ]


def _foot(report: Report, path: Path) -> list[Text]:
    again = [] if report.outcome == "pass" else [_whole("Again   ", report.facts.reproduce)]
    written = report.facts.written
    judged = [] if written is None else _wrapped(("Judged  ", "bold"), written.sentence)
    rest = in_words(report.facts.left_out)
    not_judged = _wrapped(("Not judged  ", "bold"), rest) if rest else []
    return [*judged, *not_judged, _whole("Report  ", str(path)), *again]
