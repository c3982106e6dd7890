"""Findings, faults and money as plain lines of text, shared by the terminal, Markdown, JUnit and CTRF formats."""

from __future__ import annotations

from simulation.checks.base import Finding
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.parts.funds import Funds
from simulation.reporting.times import Calendar, duration
from simulation.reporting.view import Report


def finding_lines(finding: Finding, calendar: Calendar) -> list[str]:
    """One to four lines: the problem, expected and actual, the ids concerned, the events that are the evidence."""
    when = f" ({calendar.when(finding.at)})" if finding.at else ""
    lines = [f"{finding.check}: {finding.subject}: {finding.message}{when}"]
    if finding.expected or finding.actual:
        lines.append(f"  expected {finding.expected or '—'}; actual {finding.actual or '—'}")
    if known := finding.keys.named():
        lines.append(f"  about {', '.join(f'{name} {value}' for name, value in known.items())}")
    if finding.seqs:
        lines.append(f"  evidence: events {', '.join(map(str, finding.seqs[:10]))} of history.jsonl")
    return lines


def about(report: Report) -> dict[str, str]:
    """The run in name and value: what made it, where it is, what went wrong in it, its money."""
    facts = report.facts
    over = sum(fault.over for fault in report.faults)
    return {
        "scenario": facts.scenario,
        "seed": str(facts.seed),
        "version": facts.made_by.version,
        "commit": facts.made_by.commit,
        "tree": facts.made_by.tree,
        "environment": facts.environment or "unknown",
        "target": facts.target or "unknown",
        "folder": facts.folder or "unknown",
        "digest": facts.digest,
        "faults": f"{over} of {len(report.faults)} ended as expected",
        "money": "; ".join(money_line(funds) for funds in report.funds),
    }


def fault_outcome(fault: FaultView) -> str:
    """``recovered by runbook X after 53 min``."""
    return fault.ended_how + (f" after {duration(fault.over_after_seconds)}" if fault.ended_at else "")


def money_line(funds: Funds) -> str:
    """The balance at Stripe as a sum in one line: opening, each kind of movement, closing."""
    closing = (
        "closing balance not witnessed" if funds.closing_cents is None else f"closing {funds.told(funds.closing_cents)}"
    )
    other = f" + other {funds.told(funds.other_cents)}" if funds.other_cents else ""
    return (
        f"opening {funds.told(funds.opening_cents)} + in {funds.told(funds.in_cents)} "
        f"- fees {funds.told(funds.fees_cents)} - refunds {funds.told(funds.refunds_cents)} "
        f"- prizes {funds.told(funds.prizes_cents)}{other} = {closing}"
    )
