"""Joins the shards of a campaign: the same files as if it had been lived in one place."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from simulation.errors import UsageError
from simulation.proof.campaign.live import RUNS
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.store import write_sorted


def merge(folders: Sequence[Path], into: Path) -> Plan:
    """Write the whole campaign's files, and the kept runs of all shards, into a folder.

    What a shard that is missing should have lived counts as left.

    :raises UsageError: they are no shards of one campaign, or one of them is there twice.
    """
    plans = {folder: Plan.read(folder) for folder in folders}
    whole = next(iter(plans.values())).whole
    seen: dict[int, Path] = {}
    for folder, plan in plans.items():
        if plan.whole != whole:
            differing = ", ".join(
                name for name in Plan.model_fields if getattr(plan.whole, name) != getattr(whole, name)
            )
            raise _refused(folder, f"is of another campaign than {folders[0]}: {differing} differ")
        if plan.shard.of != plans[folders[0]].shard.of:
            raise _refused(folder, f"is one of {plan.shard.of} shards, and {folders[0]} one of another number")
        if plan.shard.number in seen:
            raise _refused(folder, f"is shard {plan.shard}, and so is {seen[plan.shard.number]}")
        seen[plan.shard.number] = folder
    whole.write(into)
    write_sorted(into, whole, of=folders)
    for folder in folders:
        if (folder / RUNS).is_dir():
            shutil.copytree(folder / RUNS, into / RUNS, dirs_exist_ok=True, symlinks=True)
    return whole


def _refused(folder: Path, problem: str) -> UsageError:
    return UsageError(place=str(folder), problem=problem, remedy="name each shard of one campaign once")
