"""Tries all cases of some kinds, several at a time, and keeps each result at once, so that a sweep can go on later."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from simulation.proof.parallel import in_parallel
from simulation.proof.sweep.edges import Case, cases
from simulation.proof.sweep.trial import Tried, attempt, ground
from simulation.scenario.faults.registry import KINDS

_RESULTS = "sweep.jsonl"


def cases_of(kinds: Sequence[str]) -> list[Case]:
    """All cases of the kinds, by name."""
    return [case for kind in kinds for case in cases(KINDS[kind], ground(kind))]


def tried_before(folder: Path) -> list[Tried]:
    """Results that a sweep left in its folder; none where it left no file."""
    file = folder / _RESULTS
    if not file.exists():
        return []
    with open(file, encoding="utf-8") as lines:
        return [Tried(**json.loads(line)) for line in lines]


def carry_out(
    cases: Sequence[Case], *, workers: int, folder: Path, target: Path | None, told: Callable[[Tried], None]
) -> None:
    """Try the cases, and write each result into the folder when it is there.

    :param workers: processes at a time. :param told: called with each result after it was written.
    """
    with open(folder / _RESULTS, "a", encoding="utf-8") as results:

        def keep(tried: Tried) -> None:
            results.write(json.dumps(tried.as_row()) + "\n")
            results.flush()
            told(tried)

        in_parallel(cases, partial(attempt, folder=folder, target=target), workers=workers, told=keep)
