"""One life of a campaign, and what is kept of it: a line of ``results.jsonl``, equal wherever and whenever it is lived.

How long it took stands in a file of its own, ``times.jsonl``: it differs from machine to machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from simulation.errors import command
from simulation.proof.campaign.calls import Calls
from simulation.proof.campaign.coverage import Reach, ReachRow
from simulation.proof.campaign.draws import draw_options

Draw = Literal["own", "swarm", "several", "meeting", "covering"]
"""Where the faults come from: the scenario's own, or a way to draw them by the seed."""
DRAWS: tuple[Draw, ...] = get_args(Draw)
Outcome = Literal["pass", "fail", "unknown", "broke_off", "lost"]
"""A verdict; or the machine or the harness broke off (no word about the platform); or worker after worker died over
it."""
JUDGED: frozenset[Outcome] = frozenset({"pass", "fail", "unknown"})


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Case(_Row):
    """One life to be lived. ``scenario``: a name or a file, as ``simulate run`` takes it."""

    scenario: str
    seed: int
    draw: Draw = "own"

    def __str__(self) -> str:
        drawn = "" if self.draw == "own" else f", {self.draw}"
        return f"{self.scenario} seed {self.seed}{drawn}"

    @property
    def group(self) -> str:
        """Of the cases that differ by their seed alone: ``smoke_2d own``."""
        return f"{self.scenario} {self.draw}"

    @classmethod
    def of(cls, group: str, seed: int) -> Case:
        """One of a :attr:`group`."""
        scenario, _, draw = group.rpartition(" ")
        return cls.model_validate({"scenario": scenario, "seed": seed, "draw": draw})

    @property
    def command(self) -> str:
        """Lives it again."""
        return command("run", self.scenario, "--seed", self.seed, *self.options)

    @property
    def options(self) -> tuple[str, ...]:
        return () if self.draw == "own" else draw_options(self.draw)


class Found(_Row):
    """The first of a run's findings that have one cause. ``key``: equal for equal causes; ``cause``: in words."""

    check: str
    key: str
    cause: str
    sentence: str


class Margin(_Row):
    """How close a run came to one limit; ``left``: share of it, 0 where it was reached."""

    what: str
    closest: str
    limit: str
    left: float


class Result(_Row):
    """:param said: why there is no verdict. :param faults: kinds drawn, each as often as it was drawn.
    :param struck: kinds of which at least one struck. :param calls: who was needed, and when.
    :param folder: of the run, below the campaign's, if it is kept.
    """

    case: Case
    outcome: Outcome
    digest: str = ""
    findings: tuple[Found, ...] = ()
    said: str = ""
    faults: tuple[str, ...] = ()
    struck: tuple[str, ...] = ()
    margins: tuple[Margin, ...] = ()
    sim_seconds: int = 0
    calls: Calls = Calls()
    folder: str = ""


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A result, what its life reached, and how long it took."""

    result: Result
    reach: Reach
    wall_seconds: float


class Reached(_Row):
    """A line of ``reach.jsonl``."""

    case: Case
    reach: ReachRow


class Took(_Row):
    """A line of ``times.jsonl``."""

    case: Case
    wall_seconds: float
