"""The results of a campaign on disk: a line is there for good as soon as its case has ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from simulation.errors import UsageError
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Case, Result, Timed, Took

RESULTS, TIMES = "results.jsonl", "times.jsonl"
_Line = TypeVar("_Line", Result, Took)


def results_in(folder: Path) -> list[Result]:
    """The last result of every case, in the order of the file.

    :raises UsageError: a line is no result.
    """
    return _last(_lines(folder / RESULTS, Result))


def times_in(folder: Path) -> dict[Case, float]:
    """Wall-clock seconds of every case."""
    return {took.case: took.wall_seconds for took in _lines(folder / TIMES, Took)}


def _last(lines: Iterable[Result]) -> list[Result]:
    return list({line.case: line for line in lines}.values())


def _lines(file: Path, kind: type[_Line]) -> Iterator[_Line]:
    """A last line without an end is one that a kill interrupted: its case is lived again."""
    if not file.exists():
        return
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                return
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                raise UsageError(
                    place=f"{file}:{number}",
                    problem=f"no line of a campaign: {str(error).splitlines()[0]}",
                    remedy="name a folder that this version's `simulate campaign` left, unchanged",
                ) from error


@contextmanager
def appending(folder: Path) -> Iterator[Callable[[Timed], None]]:
    """Within this block: keeps a result, on the disk when it returns."""
    for name in (RESULTS, TIMES):
        _cut_off_half_a_line(folder / name)
    with open(folder / RESULTS, "a", encoding="utf-8") as results, open(folder / TIMES, "a", encoding="utf-8") as times:

        def keep(timed: Timed) -> None:
            # The result last: where it stands, the case is over.
            for file, line in ((times, _took(timed)), (results, timed.result)):
                file.write(line.model_dump_json() + "\n")
                file.flush()
                os.fsync(file.fileno())

        yield keep


def _took(timed: Timed) -> BaseModel:
    return Took(case=timed.result.case, wall_seconds=timed.wall_seconds)


def _cut_off_half_a_line(file: Path) -> None:
    if file.exists():
        text = file.read_bytes()
        if not text.endswith(b"\n"):
            os.truncate(file, text.rfind(b"\n") + 1)


def write_sorted(folder: Path, plan: Plan, results: Iterable[Result]) -> None:
    """Replace the file by the results in the order of the campaign's cases: equal however many workers there were."""
    new = folder / f"{RESULTS}.new"
    ordered = sorted(results, key=lambda result: plan.order(result.case))
    with open(new, "w", encoding="utf-8") as lines:
        lines.writelines(result.model_dump_json() + "\n" for result in ordered)
        lines.flush()
        os.fsync(lines.fileno())
    os.replace(new, folder / RESULTS)
