"""The file in which a bench leaves what it measured, so that the next one can be compared with it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from simulation.errors import UsageError
from simulation.proof.bench.floor import Floor
from simulation.proof.bench.profile import Profile

Figures = dict[str, dict[str, float]]
"""Group of figures, then figure; in the order in which they are printed."""
_GROUPS = (
    "seconds",
    "CPU of the run (s)",
    "CPU of the days by subsystem (s)",
    "CPU of the days by cause (s)",
    "counts",
)


def figures_of(times: Mapping[str, float], profile: Profile, floor: Floor) -> Figures:
    """All that a bench measured.

    :param times: medians, in the unit that each name states.
    """
    cpu = {"imports": profile.imports}
    for name, phase in profile.phases.items():
        cpu |= {f"{name}: {what}": seconds for what, seconds in asdict(phase).items() if seconds >= 0.005}
    asked = floor.asked
    counts: dict[str, float] = {
        "events": profile.events,
        "commits": asked.commits,
        "moves of the clock": asked.clock_writes,
        **({} if asked.clock_reads is None else {"reads of the clock file": asked.clock_reads}),
        "replayed on the floor": floor.replayed,
        "statements": asked.statements.total(),
        **{f"statements of {origin}": number for origin, number in asked.statements.most_common()},
    }
    groups = (dict(times), cpu, dict(profile.subsystems), dict(profile.origins), counts)
    return dict(zip(_GROUPS, groups, strict=True))


def write_figures(file: Path, figures: Figures, *, digest: str, scenario: str) -> None:
    """Write them as JSON, with what they were measured on."""
    document = {
        "scenario": scenario,
        "digest": digest,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "figures": figures,
    }
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read_figures(file: Path) -> Figures:
    """The figures of an earlier bench.

    :raises UsageError: the file is none of ours.
    """
    try:
        document = json.loads(file.read_bytes())
        return {group: {name: float(value) for name, value in document["figures"][group].items()} for group in _GROUPS}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem, remedy = f"no figures of a bench: {error!r}", "name a file that --figures wrote"
        raise UsageError(place=str(file), problem=problem, remedy=remedy) from error
