"""What ``simulate interleave`` shows: a row for each pair, and both sides of the first order that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table

from simulation.errors import command
from simulation.events import Interleaved
from simulation.proof.interleave.meet import Meeting
from simulation.run_directory import RunDirectory

_WIDTH = 60


def table_of(met: Mapping[str, Sequence[Meeting]]) -> Table:
    """By pair: orders tried, different sequences among them, how many held, and went wrong."""
    table = Table(box=None, pad_edge=False)
    table.add_column("pair", overflow="fold")
    for heading in ("steps", "orders", "sequences", "held", "wrong", "not met"):
        table.add_column(heading, justify="right")
    for pair, meetings in met.items():
        counted = Counter(meeting.outcome for meeting in meetings)
        table.add_row(
            pair,
            str(len(meetings[0].sequence)),
            str(len(meetings)),
            str(len({meeting.sequence for meeting in meetings})),
            str(counted["held"]),
            str(counted["wrong"] or ""),
            str(counted["not met"] or ""),
        )
    return table


def side_by_side(interleaved: Interleaved) -> Iterator[str]:
    """The steps in their order, the first side's on the left."""
    yield f"{'':4}{interleaved.first:{_WIDTH}}  {interleaved.second}"
    for number, step in enumerate(interleaved.steps):
        said = step.what[:_WIDTH] if not step.note else f"{step.what[: _WIDTH - len(step.note) - 3]} [{step.note}]"
        yield f"{number:3} {said}" if step.side == "first" else f"{number:3} {'':{_WIDTH}}  {said}"


def findings_of(met: Mapping[str, Sequence[Meeting]], *, seed: int) -> Iterator[str]:
    """For each pair the first order that did not hold: its findings, the two sides, and how to see it again."""
    for pair, meetings in met.items():
        bad = next((meeting for meeting in meetings if meeting.outcome != "held"), None)
        if bad is None:
            continue
        yield f"{bad.outcome}: {pair}, order {' '.join(map(str, bad.order)) or '(none)'}"
        yield from (f"  {finding}" for finding in bad.findings)
        if bad.interleaved is not None:
            yield from (f"  {line}" for line in side_by_side(bad.interleaved))
        assert bad.directory is not None, "a run that did not hold is kept"
        yield f"  again: {command(*RunDirectory(path=bad.directory).again(seed=seed))}"
