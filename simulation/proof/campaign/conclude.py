"""Reads what a campaign left, compares it with an earlier one, and writes its pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from simulation.assembly.request import met_by
from simulation.clock import wall_now
from simulation.proof.campaign.memory import FILE, Memory, remember, since
from simulation.proof.campaign.page import Campaign, render_html, render_junit, render_markdown
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
    summary, reach, kinds = Summary.of(plan, results_in(folder)), reach_in(folder), sorted(set(_kinds(plan)))
    share, times = reach.share(kinds=kinds), times_in(folder)
    began = f"{wall_now():%Y-%m-%dT%H:%M:%SZ}"
    memory = remember(summary, wall_began=began, wall_seconds=times, coverage=share, last=last)
    campaign = Campaign(
        summary=summary,
        share=share,
        never=reach.never(kinds=kinds),
        wall_seconds=times,
        memory=memory,
        since=None if last is None else since(last, memory, summary),
    )
    directory = RunDirectory(path=folder)
    directory.write(FILE, memory.model_dump_json(indent=1) + "\n")
    directory.write(PAGE, render_html(campaign))
    directory.write("campaign.md", render_markdown(campaign))
    directory.write("junit.xml", render_junit(campaign))
    return campaign


def _kinds(plan: Plan) -> Iterable[str]:
    """Kinds of faults that could have struck: what the draws have, and what stands in the scenarios."""
    if set(plan.draws) - {"own"}:
        yield from {kind.name() for kind in drawn_kinds(met_by(plan.target))}
    if "own" in plan.draws:
        yield from {fault.kind for name in plan.scenarios for fault in load_scenario(find_scenario(name)).faults}
