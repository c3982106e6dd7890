"""The verdict of a campaign on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulation.errors import command
from simulation.proof.campaign.summary import Summary
from simulation.reporting.words import mark, plural

_MOST_CAUSES = 12


def lines_of(summary: Summary, folder: Path) -> Iterator[str]:
    """A headline, each cause with the command that shows it, and how to go on where cases are left."""
    counts = ", ".join(f"{number} {outcome.replace('_', ' ')}" for outcome, number in summary.counts.items())
    of = " and ".join(summary.plan.scenarios)
    yield f"{mark(summary.outcome).symbol} campaign: {plural(len(summary.results), 'run')} of {of}: {counts or 'none'}"
    for cause in summary.causes[:_MOST_CAUSES]:
        yield f"  {plural(len(cause.results), 'run')}: {cause.first.sentence}"
        yield f"    {cause.shortest.case.command}"
    if (more := len(summary.causes) - _MOST_CAUSES) > 0:
        yield f"  and {plural(more, 'more finding')}, in the page"
    for result in summary.unjudged:
        yield f"  {result.case}: {result.outcome.replace('_', ' ')}: {result.said}"
    if summary.left:
        yield f"{plural(summary.left, 'case')} left; to go on: {command('campaign', '--resume', folder)}"
