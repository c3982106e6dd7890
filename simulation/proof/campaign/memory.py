"""What is remembered from campaign to campaign, in ``memory.json``, and what has changed since the last one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from simulation.errors import UsageError
from simulation.proof.campaign.result import JUDGED, Case, Outcome
from simulation.proof.campaign.summary import Summary

FILE = "memory.json"
_MOST_NIGHTS = 60
_REMEMBERED = frozenset({"kinds", "states", "rules", "columns"})
"""Areas of coverage that are compared by name; pairs of kinds are too many."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Night(_Row):
    """One campaign in the trend. ``wall_ended``: ISO 8601, UTC. ``coverage``: area → reached, of how many.
    ``margins``: limit → smallest share of it that was left in any run."""

    wall_ended: str
    made_by: str
    outcome: Outcome
    counts: dict[Outcome, int]
    causes: int
    wall_median_seconds: float
    coverage: dict[str, tuple[int, int]]
    margins: dict[str, float]

    @property
    def closest(self) -> str:
        """The limit of which least was left, and how much; empty where none is known."""
        what = min(self.margins, key=lambda limit: (self.margins[limit], limit), default="")
        return f"{what}: {self.margins[what]:.0%} left" if what else ""


class Known(_Row):
    """A cause that a campaign found. ``case``: shows it. ``wall_first``: when the first campaign that did ended."""

    cause: str
    sentence: str
    case: Case
    wall_first: str


class Memory(_Row):
    """``memory.json``. ``nights``: oldest first, this one last. ``causes``: those that this campaign found, and those
    known from before whose case it did not live. ``lives``: how each case ended, by scenario with draw, and seed.
    ``reached``: area → what it reached. ``gone``: causes whose case passes now, so that one that comes back is
    known."""

    nights: tuple[Night, ...]
    causes: dict[str, Known]
    lives: dict[str, dict[int, str]]
    reached: dict[str, tuple[str, ...]] = {}
    gone: dict[str, Known] = {}

    @classmethod
    def read(cls, place: Path) -> Memory:
        """:param place: the file, or the folder of a campaign.

        :raises UsageError: there is none.
        """
        file = place / FILE if place.is_dir() else place
        try:
            return cls.model_validate_json(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(
                place=str(file), problem=str(error.strerror), remedy="name a campaign's folder, or its memory.json"
            ) from error
        except ValidationError as error:
            raise UsageError(
                place=str(file),
                problem=f"is no memory of this version's: {str(error).splitlines()[0]}",
                remedy="name what a campaign of this version left, or leave --since out once, to begin anew",
            ) from error


class Flaky(_Row):
    """The same code lived the same case otherwise. ``before``, ``now``: outcome and digest."""

    case: Case
    before: str
    now: str

    def __str__(self) -> str:
        before, now = (ended.partition(" ")[0] for ended in (self.before, self.now))
        if before != now:
            return f"{self.case}: {now} now, {before} last time"
        return f"{self.case}: {now} both times, of different histories"


class Since(_Row):
    """What this campaign found anew, found again, found again after it had been gone; what it did not find any more;
    and what it did not look for, since it did not live the case.

    :param flaky: None where the code is another one, or was not committed, so that histories may differ.
    :param no_longer: area → what the last campaign reached and this one did not.
    """

    last: Night
    new: tuple[str, ...]
    known: tuple[str, ...]
    back: tuple[str, ...]
    gone: dict[str, Known]
    not_lived: dict[str, Known]
    flaky: tuple[Flaky, ...] | None
    no_longer: dict[str, tuple[str, ...]]


def remember(
    summary: Summary,
    *,
    wall_ended: str,
    wall_median_seconds: float,
    coverage: Mapping[str, tuple[int, int]],
    reached: Mapping[str, frozenset[str]],
    last: Memory | None,
) -> Memory:
    """What is kept of a campaign for the next one."""
    earlier = {} if last is None else {**last.gone, **last.causes}
    found = {
        cause.key: Known(
            cause=cause.first.cause,
            sentence=cause.first.sentence,
            case=cause.shortest.case,
            wall_first=earlier[cause.key].wall_first if cause.key in earlier else wall_ended,
        )
        for cause in summary.causes
    }
    night = Night(
        wall_ended=wall_ended,
        made_by=summary.plan.made_by,
        outcome=summary.outcome,
        counts=dict(summary.counts),
        causes=len(found),
        wall_median_seconds=round(wall_median_seconds, 1),
        coverage=dict(coverage),
        margins={margin.what: margin.left for margin, _ in summary.near_misses},
    )
    before = {} if last is None else last.causes
    unseen = {key: known for key, known in before.items() if summary.outcome_of(known.case) not in JUDGED}
    causes = {**unseen, **found}
    return Memory(
        nights=(*(() if last is None else last.nights), night)[-_MOST_NIGHTS:],
        causes=causes,
        lives=summary.lives,
        reached={area: tuple(sorted(names)) for area, names in reached.items() if area in _REMEMBERED},
        gone={key: known for key, known in earlier.items() if key not in causes},
    )


def since(last: Memory, now: Memory, summary: Summary, *, never: Mapping[str, Collection[str]]) -> Since:
    """What has changed.

    :param never: area → what this campaign did not reach.
    """
    found = tuple(cause.key for cause in summary.causes)
    no_longer = {area: sorted(set(names) & set(never.get(area, ()))) for area, names in last.reached.items()}
    return Since(
        last=last.nights[-1],
        new=tuple(key for key in found if key not in last.causes and key not in last.gone),
        known=tuple(key for key in found if key in last.causes),
        back=tuple(key for key in found if key in last.gone and key not in last.causes),
        gone={key: known for key, known in last.causes.items() if key not in now.causes},
        not_lived={key: known for key, known in now.causes.items() if key not in found},
        flaky=_flaky(last, now),
        no_longer={area: tuple(names) for area, names in no_longer.items() if names},
    )


def _flaky(last: Memory, now: Memory) -> tuple[Flaky, ...] | None:
    made_by = now.nights[-1].made_by
    if made_by != last.nights[-1].made_by or "changed" in made_by or "unknown" in made_by:
        return None
    return tuple(
        Flaky(case=Case.of(group, seed), before=before, now=ended)
        for group, lives in now.lives.items()
        for seed, ended in lives.items()
        if (before := last.lives.get(group, {}).get(seed, "")) != ended and " " in before and " " in ended
    )
