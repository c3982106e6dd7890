"""The verdict of a campaign on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulation.errors import command
from simulation.proof.campaign.memory import Since
from simulation.proof.campaign.page import Campaign
from simulation.reporting.words import mark
from simulation.words import plural

_MOST_CAUSES = 12


def lines_of(campaign: Campaign, folder: Path) -> Iterator[str]:
    """A headline, each cause with the command that shows it, and how to go on where cases are left."""
    summary = campaign.summary
    counts = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in summary.counts.items())
    of = " and ".join(summary.plan.scenarios)
    runs = plural(summary.counted.total(), "run")
    yield f"{mark(campaign.outcome).symbol} campaign: {runs} of {of}: {counts or 'none'}"
    for cause in summary.causes[:_MOST_CAUSES]:
        age = f" ({campaign.age(cause)})" if campaign.age(cause) else ""
        yield f"  {plural(cause.runs, 'run')}: {cause.first.sentence}{age}"
        yield f"    {cause.shortest.case.command}"
    if (more := len(summary.causes) - _MOST_CAUSES) > 0:
        yield f"  and {plural(more, 'more finding')}, in the page"
    for result in summary.unjudged:
        yield f"  {result.case}: {result.outcome.replace('_', ' ')}: {result.said}"
    if campaign.since is not None:
        yield from _changes(campaign, campaign.since)
    if campaign.since is None:
        yield f"  reached: {', '.join(f'{area} {got} of {of}' for area, (got, of) in campaign.share.items())}"
    yield from (f"  {line}" for line in campaign.never_in_words)
    if summary.left:
        yield f"{plural(summary.left, 'case')} left; to go on: {command('campaign', '--resume', folder)}"


def _changes(campaign: Campaign, since: Since) -> Iterator[str]:
    counts = f"{len(since.new)} new, {len(since.known)} known, {len(since.back)} back, {len(since.gone)} gone"
    yield f"  since {since.last.wall_ended[:10]}: {counts}"
    yield from (f"  gone: {known.sentence}" for known in since.gone.values())
    yield from (f"  flaky: {flaky}" for flaky in campaign.flaky)
    yield from (f"  {line}" for line in campaign.trend)
