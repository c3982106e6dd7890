"""``simulate interleave``: two of the platform's doings at once, in every order of their statements up to a bound."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from simulation.assembly.request import prepare
from simulation.chance import chance
from simulation.cli.options import TargetFolder, jobs_option, out_option
from simulation.errors import UsageError, command
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.interleave.meet import KIND, Meet, Meeting
from simulation.proof.interleave.orders import UNINTERRUPTED, Order, chance_of, drawn_orders, every_order
from simulation.proof.interleave.table import findings_of, table_of
from simulation.proof.line_file import LineFile
from simulation.proof.parallel import in_parallel
from simulation.run_directory import RunDirectory
from simulation.words import plural

FOLDER = SCENARIOS_FOLDER / "interleave"
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_WIDTH = 160
"""Columns where there is no terminal to fit."""


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Which orders are tried: the same options are the same orders."""

    seed: int
    switches: int
    drawn: int
    depth: int

    def orders(self, pair: str, steps: int, alone: tuple[int, int]) -> list[Order]:
        """Of a pair that takes so many steps, those without a switch first."""
        source = chance(self.seed, f"orders:{pair}")
        orders = dict.fromkeys(every_order(steps, alone=alone, switches=self.switches))
        orders |= dict.fromkeys(drawn_orders(steps, depth=self.depth, number=self.drawn, source=source))
        return list(orders)

    def chance_told(self, pair: str, steps: int) -> str:
        least = chance_of(steps, depth=self.depth, number=self.drawn)
        return f"{pair}: {self.drawn} drawn orders show a defect of depth {self.depth} with p >= {least:.3f}"

    @property
    def options(self) -> tuple[str | int, ...]:
        return ("--seed", self.seed, "--switches", self.switches, "--drawn", self.drawn, "--depth", self.depth)


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the run, and of what is drawn.")
@click.option(
    "--switches",
    type=click.IntRange(0, 4),
    default=1,
    show_default=True,
    help="Every order with at most so many switches from one side to the other.",
)
@click.option(
    "--drawn", type=click.IntRange(0, 10_000), default=0, show_default=True, help="So many further orders by chance."
)
@click.option(
    "--depth", type=click.IntRange(2, 6), default=3, show_default=True, help="Of the defects that the drawn ones seek."
)
@click.option(
    "--target",
    type=TargetFolder(),
    default=None,
    help="A folder with target.toml: what meets is that backend's; its pairs are in its folder interleave.",
)
@click.option("--most", type=click.IntRange(min=1), default=None, help="Make so many runs, and leave the rest.")
@click.option("--resume", type=_FOLDER, default=None, help="Go on with the command that left this folder.")
@jobs_option
@out_option("Where the table, and the runs that went wrong, go.")
def interleave(
    scenarios: tuple[str, ...],
    seed: int,
    switches: int,
    drawn: int,
    depth: int,
    target: Path | None,
    most: int | None,
    resume: Path | None,
    jobs: int | None,
    out: Path,
) -> int:
    """Let the two of each SCENARIO meet in one order of statements after another, each in a run of its own.

    The two are those of its fault two_at_once. Without a SCENARIO: every pair of scenarios/interleave, or of the
    target's own folder of that name. Same seed, same orders. Exit code 1: the jury found something in a run; 2: two
    did not meet, or some orders are left, and the last line says how to go on.
    """
    console = Console(stderr=True)
    names = scenarios or _pairs_of(target)
    wanted = _Wanted(seed=seed, switches=switches, drawn=drawn, depth=depth)
    folder = resume or RunDirectory.create(out=out, scenario="interleave", seed=seed).path
    kept = LineFile(folder / "meetings.jsonl", Meeting, command="interleave")
    began, left, lines = time.perf_counter(), False, []
    met: dict[str, Sequence[Meeting]] = {}
    room = _Room(most)
    for name in names:
        _require_a_meeting(name, seed, out, target)
        found = _Pair(Meet(scenario=name, seed=seed, out=folder / "runs", target=target), kept, wanted)
        found.try_orders(room, jobs or len(os.sched_getaffinity(0)), console)
        left |= found.left
        if found.meetings:
            met[found.name] = found.meetings
            lines += [wanted.chance_told(found.name, found.steps)] if drawn and not found.left else []
    code = _tell(folder, met, lines, seed, time.perf_counter() - began, terminal=console.is_terminal)
    if left:
        whose = () if target is None else ("--target", target)
        more = command("interleave", *scenarios, *wanted.options, *whose, "--resume", folder)
        console.print(f"orders are left: {more}", highlight=False, soft_wrap=True)
    return code or (2 if left else 0)


class _Room:
    """How many runs may still be made; None: as many as there are."""

    def __init__(self, most: int | None) -> None:
        self._most = most

    def take(self, orders: Sequence[Order]) -> Sequence[Order]:
        """As many of them as there is room for."""
        taken = orders[: self._most]
        self._most = None if self._most is None else self._most - len(taken)
        return taken


class _Pair:
    """The orders of one scenario: what they were, and which of them are left."""

    def __init__(self, meet: Meet, kept: LineFile[Meeting], wanted: _Wanted) -> None:
        self._meet = meet
        self._kept = kept
        self._wanted = wanted
        self.name = Path(meet.scenario).stem
        self.left = False
        """Whether there was no room for some of them."""

    @property
    def _met(self) -> dict[Order, Meeting]:
        return {meeting.order: meeting for meeting in self._kept.kept if self._meet.made(meeting)}

    @property
    def steps(self) -> int:
        """Of both sides together, where nobody is interrupted."""
        met = self._met
        return max(2, *(met[order].steps_of("first") + met[order].steps_of("second") for order in UNINTERRUPTED))

    @property
    def orders(self) -> list[Order]:
        """All that are wanted, as soon as those in which nobody is interrupted are known; these, until then."""
        met = self._met
        if not all(order in met for order in UNINTERRUPTED):
            return list(UNINTERRUPTED)
        first, second = UNINTERRUPTED
        alone = met[first].steps_of("first"), met[second].steps_of("second")
        return self._wanted.orders(self.name, self.steps, alone)

    @property
    def meetings(self) -> list[Meeting]:
        """In the order of their orders."""
        met = self._met
        return [met[order] for order in self.orders if order in met]

    def try_orders(self, room: _Room, workers: int, console: Console) -> None:
        """Those that have not been tried, as far as there is room."""
        self._try(room, workers)
        if self.left:
            return
        orders = self.orders
        now = len(orders) - len(self.meetings)
        console.print(
            f"{self.name}: {plural(len(orders), 'order')} of {plural(self.steps, 'step')}, {now} to try",
            highlight=False,
        )
        self._try(room, workers)

    def _try(self, room: _Room, workers: int) -> None:
        now = [order for order in self.orders if order not in self._met]
        tried = room.take(now)
        in_parallel(tried, self._meet, workers=workers, told=self._kept.add)
        self.left = len(tried) < len(now)


def _pairs_of(target: Path | None) -> tuple[str, ...]:
    """Every scenario that is there for it.

    :raises UsageError: there is none.
    """
    folder = FOLDER if target is None else target / FOLDER.name
    names = tuple(sorted(str(file) for file in folder.glob("*.yaml")))
    if not names:
        raise UsageError(
            place=str(folder),
            problem="no scenario in which two of this backend's doings meet is there",
            remedy="put one there, or name a SCENARIO with a fault two_at_once",
        )
    return names


def _require_a_meeting(scenario: str, seed: int, out: Path, target: Path | None) -> None:
    """:raises UsageError: nobody meets in it, or several do."""
    request = prepare(scenario=scenario, seed=seed, environment="embedded", out=out, target=target)
    if sum(fault.kind == KIND for fault in request.plan.faults) != 1:
        raise UsageError(
            place=scenario, problem=f"it has no fault {KIND}, or several", remedy=f"see simulate faults {KIND}"
        )


def _tell(
    folder: Path,
    met: dict[str, Sequence[Meeting]],
    lines: Sequence[str],
    seed: int,
    wall_seconds: float,
    *,
    terminal: bool,
) -> int:
    output = Console(width=None if terminal else _WIDTH)
    output.print(table_of(met))
    for line in (*lines, *findings_of(met, seed=seed)):
        output.print(line, highlight=False, soft_wrap=True, markup=False)
    with open(folder / "interleave.txt", "w", encoding="utf-8") as file:
        Console(file=file, width=_WIDTH).print(table_of(met))
    RunDirectory(path=folder).become_latest()
    used = [meeting.cpu_seconds for meetings in met.values() for meeting in meetings]
    cost = f"{sum(used):.0f} s of CPU, {sum(used) / max(1, len(used)):.1f} s a run; now {wall_seconds:.0f} s"
    output.print(f"{plural(len(used), 'run')}: {cost}", highlight=False)
    outcomes = {meeting.outcome for meetings in met.values() for meeting in meetings}
    return 1 if "wrong" in outcomes else 2 if "not met" in outcomes else 0
