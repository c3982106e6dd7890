"""Reads what a campaign left, compares it with an earlier one, and writes its pages."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from simulation.assembly.request import contract_of, met_by
from simulation.clock import wall_now
from simulation.proof.campaign.coverage import Reachable
from simulation.proof.campaign.junit import write_junit
from simulation.proof.campaign.memory import FILE, Memory, remember, since
from simulation.proof.campaign.page import Campaign, render_markdown, write_html
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.store import reach_in, results_in, times_in
from simulation.proof.campaign.summary import Summary
from simulation.run_directory import RunDirectory
from simulation.scenario.faults.registry import drawn_kinds
from simulation.scenario.file import find_scenario, load_scenario

PAGE = "campaign.html"


def conclude(folder: Path, plan: Plan, *, last: Memory | None) -> Campaign:
    """Write ``campaign.html``, ``campaign.md``, ``junit.xml`` and ``memory.json``, whatever was lived by now.

    :param last: of an earlier campaign; None: there is nothing to compare with.
    """
    summary, reach = Summary.of(plan, results_in(folder)), reach_in(folder)
    reachable = Reachable(kinds=tuple(sorted(set(_kinds(plan)))), contract=contract_of(plan.target))
    share, never = reach.share(reachable), reach.never(reachable)
    seconds = array("d", (took.wall_seconds for took in times_in(folder)))
    memory = remember(
        summary,
        wall_ended=f"{wall_now():%Y-%m-%dT%H:%M:%SZ}",
        wall_median_seconds=median(seconds) if seconds else 0.0,
        coverage=share,
        reached=reach.by_area(),
        last=last,
    )
    campaign = Campaign(
        summary=summary,
        share=share,
        never=never,
        memory=memory,
        since=None if last is None else since(last, memory, summary, never=never),
    )
    directory = RunDirectory(path=folder)
    directory.write(FILE, memory.model_dump_json(indent=1) + "\n")
    directory.write("campaign.md", render_markdown(campaign))
    write_html(folder / PAGE, campaign)
    write_junit(folder / "junit.xml", campaign, results_in(folder))
    return campaign


def _kinds(plan: Plan) -> Iterable[str]:
    """Kinds of faults that could have struck: what the draws have, and what stands in the scenarios."""
    if set(plan.draws) - {"own"}:
        yield from {kind.name() for kind in drawn_kinds(met_by(plan.target))}
    if "own" in plan.draws:
        yield from {fault.kind for name in plan.scenarios for fault in load_scenario(find_scenario(name)).faults}
