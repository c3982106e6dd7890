"""Facts of the run: scenario, seed, target, environment and the reason for it, and the command to run it again."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.checks.conformance.share import Share
from simulation.checks.left_out import LeftOut
from simulation.checks.run_record import Release
from simulation.checks.verdict import Verdict
from simulation.errors import command
from simulation.events import JobSummary, RunStarted, WitnessSummary
from simulation.reporting.parts.source import ReportSource
from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class RunFact:
    """A name and its value; with ``code`` the value is shown in a monospaced font."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    scenario: str
    description: str
    seed: int
    days: int
    target: str
    environment: str
    environment_reason: str
    digest: str
    made_by: Release
    folder: str
    reproduce: str
    rejudge: str
    rows: tuple[RunFact, ...]
    """Further facts, in the order in which they are shown."""
    jobs: tuple[JobSummary, ...]
    witnesses: tuple[WitnessSummary, ...]
    written: Share | None
    """How much of what the platform wrote its contract's rules judged; None when that is not known."""
    left_out: tuple[LeftOut, ...]
    """What was not judged, and why."""

    @property
    def without_contests(self) -> bool:
        """Whether its business has none: people buy and pay, and nobody plays."""
        return any(one.what == "contests" and one.why for one in self.left_out)


def facts_of(source: ReportSource, verdict: Verdict, folder: str) -> RunFacts:
    """Read the facts from the history's first and last event, its summaries and the verdict.

    :param folder: the run's, or nothing where it is not known.
    """
    started, ended = source.history.started, source.history.ended
    scenario = started.scenario if started else "(no beginning on record)"
    made_by = Release(version=started.version, commit=started.commit, tree=started.tree) if started else Release()
    rows = [RunFact(name="Made by version", value=str(made_by))]
    rows += [RunFact(name="Folder", value=folder, code=True)] if folder else []
    rows += [RunFact(name="Events in the history", value=f"{len(source.history.events):,}")]
    if started:
        rows.append(RunFact(name="Founder access revoked", value=source.calendar.when(started.absence_start)))
    if ended:
        rows += [
            RunFact(name="Last fault over", value=source.calendar.when(ended.healthy_at)),
            RunFact(name="Everything at rest", value=source.calendar.when(ended.converged_at)),
            RunFact(name="Deadline for that", value=source.calendar.when(ended.converge_deadline)),
            RunFact(name="Simulated events", value=f"{ended.events_processed:,}"),
        ]
        if ended.pending:
            rows.append(RunFact(name="Still pending", value=", ".join(ended.pending)))
    return RunFacts(
        scenario=scenario,
        description=_description(started),
        seed=started.seed if started else 0,
        days=started.days if started else source.calendar.days,
        target=started.target if started else "",
        environment=started.environment if started else "",
        environment_reason=started.environment_reason if started else "",
        digest=verdict.digest,
        reproduce=_reproduce(started),
        made_by=made_by,
        folder=folder,
        rejudge=command("check", folder or f"reports/{scenario}/latest"),
        rows=tuple(rows),
        jobs=tuple(source.history.of(JobSummary)),
        witnesses=tuple(source.history.of(WitnessSummary)),
        written=verdict.written,
        left_out=verdict.left_out,
    )


def _description(started: RunStarted | None) -> str:
    document = started.scenario_document if started else None
    return str(document.get("description") or "") if isinstance(document, dict) else ""


def _reproduce(started: RunStarted | None) -> str:
    """The command that gives the same history. Of a run from before it was recorded it is guessed."""
    if started is None:
        return ""
    if started.asked:
        return command(*started.asked)
    document = started.scenario_document
    planned = document.get("days") if isinstance(document, dict) else None
    days = f" --days {started.days}" if planned not in (None, started.days) else ""
    target = f" {started.target_option}" if started.target_option else ""
    return f"simulate run {started.scenario} --seed {started.seed}{days}{target}"


def run_title(facts: RunFacts) -> str:
    """``founder_absence_14d, seed 7, 14 days``."""
    return f"{facts.scenario}, seed {facts.seed}, {plural(facts.days, 'day')}"
