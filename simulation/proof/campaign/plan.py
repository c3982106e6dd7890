"""What a campaign is to live: its cases in their order, and which of them are this shard's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from simulation.errors import UsageError
from simulation.proof.campaign.result import Case, Draw

FILE = "campaign.json"


class Shard(BaseModel):
    """Every ``of``-th case from the ``number``-th on; 1 of 1 has all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


class Plan(BaseModel):
    """``campaign.json``.

    :param seeds: as they were asked for; empty: from 1 on, until the time is up. :param minutes: wall-clock time after
        which nothing more is begun. :param target: folder of a backend; None: the platform that comes along.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenarios: tuple[str, ...]
    seeds: tuple[int, ...] = ()
    draws: tuple[Draw, ...] = ("own",)
    minutes: float | None = None
    shard: Shard = Shard()
    environment: str = "embedded"
    target: Path | None = None
    required: tuple[str, ...] = ()
    """Checks of which "not verified" is not good enough: such a run's verdict is unknown."""
    kept_below: Path | None = None
    """Where the folder of every run stays, as ``simulate run`` leaves it; None: below the campaign's, and only of those
    that did not pass."""
    made_by: str = ""
    """Version and commit of the code, as ``0.1.0 at 40a59dc (changed)``."""

    def cases(self) -> Iterator[Case]:
        """This shard's, in order; without end where there are no seeds."""
        for index, case in enumerate(self._all()):
            if index % self.shard.of == self.shard.number - 1:
                yield case

    def _all(self) -> Iterator[Case]:
        for seed in self.seeds or count(1):
            for scenario in self.scenarios:
                for draw in self.draws:
                    yield Case(scenario=scenario, seed=seed, draw=draw)

    def number_of_cases(self) -> int | None:
        """None: it ends with the time."""
        every = len(self.seeds) * len(self.scenarios) * len(self.draws)
        return len(range(self.shard.number - 1, every, self.shard.of)) if self.seeds else None

    def order(self, case: Case) -> tuple[int, int, int]:
        """Sorts results as :meth:`cases` gives their cases."""
        return case.seed, self.scenarios.index(case.scenario), self.draws.index(case.draw)

    @property
    def whole(self) -> Plan:
        """Of all shards."""
        return self.model_copy(update={"shard": Shard()})

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """:raises UsageError: no campaign left this folder."""
        file = folder / FILE
        try:
            return cls.model_validate_json(file.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise UsageError(
                place=str(file), problem=_first_line(error), remedy="name a folder that `simulate campaign` left"
            ) from error

    def write(self, folder: Path) -> None:
        """Leave it in the campaign's folder."""
        (folder / FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _first_line(error: OSError | ValidationError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error).splitlines()[0]
