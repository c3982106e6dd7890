"""The pages of a campaign: ``campaign.html``, and ``campaign.md`` for a CI's summary."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment

from simulation.errors import command
from simulation.proof.campaign.coverage import AREAS
from simulation.proof.campaign.memory import Flaky, Memory, Night, Since
from simulation.proof.campaign.summary import Cause, Summary
from simulation.reporting.html import page_environment, stylesheet
from simulation.reporting.markdown import plain, table, within_step_summary
from simulation.reporting.times import duration
from simulation.reporting.words import mark
from simulation.words import plural

_MOST_OF_A_LIST = 60
"""Of what was never reached, in each area: pairs of kinds are more than a thousand."""
_FIRST_CAUSES = 12
"""Findings that are there to read; the rest unfolds."""
_FEW = 8
"""Of these, named where there is one line."""
_HEADLINES = {
    "pass": "The platform lived through every run",
    "fail": "The platform did not live through every run",
    "unknown": "It cannot be said whether the platform lived through every run",
    "broke_off": "The machine kept runs from their verdict",
    "lost": "The machine kept runs from their verdict",
}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """All that the pages tell. ``share``, ``never``: area → reached, of how many; what was not.

    :param since: None: there is no earlier campaign to compare with.
    """

    summary: Summary
    share: Mapping[str, tuple[int, int]]
    never: Mapping[str, Sequence[str]]
    memory: Memory
    since: Since | None

    @property
    def flaky(self) -> Sequence[Flaky]:
        """None where they could not be looked for, too."""
        return () if self.since is None else self.since.flaky or ()

    @property
    def outcome(self) -> str:
        """A case that is flaky fails the campaign: one of its two verdicts is wrong."""
        return "fail" if self.flaky else self.summary.outcome

    @property
    def exit_code(self) -> int:
        return 1 if self.outcome == "fail" else self.summary.exit_code

    @property
    def headline(self) -> str:
        return _HEADLINES[self.outcome]

    @property
    def night(self) -> Night:
        """This campaign, as one of those in the trend."""
        return self.memory.nights[-1]

    @property
    def trend(self) -> tuple[str, ...]:
        """A line for each figure that is compared with the last campaign's."""
        if self.since is None:
            return ()
        last, now = self.since.last, self.night
        return (
            f"a run takes {now.wall_median_seconds:.1f} s (last {last.wall_median_seconds:.1f} s)",
            f"closest to a limit: {now.closest or 'none'} (last {last.closest or 'none'})",
            f"reached: {', '.join(_against(area, got, last) for area, got in self.share.items())}",
            *(f"no longer reached, {AREAS[area]}: {_few(names)}" for area, names in self.since.no_longer.items()),
        )

    @property
    def never_in_words(self) -> tuple[str, ...]:
        """A line for each area of which something was never reached, the first few by name."""
        return tuple(f"never reached, {AREAS[area]}: {_few(names)}" for area, names in self.never.items() if names)

    def age(self, cause: Cause) -> str:
        """``new``, ``known since …``, ``back``; empty without an earlier campaign."""
        if self.since is None:
            return ""
        first = self.memory.causes[cause.key].wall_first[:10]
        if cause.key in self.since.new:
            return "new"
        return f"{'back; first seen' if cause.key in self.since.back else 'known since'} {first}"

    def commands(self, cause: Cause) -> tuple[str, ...]:
        """Live its shortest run again, and shrink it."""
        shortest = cause.shortest
        kept = f"FOLDER/{shortest.folder}"
        shrink = (command("shrink", kept, "--finding", cause.first.check),) if shortest.folder else ()
        return (shortest.case.command, *shrink)

    def verdicts(self, scenario: str, draw: str) -> Iterator[tuple[int, str]]:
        """Seed and outcome of each case, for a grid of the page."""
        lives = self.summary.lives.get(f"{scenario} {draw}", {})
        return ((seed, ended.partition(" ")[0]) for seed, ended in lives.items())

    def number_of(self, scenario: str, draw: str) -> int:
        return len(self.summary.lives.get(f"{scenario} {draw}", ()))


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def _against(area: str, got: tuple[int, int], last: Night) -> str:
    before = last.coverage.get(area)
    return f"{area} {got[0]} of {got[1]}" + ("" if before is None else f" (last {before[0]} of {before[1]})")


def write_html(file: Path, campaign: Campaign) -> None:
    """The whole document, written as it is rendered: it loads nothing and needs no script."""
    new = file.with_name(f"{file.name}.new")
    page = _environment().get_template("campaign.html.j2").stream(campaign=campaign, css=stylesheet("campaign.css"))
    page.dump(str(new), encoding="utf-8")
    os.replace(new, file)


@cache
def _environment() -> Environment:
    environment = page_environment()
    environment.globals.update(mark=mark, plural=plural, areas=AREAS, most=_MOST_OF_A_LIST, first_causes=_FIRST_CAUSES)
    environment.filters.update(duration=duration)
    return environment


def render_markdown(campaign: Campaign) -> str:
    """A page of Markdown, cut to what GitHub shows as the summary of a step."""
    summary = campaign.summary
    counts = ", ".join(f"{number} {mark(outcome).word}" for outcome, number in summary.counts.items())
    scenarios = ", ".join(summary.plan.scenarios)
    lines = [
        f"## {mark(campaign.outcome).symbol} Campaign: {mark(campaign.outcome).word.upper()}",
        "",
        plain(f"{plural(summary.counted.total(), 'run')} of {scenarios}: {counts or 'none'}; {summary.plan.made_by}."),
        *([plain(f"{plural(summary.left, 'case')} left.")] if summary.left else []),
        "",
        *_findings(campaign),
        *_since(campaign),
        "### Reached",
        "",
        *table(
            ("what", "reached", "of"), ((AREAS[area], reached, of) for area, (reached, of) in campaign.share.items())
        ),
        "",
        *(plain(line) for line in campaign.never_in_words),
        "",
        *_unjudged(summary),
        "### Closest to a limit",
        "",
        *table(
            ("limit", "closest", "bound", "left", "run"),
            (
                (margin.what, margin.closest, margin.limit, f"{margin.left:.0%}", str(result.case))
                for margin, result in summary.near_misses
            ),
        ),
    ]
    return within_step_summary(lines)


def _findings(campaign: Campaign) -> list[str]:
    if not campaign.summary.causes:
        return ["No finding.", ""]
    rows = (
        (cause.first.sentence, cause.runs, campaign.age(cause), " · ".join(campaign.commands(cause)))
        for cause in campaign.summary.causes
    )
    return ["### Findings", "", *table(("finding", "runs", "since", "again"), rows), ""]


def _since(campaign: Campaign) -> list[str]:
    since = campaign.since
    if since is None:
        return []
    told = [f"{len(since.new)} new, {len(since.known)} known, {len(since.back)} back, {len(since.gone)} gone"]
    told += [f"gone: {known.sentence}" for known in since.gone.values()]
    told += [f"flaky: {flaky}" for flaky in campaign.flaky]
    if since.flaky is None:
        told.append("histories are not compared: the code is not the same commit, or was changed")
    told += campaign.trend
    return [f"### Since {since.last.wall_ended[:10]}", "", *(f"- {plain(line)}" for line in told), ""]


def _unjudged(summary: Summary) -> list[str]:
    rows = [(str(result.case), mark(result.outcome).word, result.said) for result in summary.unjudged]
    return ["### Without a verdict", "", *table(("run", "ended", "why"), rows), ""] if rows else []
