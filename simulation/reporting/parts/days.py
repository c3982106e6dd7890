"""Notable events of the run, as sentences, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from simulation.checks.base import Finding
from simulation.events import AccessProbe, EntrantAction, Escalated, JobFailed, ProviderPublication
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.executions import AlertView, ExecutionView
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.wrong import WentWrong
from simulation.reporting.times import duration
from simulation.reporting.words import listed, money, ordinal
from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class Notable:
    """A notable event. ``sort`` is one of ``contest``, ``people``, ``fault``, ``alert``, ``runbook``, ``recovered``,
    ``access``, ``trouble``, ``wrong``."""

    at: datetime
    sort: str
    text: str


@dataclass(frozen=True, kw_only=True)
class DayView:
    """One day, or several days without events merged, from day ``number`` to day ``last``."""

    number: int
    last: int
    date: str
    events: tuple[Notable, ...]


@dataclass(kw_only=True)
class _Crowd:
    """People who did the same on one day, told as one event; ``cents`` is the sum of what they paid."""

    first: datetime
    people: set[str] = field(default_factory=set)
    cents: int = 0


def days_of(
    source: ReportSource,
    contests: tuple[ContestView, ...],
    faults: tuple[FaultView, ...],
    alerts: tuple[AlertView, ...],
    executions: tuple[ExecutionView, ...],
    wrong: WentWrong,
) -> tuple[DayView, ...]:
    """Every day of the window; consecutive days without events are merged.

    Of one instant first what happened, then what was found wrong, and at last that all is at rest.
    """
    notables = [
        *_people(source),
        *_provider(source),
        *_contests(contests),
        *_faults(faults),
        *_alerts(alerts, executions),
        *_rest(source),
        *_wrong(wrong),
    ]
    notables += _at_rest(source, notables)
    by_day: dict[int, list[Notable]] = {number: [] for number in range(source.calendar.days)}
    for notable in sorted(notables, key=lambda notable: notable.at):
        by_day.setdefault(source.calendar.day_of(notable.at), []).append(notable)
    days: list[DayView] = []
    for number, events in sorted(by_day.items()):
        date = source.calendar.date_of(number)
        if days and not events and not days[-1].events:
            first = days.pop()
            date = f"{first.date.split(' to ')[0]} to {date}"
            days.append(DayView(number=first.number, last=number, date=date, events=()))
        else:
            days.append(DayView(number=number, last=number, date=date, events=tuple(events)))
    return tuple(days)


_CROWDS = {
    "signed_up": ("{people} signed up", ""),
    "joined": ("{people} joined {contest}", ""),
    "paid": ("{people} paid the entry fee of {contest}", "{money} in all"),
    "paid_late": ("{people} paid for {contest} after its lock", "{money} in all"),
    "paid_twice": ("{people} paid a second time for {contest}", "{money} in all"),
    "paid_wrong_amount": ("{people} paid another amount than the entry fee of {contest}", "{money} in all"),
    "paid_wrong_currency": ("{people} paid for {contest} in another currency", "{money} in all"),
    "began_to_pay": ("{people} began to pay for {contest} by bank debit", "{money} in all"),
    "left_contest": ("{people} left {contest} again", ""),
    "never_paid": ("{people} joined {contest} and never paid", ""),
}


def _people(source: ReportSource) -> Iterable[Notable]:
    crowds: dict[tuple[int, str, str | None, str], _Crowd] = {}
    for act in source.history.of(EntrantAction):
        contest = source.names.contest(act.contest_id or act.contest)
        if act.action == "published_contest":
            yield Notable(at=act.at, sort="contest", text=f"{contest} is published and open for entries")
        elif act.action == "refused":
            yield Notable(at=act.at, sort="trouble", text=f"{_who(source, act)} was refused: {act.detail}")
        elif act.action in _CROWDS:
            where = None if act.action == "signed_up" else contest
            key = (source.calendar.day_of(act.at), act.action, where, act.currency)
            crowd = crowds.setdefault(key, _Crowd(first=act.at))
            crowd.people.add(act.person)
            crowd.cents += act.amount_cents
    for (_, action, where, currency), crowd in crowds.items():
        sentence, paid = _CROWDS[action]
        text = sentence.format(people=plural(len(crowd.people), "person", "people"), contest=where)
        text += f", {paid.format(money=money(crowd.cents, currency))}" if paid else ""
        yield Notable(at=crowd.first, sort="people", text=text)


def _who(source: ReportSource, act: EntrantAction) -> str:
    return source.names.person(act.user_id) if act.user_id else act.person


_STAGE_WORDS = {
    "LOCKED": "{name} locks: no more entries",
    "LIVE": "{name} goes live",
    "COMPLETE": "{name} is complete",
    "PAID_OUT": "{name} is paid out",
    "CANCELLED": "{name} is cancelled",
    "ERROR": "{name} is in error",
}


def _contests(contests: tuple[ContestView, ...]) -> Iterable[Notable]:
    for contest in contests:
        for stage in contest.stages:
            if stage.name == "SETTLED":
                won = [
                    f"{ordinal(w.rank)} {w.person} {money(w.prize_cents, contest.currency)}" for w in contest.winners
                ]
                yield Notable(at=stage.start, sort="contest", text=f"{contest.name} is settled: {listed(won)}")
            elif stage.name in _STAGE_WORDS:
                sort = "trouble" if stage.name == "ERROR" else "contest"
                yield Notable(at=stage.start, sort=sort, text=_STAGE_WORDS[stage.name].format(name=contest.name))


def _provider(source: ReportSource) -> Iterable[Notable]:
    for publication in source.history.of(ProviderPublication):
        if publication.final:
            text = f"the score provider publishes the final result of tournament {publication.tournament}"
            yield Notable(at=publication.at, sort="contest", text=text)


def _faults(faults: tuple[FaultView, ...]) -> Iterable[Notable]:
    for fault in faults:
        if fault.struck_at:
            times = f", {fault.strikes} times" if fault.strikes > 1 else ""
            text = f"fault {fault.fault_id}: {fault.title} ({fault.victims}){times}"
            yield Notable(at=fault.struck_at, sort="fault", text=text)
        answered = any(execution.status == "completed" for execution in fault.executions)
        if fault.ended_at and not answered:
            after = duration(fault.over_after_seconds)
            yield Notable(
                at=fault.ended_at, sort="recovered", text=f"fault {fault.fault_id} {fault.ended_how}, after {after}"
            )


def _alerts(alerts: tuple[AlertView, ...], executions: tuple[ExecutionView, ...]) -> Iterable[Notable]:
    for alert in alerts:
        text = f"alert {alert.name} ({alert.severity})" + (f" for fault {alert.fault_id}" if alert.fault_id else "")
        yield Notable(at=alert.fired_at, sort="alert", text=text)
    for execution in executions:
        at, matched = execution.ended_at or execution.started_at, f"{execution.matched} of {len(execution.steps)}"
        text = f"runbook {execution.runbook} {execution.status}, {matched} commands as written"
        text += f", in {duration(execution.duration_seconds)}" if execution.duration_seconds is not None else ""
        text += (
            f"; that deals with fault {execution.fault_id}"
            if execution.fault_id and execution.status == "completed"
            else ""
        )
        yield Notable(at=at, sort="runbook" if execution.status == "completed" else "trouble", text=text)


def _rest(source: ReportSource) -> Iterable[Notable]:
    probes = [probe for probe in source.history.of(AccessProbe) if probe.subject.startswith("founder")]
    for moment in ("start", "end"):
        mine = [probe for probe in probes if probe.moment == moment]
        if mine:
            refused = sum(probe.refused for probe in mine)
            text = f"founder access tried in {plural(len(mine), 'way')}: {refused} of {len(mine)} refused"
            yield Notable(at=mine[0].at, sort="access" if refused == len(mine) else "trouble", text=text)
    for event in source.history.of(Escalated):
        yield Notable(at=event.at, sort="trouble", text=f"escalated to engineering: {event.reason}")
    for failed in source.history.of(JobFailed):
        yield Notable(at=failed.at, sort="trouble", text=f"background job {failed.job} raised {failed.error}")


def _wrong(wrong: WentWrong) -> Iterable[Notable]:
    """Each cause once a day, where it struck first on it."""
    for cause in wrong.causes:
        by_day: dict[date, list[Finding]] = {}
        for finding in cause.findings:
            if finding.at is not None:
                by_day.setdefault(finding.at.date(), []).append(finding)
        for several in by_day.values():
            at, text = min((finding.at, f"{finding.subject}: {finding.message}") for finding in several if finding.at)
            more = f", and {len(several) - 1} more like it" if len(several) > 1 else ""
            yield Notable(at=at, sort="wrong", text=text + more)


def _at_rest(source: ReportSource, notables: Sequence[Notable]) -> Iterable[Notable]:
    """Not before the last alert: whoever looks at one is not at rest."""
    ended = source.history.ended
    if ended and ended.converged_at:
        last = max((one.at for one in notables if one.sort in ("alert", "runbook")), default=ended.converged_at)
        at = max(ended.converged_at, last)
        yield Notable(at=at, sort="recovered", text="everything has come to rest: nothing is pending")
