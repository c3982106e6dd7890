"""What was told, who noticed, and the numbers that follow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

from pydantic import BaseModel, ConfigDict

from simulation.proof.coverage.falsehood import Area, Falsehood
from simulation.proof.coverage.judging import Reaction


class Told(BaseModel):
    """A falsehood and the jury's reaction; the fields of :class:`~simulation.proof.coverage.falsehood.Falsehood`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: Area
    subject: str
    operation: str
    column: str
    fact: str
    kind: str
    where: str
    plain: bool
    free: str | None
    noticed_by: tuple[str, ...]
    doubted_by: tuple[str, ...]
    """Checks that could not tell any more: that is no finding."""

    @classmethod
    def of(cls, falsehood: Falsehood, reaction: Reaction) -> Self:
        return cls(
            area=falsehood.area,
            subject=falsehood.subject,
            operation=falsehood.operation,
            column=falsehood.column,
            fact=falsehood.fact,
            kind=falsehood.kind,
            where=falsehood.where,
            plain=falsehood.plain,
            free=falsehood.free,
            noticed_by=reaction.noticed_by,
            doubted_by=reaction.doubted_by,
        )

    @property
    def noticed(self) -> bool:
        return bool(self.noticed_by)


class Share(BaseModel):
    """So many of so many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    noticed: int
    of: int

    @classmethod
    def among(cls, told: Iterable[Told]) -> Share:
        noticed = [item.noticed for item in told]
        return cls(noticed=sum(noticed), of=len(noticed))

    @property
    def percent(self) -> float:
        """100 where there is nothing."""
        return 100.0 * self.noticed / self.of if self.of else 100.0

    def __str__(self) -> str:
        return f"{self.noticed} of {self.of}"


class Coverage(BaseModel):
    """The whole measurement. ``digest`` names the history; ``seed`` and ``rows`` say how rows were drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    digest: str
    outcome: str
    """The verdict on the history before anything was told falsely."""
    seed: int
    rows: int
    told: tuple[Told, ...]
    log_lines: int
    """Of the platform, none of which is judged: no check reads the log."""

    def of_area(self, area: Area) -> Sequence[Told]:
        return [item for item in self.told if item.area == area]

    @property
    def judged(self) -> Sequence[Told]:
        """Falsehoods about columns that the contract does not leave free: those that must be noticed."""
        return [item for item in self.of_area("table") if item.free is None]

    @property
    def columns(self) -> Share:
        """One falsehood for each (table, column)."""
        return Share.among(item for item in self.told if item.plain)

    @property
    def unnoticed(self) -> Sequence[Told]:
        """What nobody notices, of every area, without what is free."""
        return [item for item in self.told if not item.noticed and item.free is None]

    def meets(self, percent: float) -> bool:
        """Whether so many of the falsehoods that must be noticed are."""
        return Share.among(self.judged).percent >= percent


def by_subject(told: Iterable[Told]) -> dict[str, list[Told]]:
    """In order of subjects."""
    found: dict[str, list[Told]] = {}
    for item in told:
        found.setdefault(item.subject, []).append(item)
    return dict(sorted(found.items()))


def by_column(told: Iterable[Told]) -> dict[str, list[Told]]:
    """Of one table, in order of columns."""
    found: dict[str, list[Told]] = {}
    for item in told:
        found.setdefault(item.column or item.fact, []).append(item)
    return dict(sorted(found.items()))


def top_checks(told: Iterable[Told], most: int) -> list[tuple[str, int]]:
    """The checks that notice the most, with how many."""
    counts = Counter(check for item in told for check in item.noticed_by)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
