"""The timeline as lanes of segments and marks, positioned in percent of the window; the template draws them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from simulation.events import ProviderAnswer, WebhookAttempt
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.executions import AlertView, ExecutionView
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.wrong import WentWrong
from simulation.reporting.timeline_marks import (
    APART_PERCENT,
    NARROW_PIXELS,
    LaneRows,
    Segment,
    Timeline,
    TimelineLane,
    TimelineMark,
    TimelineTick,
)
from simulation.reporting.times import Calendar, duration
from simulation.words import plural


def timeline_of(
    source: ReportSource,
    contests: tuple[ContestView, ...],
    faults: tuple[FaultView, ...],
    alerts: tuple[AlertView, ...],
    executions: tuple[ExecutionView, ...],
    wrong: WentWrong,
) -> Timeline:
    """One lane for each contest, then lanes for findings, faults, provider outages, alerts, runbooks and webhooks."""
    calendar = source.calendar
    lanes = [_contest_lane(calendar, contest) for contest in contests]
    lanes += [_finding_lane(calendar, wrong)] if wrong.causes else []
    lanes += [
        _fault_lane(calendar, faults),
        _outage_lane(source, faults),
        _alert_lane(calendar, alerts),
        _execution_lane(calendar, executions),
        _webhook_lane(source, faults),
    ]
    return Timeline(lanes=tuple(lanes), ticks=tuple(ticks_of(calendar)))


def ticks_of(calendar: Calendar) -> Iterator[TimelineTick]:
    """Midnights; on a run of a few days the hours between them, too."""
    hours = 6 if calendar.days <= 3 else 24 if calendar.days <= 16 else 48 if calendar.days <= 31 else 168
    for hour in range(0, 24 * calendar.days, hours):
        day, rest = divmod(hour, 24)
        at = calendar.start + timedelta(hours=hour)
        yield TimelineTick(
            left=calendar.percent(at),
            label=f"{at:%H:%M}" if rest else f"day {day}",
            date="" if rest else f"{at:%d %b}",
        )


def _finding_lane(calendar: Calendar, wrong: WentWrong) -> TimelineLane:
    """A mark for each instant of a cause's findings, with a label at the first."""
    marks, rows, labelled = [], LaneRows(), set[int]()
    found = [(number, finding) for number, cause in enumerate(wrong.causes) for finding in cause.findings]
    dated = [(finding.at, number, finding) for number, finding in found if finding.at is not None]
    for at, number, finding in sorted(dated, key=lambda one: one[:2]):
        text = f"{finding.subject}: {finding.message}, {calendar.when(at)}"
        label = "" if number in labelled else finding.check
        labelled.add(number)
        marks.append(rows.place(TimelineMark(left=calendar.percent(at), shape="wrong", tooltip=text, label=label)))
    undated = len(found) - len(dated)
    note = f"{undated} without an instant" if undated else ""
    return TimelineLane(title="What was found wrong", kind="wrong", marks=tuple(marks), note=note)


def _contest_lane(calendar: Calendar, contest: ContestView) -> TimelineLane:
    segments, run = [], 0
    for stage in contest.stages:
        end = stage.end or calendar.end
        left = calendar.percent(stage.start)
        width = round(calendar.percent(end) - left, 3)
        lasted = (
            f" to {calendar.when(end)} ({duration((end - stage.start).total_seconds())})"
            if stage.end
            else ", to the end"
        )
        segment = Segment(
            left=left,
            width=width,
            style=stage.name,
            label=stage.name.replace("_", " "),
            tooltip=f"{contest.name}: {stage.name} from {calendar.when(stage.start)}{lasted}",
            shift_pixels=run * NARROW_PIXELS,
        )
        run = run + 1 if segment.narrow else 0
        segments.append(segment)
    return TimelineLane(title=contest.name, kind="contest", segments=tuple(sorted(segments, key=lambda s: s.narrow)))


def _stretch(calendar: Calendar, start: datetime, end: datetime | None, *, style: str, tooltip: str) -> Segment:
    left, right = calendar.percent(start), calendar.percent(end or calendar.end)
    return Segment(left=left, width=round(right - left, 3), style=style, label="", tooltip=tooltip)


def _fault_lane(calendar: Calendar, faults: tuple[FaultView, ...]) -> TimelineLane:
    segments: list[Segment] = []
    marks: list[TimelineMark] = []
    rows = LaneRows()
    for fault in sorted(faults, key=lambda fault: (fault.struck_at or calendar.end, fault.fault_id)):
        if fault.struck_at is None:
            continue
        text = f"{fault.fault_id}: {fault.title}. {fault.victims}. "
        text += f"Struck {calendar.when(fault.struck_at)}; {fault.ended_how}"
        text += f", {calendar.when(fault.ended_at)}" if fault.ended_at else ""
        stretch = _stretch(calendar, fault.struck_at, fault.ended_at, style="fault", tooltip=text)
        mark = TimelineMark(left=stretch.left, shape="fault", tooltip=text, label=fault.fault_id)
        marks.append(rows.place(mark, until=stretch.left + stretch.width))
        segments.append(replace(stretch, row=marks[-1].row))
    never = [fault.fault_id for fault in faults if fault.struck_at is None]
    note = f"never struck: {', '.join(never)}" if never else ""
    return TimelineLane(title="Faults", kind="fault", segments=tuple(segments), marks=tuple(marks), note=note)


def _outage_lane(source: ReportSource, faults: tuple[FaultView, ...]) -> TimelineLane:
    """For each fault of the score provider, the period from the first to the last answer that it corrupted."""
    segments = []
    for fault in faults:
        bad = [answer for answer in source.history.of(ProviderAnswer) if answer.fault_id == fault.fault_id]
        if bad:
            answers = plural(len(bad), "answer")
            text = f"{bad[0].tournament}: {fault.title}, {answers} from {source.calendar.when(bad[0].at)}"
            text += f" to {source.calendar.when(bad[-1].at)}" if len(bad) > 1 else ""
            segments.append(_stretch(source.calendar, bad[0].at, bad[-1].at, style="outage", tooltip=text))
    return TimelineLane(title="Score provider", kind="outage", segments=tuple(segments))


def _alert_lane(calendar: Calendar, alerts: tuple[AlertView, ...]) -> TimelineLane:
    segments, marks, rows = [], [], LaneRows()
    for alert in alerts:
        until = f", resolved {calendar.when(alert.resolved_at)}" if alert.resolved_at else ", never resolved"
        text = f"{alert.name} ({alert.severity}) fired {calendar.when(alert.fired_at)}{until}"
        stretch = _stretch(calendar, alert.fired_at, alert.resolved_at, style="alert", tooltip=text)
        mark = TimelineMark(left=stretch.left, shape="alert", tooltip=text, label=alert.name)
        marks.append(rows.place(mark, until=stretch.left + stretch.width))
        segments.append(replace(stretch, row=marks[-1].row))
    return TimelineLane(title="Alerts", kind="alert", segments=tuple(segments), marks=tuple(marks))


def _execution_lane(calendar: Calendar, executions: tuple[ExecutionView, ...]) -> TimelineLane:
    marks, rows = [], LaneRows()
    for execution in executions:
        left = calendar.percent(execution.started_at)
        text = f"runbook {execution.runbook} {execution.status}, opened {calendar.when(execution.started_at)}, "
        text += f"took {duration(execution.duration_seconds)}"
        shape = "runbook" if execution.status == "completed" else "runbook_failed"
        marks.append(rows.place(TimelineMark(left=left, shape=shape, tooltip=text, label=execution.fault_id or "")))
    return TimelineLane(title="Runbooks", kind="runbook", marks=tuple(marks))


def _webhook_lane(source: ReportSource, faults: tuple[FaultView, ...]) -> TimelineLane:
    kinds = {fault.fault_id: fault.kind for fault in faults}
    ticks, marks, rows = [], [], LaneRows()
    labelled: dict[str, float] = {}
    for attempt in source.history.of(WebhookAttempt):
        left = source.calendar.percent(attempt.at)
        answer = f"answered {attempt.status}" if attempt.status is not None else "no answer"
        failed = attempt.status is None or attempt.status >= 300
        if attempt.fault_id is None and not failed:
            ticks.append(left)
            continue
        kind = kinds.get(attempt.fault_id or "", "")
        what = "delayed" if "delayed" in kind else "second delivery" if attempt.fault_id and not failed else "refused"
        shape = {"delayed": "late", "second delivery": "twice"}.get(what, "refused")
        text = f"{what}: {attempt.event_type} {attempt.event_id}, attempt {attempt.attempt}, "
        text += f"{source.calendar.when(attempt.at)}, {answer}"
        label = attempt.fault_id or ""
        near = left - labelled.get(label, -100.0) < APART_PERCENT
        labelled[label] = left
        marks.append(rows.place(TimelineMark(left=left, shape=shape, tooltip=text, label="" if near else label)))
    return TimelineLane(title="Webhooks", kind="webhook", marks=tuple(marks), ticks=tuple(dict.fromkeys(ticks)))
