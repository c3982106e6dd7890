"""What a sabotage is: a defect with a name, how it is planted, and the checks that must catch it by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.sabotage.needs import ToolNeed
from simulation.sabotage.patches import Patches

Family = Literal[
    "paying", "collecting", "contests", "scores", "trail", "columns", "statements", "people", "concurrency", "harness"
]
How = Literal["platform", "database", "environment", "person", "witness", "jury"]
Plant = Callable[[Patches], None]

HOW: Mapping[How, str] = {
    "platform": "one function of the platform is replaced",
    "database": "the database is tampered with past the platform",
    "environment": "the surroundings of the run are changed",
    "person": "a person acts who should not",
    "witness": "a witness is kept from seeing or telling",
    "jury": "the jury itself is broken",
}


@dataclass(frozen=True, kw_only=True)
class Sabotage:
    """One line of the catalogue.

    :param breaks: what goes wrong. :param origin: where in real life it comes from.
    :param caught_by: checks each of which must name it: with a finding, or with doubt where ``verdict`` is unknown.
    :param scenario: file below ``scenarios/sabotage`` that gives it its chance.
    :param needs: tool of this machine without which none of its checks can look.
    """

    name: str
    family: Family
    how: How
    breaks: str
    origin: str
    caught_by: tuple[str, ...]
    scenario: str
    verdict: Literal["fail", "unknown"]
    plant: Plant
    needs: ToolNeed | None = None

    @contextmanager
    def planted(self, *, until: datetime | None = None) -> Iterator[Patches]:
        """In place within this block. :param until: simulated instant at which the defect is taken out of the run."""
        patches = Patches(until=until)
        with patches.under_way():
            self.plant(patches)
            yield patches


class DefectRegistry:
    """Entries of one family, in the order in which they are defined."""

    def __init__(self, family: Family, *, how: How = "platform", scenario: str = "payday") -> None:
        self._family = family
        self._how = how
        self._scenario = scenario
        self.entries: list[Sabotage] = []

    def sabotage(
        self,
        *caught_by: str,
        origin: str,
        how: How | None = None,
        scenario: str | None = None,
        verdict: Literal["fail", "unknown"] = "fail",
        needs: ToolNeed | None = None,
    ) -> Callable[[Plant], Plant]:
        """Make an entry of a planting function: its name is the entry's, its docstring what it breaks."""

        def keep(plant: Plant) -> Plant:
            self.entries.append(
                Sabotage(
                    name=plant.__name__.replace("_", "-"),
                    family=self._family,
                    how=how or self._how,
                    breaks=" ".join((inspect.getdoc(plant) or "").split()),
                    origin=origin,
                    caught_by=caught_by,
                    scenario=scenario or self._scenario,
                    verdict=verdict,
                    plant=plant,
                    needs=needs,
                )
            )
            return plant

        return keep
