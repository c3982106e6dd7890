"""The result of the measurement: every falsehood, the checks that noticed it, and the shares computed from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from simulation.proof.coverage.accepted import NOTHING, Accepted
from simulation.proof.coverage.falsehood import Area, Falsehood
from simulation.proof.coverage.judging import Reaction


class Told(BaseModel):
    """A falsehood that was tried, and the jury's reaction.

    The first nine fields are those of :class:`~simulation.proof.coverage.falsehood.Falsehood`.
    """

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
    """Checks that became unknown, which does not count as noticed."""
    accepted: str | None = None
    """Why it need not be noticed, where that is declared."""

    @classmethod
    def of(cls, falsehood: Falsehood, reaction: Reaction, accepted: Accepted = NOTHING) -> Self:
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
            accepted=accepted.reason(falsehood),
        )

    @property
    def noticed(self) -> bool:
        return bool(self.noticed_by)


class Share(BaseModel):
    """Number of falsehoods that were noticed, out of how many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    noticed: int
    of: int

    @classmethod
    def among(cls, told: Iterable[Told]) -> Share:
        noticed = [item.noticed for item in told]
        return cls(noticed=sum(noticed), of=len(noticed))

    @property
    def percent(self) -> float:
        """0 to 100; 100 when there are no falsehoods."""
        return 100.0 * self.noticed / self.of if self.of else 100.0

    def __str__(self) -> str:
        return f"{self.noticed} of {self.of}"


class Coverage(BaseModel):
    """The whole measurement. ``digest`` identifies the history; ``seed`` and ``rows`` are those of the draw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    scenario: str
    digest: str
    outcome: str
    """The verdict on the true history."""
    seed: int
    rows: int
    told: tuple[Told, ...]
    log_lines: int
    """Number of lines in the platform's log."""
    log_lines_judged: int = 0
    """Of how many the contract says what they must say."""
    without_rule: tuple[str, ...] = ()
    """Columns (``table.column``) that the platform wrote and that the contract has no rule for."""

    def of_area(self, area: Area) -> Sequence[Told]:
        return [item for item in self.told if item.area == area]

    @property
    def judged(self) -> Sequence[Told]:
        """Falsehoods about columns that the contract does not leave free: those that must be noticed."""
        return [item for item in self.of_area("table") if item.free is None]

    @property
    def accepted(self) -> Sequence[Told]:
        """Those that nobody notices, and that are declared with a reason why nobody could."""
        return [item for item in self.told if not item.noticed and item.free is None and item.accepted is not None]

    def free(self, area: Area) -> Sequence[Told]:
        """Falsehoods about what the contract leaves free."""
        return [item for item in self.of_area(area) if item.free is not None]

    def share(self, area: Area) -> Share:
        """Of those about what it does not leave free, how many are noticed."""
        return Share.among(item for item in self.of_area(area) if item.free is None)

    @property
    def columns(self) -> Share:
        """The share when only one falsehood counts for each (table, column): the one marked ``plain``."""
        return Share.among(item for item in self.told if item.plain)

    @property
    def unnoticed(self) -> Sequence[Told]:
        """Falsehoods of every area that no check notices, without those about free columns and accepted ones."""
        return [item for item in self.told if not item.noticed and item.free is None and item.accepted is None]

    def meets(self, percent: float) -> bool:
        """Whether each column has a rule, and ``percent`` of the falsehoods that must be noticed are noticed."""
        must = [item for item in self.judged if item.noticed or item.accepted is None]
        return not self.without_rule and Share.among(must).percent >= percent


def by_subject(told: Iterable[Told]) -> dict[str, list[Told]]:
    """Falsehoods by subject, sorted by subject."""
    found: dict[str, list[Told]] = {}
    for item in told:
        found.setdefault(item.subject, []).append(item)
    return dict(sorted(found.items()))


def by_column(told: Iterable[Told]) -> dict[str, list[Told]]:
    """Falsehoods of one subject by column (or by fact), sorted."""
    found: dict[str, list[Told]] = {}
    for item in told:
        found.setdefault(item.column or item.fact, []).append(item)
    return dict(sorted(found.items()))


def top_checks(told: Iterable[Told], most: int) -> list[tuple[str, int]]:
    """The ``most`` checks that notice the most falsehoods, each with how many."""
    counts = Counter(check for item in told for check in item.noticed_by)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]
