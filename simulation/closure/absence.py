"""Gate 06C: the founder absence simulation passed, by this commit, with nothing left that nobody looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulation.checks.base import CheckResult
from simulation.checks.run_record import UNKNOWN, Release
from simulation.checks.verdict import Verdict, judge
from simulation.closure.gates import Gate, Item
from simulation.errors import UsageError, command
from simulation.events import FaultScheduled
from simulation.faults.plan import FaultPlan
from simulation.history import History
from simulation.reporting.postmortem import BLANK, REVIEWED
from simulation.run_directory import RunDirectory
from simulation.scenario.file import find_scenario, load_scenario
from simulation.stored_run import contradictions, stored_history, stored_verdict
from simulation.words import plural

LEAST_DAYS = 14
_OF_PEOPLE = ("runbooks_rehearsed", "postmortem_reviewed")
"""Checks that no run can decide: the gates ask for them by themselves."""
_TOOLS = {"stripe_contract": "make stripe-mock", "alert_evaluation": "make promtool"}
_MOST = 5


@dataclass(frozen=True, kw_only=True)
class ClosingRun:
    """The run that is to close the iteration, judged anew."""

    directory: RunDirectory
    history: History
    verdict: Verdict
    changed: str | None
    """How its files contradict each other."""

    @property
    def made_by(self) -> Release:
        started = self.history.started
        return Release(version=started.version, commit=started.commit, tree=started.tree) if started else Release()


def closing_run(out: Path, *, scenario: str, release: Release, named: Path | None) -> ClosingRun | None:
    """The run that was named, else the newest whole one of the scenario that this commit made, else the newest.

    :raises UsageError: the one that was named is no run.
    """
    directory = RunDirectory.stored(named) if named is not None else _newest(out / scenario, release)
    if directory is None:
        return None
    history, before = stored_history(directory), stored_verdict(directory)
    changed = contradictions(directory, history, before)
    return ClosingRun(
        directory=directory,
        history=history,
        verdict=judge(history),
        changed=None if changed is None else changed.problem,
    )


def _newest(folder: Path, release: Release) -> RunDirectory | None:
    runs = [RunDirectory(path=path) for path in sorted(folder.glob("*-seed*"), reverse=True) if path.is_dir()]
    whole = [(run, verdict) for run in runs if (verdict := _verdict_of(run)) is not None]
    mine = [run for run, verdict in whole if verdict.run and verdict.run.made_by == release]
    return next(iter([*mine, *(run for run, _ in whole)]), None)


def _verdict_of(run: RunDirectory) -> Verdict | None:
    try:
        return stored_verdict(run)
    except UsageError:
        return None


def absence_gate(run: ClosingRun | None, *, scenario: str, release: Release) -> Gate:
    again = command("run", scenario)
    says = "Founder Absence Simulation passes with zero intervention"
    if run is None:
        lacking = Item(name="simulation", says=f"{scenario} passed", missing=("there is no whole run",), do=(again,))
        return Gate(phase="06C", says=says, items=(lacking,))
    items = (
        _committed(release),
        _passed(run, again),
        _as_shipped(run, scenario, again),
        _of_this_commit(run, release, again),
        _verified(run, again),
        _reviewed(run),
    )
    return Gate(phase="06C", says=says, items=items)


def _committed(release: Release) -> Item:
    """What is not committed can be neither deployed nor found again."""
    unknown = release.commit == UNKNOWN
    said = "whether it is committed is not known here: this is no checkout of git" if unknown else ""
    changed = "something here is not committed" if release.tree == "changed" else ""
    return Item(
        name="committed",
        says="the code is a commit",
        missing=tuple(filter(None, (said, changed))),
        unknown=unknown,
        do=("work in a checkout",) if unknown else ("git status, then commit; and what is below once more",),
        seen=str(release),
    )


def _passed(run: ClosingRun, again: str) -> Item:
    verdict = run.verdict
    findings = [finding for result in verdict.results for finding in result.findings]
    said = [f"{finding.check}: {finding.subject}: {finding.message}" for finding in findings[:_MOST]]
    if verdict.outcome != "pass" and not findings:
        said = [f"{result.check}: {result.unknown}" for result in verdict.results if result.unknown][:_MOST]
    more = [f"and {plural(len(findings) - _MOST, 'more finding', 'more findings')}"] if len(findings) > _MOST else []
    return Item(
        name="passed",
        says="its history, judged again now, passes",
        missing=(*(() if run.changed is None else (run.changed,)), *said, *more),
        unknown=verdict.outcome == "unknown",
        do=(command("check", run.directory.shown), f"document and mend what is wrong, then {again}"),
        seen=run.directory.shown,
    )


def _as_shipped(run: ClosingRun, scenario: str, again: str) -> Item:
    return Item(
        name="as written",
        says=f"it lived the scenario and its faults as they stand in the file, for {LEAST_DAYS} days or more",
        missing=tuple(_other_than_written(run.history, scenario)),
        do=(again,),
        seen=str(find_scenario(scenario).name),
    )


def _other_than_written(history: History, scenario: str) -> Iterator[str]:
    started = history.started
    if started is None:
        yield "the history has no beginning"
        return
    if started.days < LEAST_DAYS:
        yield f"it lived {plural(started.days, 'day')}"
    written = load_scenario(find_scenario(scenario), usual_platform=started.target == "builtin")
    if started.scenario_document != written.model_dump(mode="json"):
        yield "its scenario is not the one in the file: days, contests or faults differ"
        return
    plan = [fault.model_dump(exclude=_PLACE) for fault in FaultPlan.from_scenario(written, started.seed).scheduled]
    if plan != [fault.model_dump(exclude=_PLACE) for fault in history.of(FaultScheduled)]:
        yield "its faults are not those of the scenario: it was run with --faults"


_PLACE = {"seq", "at", "cause"}


def _of_this_commit(run: ClosingRun, release: Release, again: str) -> Item:
    same = run.made_by == release
    return Item(
        name="of this commit",
        says="this commit made it",
        missing=() if same else (f"it was made by version {run.made_by}, and this is {release}",),
        do=(again,),
        seen=run.directory.shown,
    )


def _verified(run: ClosingRun, again: str) -> Item:
    open_ = [result for result in run.verdict.results if _is_open(result)]
    tools = [_TOOLS[result.check] for result in open_ if result.check in _TOOLS]
    return Item(
        name="verified",
        says="no check was left out for want of a tool",
        missing=tuple(f"{result.check}: {result.not_verified}" for result in open_),
        do=(" && ".join([*tools, again]),),
        seen=run.directory.shown,
    )


def _is_open(result: CheckResult) -> bool:
    """What the business does not have, as its contract says, is nothing to verify."""
    return result.outcome == "not_verified" and result.check not in _OF_PEOPLE and result.absent is None


def _reviewed(run: ClosingRun) -> Item:
    """People's work: the postmortem of the run, a passed one's too, names who reviewed it."""
    name = "postmortem.md"
    try:
        with run.directory.reading(name) as opened:
            text = opened.read(1 << 22).decode(errors="replace")
    except FileNotFoundError:
        text = ""
    _, _, after = text.partition(f"### {REVIEWED}\n")
    who = after.strip()
    missing = () if who and who != BLANK else (f"{name} names nobody under '{REVIEWED}'" if text else f"no {name}",)
    shown = run.directory.shown
    return Item(
        name="reviewed",
        says="people reviewed what happened, what went wrong and what worked",
        missing=missing,
        do=(f"{command('postmortem', shown)}, read it, and write under '{REVIEWED}' who did",),
        seen=f"{shown}/{name}",
    )
