"""The view model: the contents of the report, computed once from history and verdict and shown by every format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulation.checks.base import Finding
from simulation.checks.evidence.case import Case
from simulation.checks.faults import faults_recovered
from simulation.checks.verdict import Verdict
from simulation.events import EntrantAction, Escalated
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.reporting.parts.contests import ContestView, contests_of
from simulation.reporting.parts.criteria import CriterionView, SectionView, ranked, sections_of
from simulation.reporting.parts.days import DayView, days_of
from simulation.reporting.parts.delayed_payments import DelayedPayments, delayed_payments_of
from simulation.reporting.parts.directory import directory_of
from simulation.reporting.parts.endings import judged_faults
from simulation.reporting.parts.evidence import Evidence, evidence_of
from simulation.reporting.parts.executions import AlertView, ExecutionView, alerts_of, executions_of
from simulation.reporting.parts.facts import RunFacts, facts_of
from simulation.reporting.parts.faults import FaultView, faults_of
from simulation.reporting.parts.figures import Figure, figures_of, none_good
from simulation.reporting.parts.funds import Funds, funds_of
from simulation.reporting.parts.money_back import MoneyBack, money_back_of
from simulation.reporting.parts.off_plan import OffPlan, off_plan_of
from simulation.reporting.parts.reconciliation import Reconciliation, reconciliation_of
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.story import Story, recoveries, story_of
from simulation.reporting.parts.stripe_traffic import Traffic, stripe_traffic_of
from simulation.reporting.parts.trail import AuditRow, trail_of
from simulation.reporting.parts.winner_accounts import WinnerAccounts, winner_accounts_of
from simulation.reporting.parts.wrong import WentWrong, went_wrong
from simulation.reporting.timeline import timeline_of
from simulation.reporting.timeline_marks import Timeline
from simulation.reporting.times import Calendar
from simulation.reporting.words import HEADLINES, Mark, mark


@dataclass(frozen=True, kw_only=True)
class Report:
    """The contents of a report. ``exit_code`` and ``outcome`` are the verdict's; the rest is derived for readers."""

    outcome: str
    exit_code: int
    mark: Mark
    headline: str
    calendar: Calendar
    facts: RunFacts
    story: Story
    wrong: WentWrong
    figures: tuple[Figure, ...]
    sections: tuple[SectionView, ...]
    findings: tuple[Finding, ...]
    evidence: dict[int, Evidence]
    timeline: Timeline
    days: tuple[DayView, ...]
    contests: tuple[ContestView, ...]
    faults: tuple[FaultView, ...]
    alerts: tuple[AlertView, ...]
    executions: tuple[ExecutionView, ...]
    escalations: tuple[Escalated, ...]
    funds: tuple[Funds, ...]
    """By currency, at least one."""
    delayed_payments: tuple[DelayedPayments, ...]
    off_plan: tuple[OffPlan, ...]
    money_back: MoneyBack
    stripe_traffic: tuple[Traffic, ...]
    winner_accounts: tuple[WinnerAccounts, ...]
    reconciliation: Reconciliation
    trail: tuple[AuditRow, ...]

    @property
    def criteria(self) -> tuple[CriterionView, ...]:
        return tuple(criterion for section in self.sections for criterion in section.criteria)

    @property
    def doubts(self) -> tuple[str, ...]:
        """The reasons why criteria are unknown, each once."""
        unknown = (criterion for criterion in self.criteria if criterion.outcome == "unknown")
        return tuple(dict.fromkeys(doubt for criterion in unknown for doubt in criterion.doubts))


def build_report(history: History, verdict: Verdict, *, folder: str = "") -> Report:
    """Compute the view model. An incomplete history gives a shorter report, never an error.

    :param folder: the run's, as readers are to type it.
    """
    source = _source(history)
    contests = contests_of(source)
    alerts = alerts_of(source)
    executions = executions_of(source, alerts)
    judged = judged_faults(verdict)
    faults = faults_of(source, judged, alerts, executions)
    funds, facts = funds_of(source), facts_of(source, verdict, folder)
    notes = {faults_recovered.name: recovered} if (recovered := recoveries(faults)) else {}
    sections = sections_of(verdict, source.names, notes=notes)
    found = ranked(verdict, source.names)
    findings = tuple(told for _, told in found)
    wrong = went_wrong(history, found, facts)
    escalations = tuple(history.of(Escalated))
    figures = figures_of(sections, contests, faults, executions, funds, len(escalations), facts)
    entrants = len({act.person for act in history.of(EntrantAction) if act.action == "joined"})
    return Report(
        outcome=verdict.outcome,
        exit_code=verdict.exit_code,
        mark=mark(verdict.outcome),
        headline=HEADLINES.get(verdict.outcome, HEADLINES["unknown"]),
        calendar=source.calendar,
        facts=facts,
        story=story_of(source.calendar, facts, contests, entrants, funds, faults, sections, findings),
        wrong=wrong,
        figures=none_good(figures) if verdict.outcome == "unknown" else figures,
        sections=sections,
        findings=findings,
        evidence=evidence_of(history, findings),
        timeline=timeline_of(source, contests, faults, alerts, executions, wrong),
        days=days_of(source, contests, faults, alerts, executions, wrong),
        contests=contests,
        faults=faults,
        alerts=alerts,
        executions=executions,
        escalations=escalations,
        funds=funds,
        delayed_payments=delayed_payments_of(source, contests),
        off_plan=off_plan_of(source, contests),
        money_back=money_back_of(source, contests),
        stripe_traffic=stripe_traffic_of(history),
        winner_accounts=winner_accounts_of(source, contests),
        reconciliation=reconciliation_of(source),
        trail=trail_of(source),
    )


def _source(history: History) -> ReportSource:
    started = history.started
    return ReportSource(
        history=history,
        case=Case(history, started.governance if started else NO_GOVERNANCE),
        names=directory_of(history),
        calendar=_calendar(history),
    )


def _calendar(history: History) -> Calendar:
    started = history.started
    if started is not None:
        return Calendar(start=started.absence_start, end=started.window_end)
    first = history.events[0].at if history.events else datetime(1970, 1, 1, tzinfo=UTC)
    last = history.events[-1].at if history.events else first
    return Calendar(start=first, end=max(last, first + timedelta(days=1)))
