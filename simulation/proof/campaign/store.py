"""The results of a campaign on disk: a line is there for good as soon as its case has ended.

``results.jsonl`` and ``reach.jsonl`` are equal wherever the campaign is lived; ``times.jsonl`` is not.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import reduce
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from simulation.errors import UsageError
from simulation.proof.campaign.coverage import Reach
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Reached, Result, Timed, Took

RESULTS, REACH, TIMES = "results.jsonl", "reach.jsonl", "times.jsonl"
_KINDS: dict[str, type[Result] | type[Reached] | type[Took]] = {TIMES: Took, REACH: Reached, RESULTS: Result}
"""The result last: where it stands, the case is over."""
_Line = TypeVar("_Line", Result, Reached, Took)
_Kind = type[Result] | type[Reached] | type[Took]


def results_in(folder: Path) -> Iterator[Result]:
    """Read one by one: that of every case in the order of the campaign's, once :func:`write_sorted` has left the file;
    before that in the order in which they ended, and of a case that was lived again both.

    :raises UsageError: a line is no result.
    """
    return _lines(folder / RESULTS, Result)


def times_in(folder: Path) -> Iterator[Took]:
    """How long each case took, in the order of :func:`results_in`."""
    return _lines(folder / TIMES, Took)


def reach_in(folder: Path) -> Reach:
    """What all lives together reached; they are read one by one."""
    rows = (Reach.from_row(reached.reach) for reached in _lines(folder / REACH, Reached))
    return reduce(lambda one, other: one | other, rows, Reach())


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
    for name in _KINDS:
        _cut_off_half_a_line(folder / name)
    with ExitStack() as opened:
        files = {name: opened.enter_context(open(folder / name, "a", encoding="utf-8")) for name in _KINDS}

        def keep(timed: Timed) -> None:
            case = timed.result.case
            rows = {
                TIMES: Took(case=case, wall_seconds=timed.wall_seconds),
                REACH: Reached(case=case, reach=timed.reach.as_row()),
                RESULTS: timed.result,
            }
            for name, file in files.items():
                file.write(rows[name].model_dump_json() + "\n")
                file.flush()
                os.fsync(file.fileno())

        yield keep


def _cut_off_half_a_line(file: Path) -> None:
    if file.exists():
        text = file.read_bytes()
        if not text.endswith(b"\n"):
            os.truncate(file, text.rfind(b"\n") + 1)


def write_sorted(folder: Path, plan: Plan, *, of: Collection[Path]) -> None:
    """Leave each file with the last line of every case, in the order of the campaign's cases: equal however many
    workers, and however many shards, there were.

    :param of: the folders that have the lines; of ``folder`` itself the old files are replaced.
    """
    for name, kind in _KINDS.items():
        files = [folder / name for folder in of if (folder / name).exists()]
        where = _where(files, kind, plan)
        new = folder / f"{name}.new"
        with ExitStack() as opened, open(new, "wb") as lines:
            read = [opened.enter_context(open(file, "rb")) for file in files]
            for case in sorted(where):
                number, at = where[case]
                read[number].seek(at)
                lines.write(read[number].readline())
            lines.flush()
            os.fsync(lines.fileno())
        os.replace(new, folder / name)


def _where(
    files: Sequence[Path], kind: type[Result] | type[Reached] | type[Took], plan: Plan
) -> dict[tuple[int, int, int], tuple[int, int]]:
    """A case's place in the campaign → number of the file and byte at which its last line begins: thousands of lines
    need not be in memory to be sorted."""
    where = {}
    for number, file in enumerate(files):
        with open(file, "rb") as lines:
            at = 0
            for line in lines:
                if line.endswith(b"\n"):
                    where[plan.order(kind.model_validate_json(line).case)] = number, at
                at += len(line)
    return where
