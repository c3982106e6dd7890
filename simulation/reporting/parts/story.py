"""The run in plain English, for a reader who knows nothing about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from simulation.checks.base import Finding
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.criteria import CriterionView, SectionView
from simulation.reporting.parts.facts import RunFacts
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.parts.funds import Funds
from simulation.reporting.times import Calendar
from simulation.reporting.words import listed
from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class Story:
    """``what``: what was simulated; ``happened``: the result; ``why``: the reason for the verdict."""

    what: str
    happened: str
    why: str


def story_of(
    calendar: Calendar,
    facts: RunFacts,
    contests: tuple[ContestView, ...],
    entrants: int,
    funds: tuple[Funds, ...],
    faults: tuple[FaultView, ...],
    sections: tuple[SectionView, ...],
    findings: tuple[Finding, ...],
) -> Story:
    """The three texts, each understandable by itself."""
    games = [] if facts.without_contests else [_contests(contests, entrants)]
    return Story(
        what=_what(calendar, facts),
        happened=" ".join((*games, _money(funds, facts), _faults(faults))),
        why=_why([criterion for section in sections for criterion in section.criteria], findings),
    )


def _what(calendar: Calendar, facts: RunFacts) -> str:
    span = f"{calendar.start:%d %b} to {calendar.end:%d %b %Y}"
    if facts.without_contests:
        return (
            f"For {plural(facts.days, 'simulated day')} ({span}) a shop had to run by itself. Founder and engineering "
            "access was revoked. People ordered and paid, real-world trouble was injected on a schedule, and "
            "independent witnesses recorded everything."
        )
    return (
        f"For {plural(facts.days, 'simulated day')} ({span}) a contest platform had to run by itself. Founder and "
        "engineering access was revoked; only an operator was there, who answers alerts by following written runbooks "
        "to the letter. "
        "People joined contests and paid, real-world trouble was injected on a schedule, and independent witnesses "
        "recorded everything."
    )


def _contests(contests: tuple[ContestView, ...], entrants: int) -> str:
    paid_out = sum(contest.paid_out for contest in contests)
    end = "all were paid out" if paid_out == len(contests) else f"{paid_out} of {len(contests)} were paid out"
    return (
        f"{plural(len(contests), 'contest')} with {plural(entrants, 'entrant')} took place; {end}."
        if contests
        else ("No contest was observed.")
    )


def _money(funds: tuple[Funds, ...], facts: RunFacts) -> str:
    return " ".join(_money_of(one, facts) for one in funds)


def _money_of(funds: Funds, facts: RunFacts) -> str:
    paid, prizes = (
        f"Entrants paid in {funds.told(funds.in_cents)}",
        f"{funds.told(funds.prizes_cents)} went out as prizes",
    )
    text = f"People paid {funds.told(funds.in_cents)}; " if facts.without_contests else f"{paid}; {prizes}, "
    text += (
        f"{funds.told(funds.refunds_cents)} came back as refunds and Stripe kept "
        f"{funds.told(funds.fees_cents)} in fees."
    )
    if funds.prizes_undeliverable_cents:
        text += f" {funds.told(funds.prizes_undeliverable_cents)} in prizes could not be delivered and is still owed."
    if funds.difference_cents:
        text += f" Stripe's closing balance differs from that by {funds.told(funds.difference_cents)}."
    return text


def _faults(faults: tuple[FaultView, ...]) -> str:
    if not faults:
        return "Nothing was made to go wrong."
    counts = Counter((fault.ending, fault.as_foreseen) for fault in faults)
    told = [
        f"{counts[way]} {words if counts[way] > 1 else words.replace('themselves', 'itself')}"
        for way, words in _ENDINGS.items()
        if counts[way]
    ]
    return f"Of {plural(len(faults), 'injected fault')}, {listed(told)}."


def recoveries(faults: tuple[FaultView, ...]) -> str:
    """By what the faults were recovered: ``7 by runbook, 9 by themselves, 3 given up``; the last as it was foreseen."""
    counts = Counter(fault.ending if fault.over else "open" for fault in faults)
    told = [f"{counts[kind]} {words}" for kind, words in _RECOVERIES.items() if counts[kind]]
    return ", ".join(told)


_RECOVERIES = {
    "runbook": "by runbook",
    "self": "by themselves",
    "terminal": "given up",
    "open": "not as foreseen",
}

_ENDINGS = {
    ("runbook", True): "recovered by runbook",
    ("runbook", False): "recovered by runbook though it should have ended otherwise",
    ("self", True): "healed by themselves",
    ("self", False): "healed by themselves though a runbook or a final failure was foreseen",
    ("terminal", True): "ended in a final failure that was foreseen",
    ("terminal", False): "ended in a final failure that was not foreseen",
    ("open", False): "not recovered from",
    ("never", False): "never struck",
}
"""(``FaultView.ending``, ``FaultView.as_foreseen``) → how the story words it."""


def _why(criteria: list[CriterionView], findings: tuple[Finding, ...]) -> str:
    failed = [criterion for criterion in criteria if criterion.outcome == "fail"]
    unknown = [criterion for criterion in criteria if criterion.outcome == "unknown"]
    unverified = sum(criterion.outcome == "not_verified" for criterion in criteria)
    note = (
        f" {plural(unverified, 'criterion', 'criteria')} could not be verified here and decided nothing."
        if unverified
        else ""
    )
    if failed:
        checks = plural(len({finding.check for finding in findings}), "check")
        return (
            f"The run fails because {plural(len(failed), 'criterion', 'criteria')} of {len(criteria)} "
            f"{'is' if len(failed) == 1 else 'are'} not met: {plural(len(findings), 'finding')} by {checks}.{note}"
        )
    if findings:
        checks = listed(list(dict.fromkeys(finding.check for finding in findings)))
        return f"The run fails because of {plural(len(findings), 'finding')}, which no criterion names: {checks}.{note}"
    if unknown:
        reasons = list(dict.fromkeys(doubt for criterion in unknown for doubt in criterion.doubts))
        return (
            f"The verdict is unknown because {plural(len(unknown), 'criterion', 'criteria')} of {len(criteria)} could "
            f"not be decided ({listed(reasons)}). What could not be looked at is never counted as passed.{note}"
        )
    return (
        "The run passes because every criterion that was decided is met "
        f"({len(criteria) - unverified} of {len(criteria)}) and no check has a finding.{note}"
    )
