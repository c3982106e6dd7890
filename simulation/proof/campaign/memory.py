"""What is remembered from campaign to campaign, in ``memory.json``, and what has changed since the last one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, ValidationError

from simulation.errors import UsageError
from simulation.proof.campaign.result import JUDGED, Case, Outcome
from simulation.proof.campaign.summary import Summary

FILE = "memory.json"
_MOST_NIGHTS = 60


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Night(_Row):
    """One campaign in the trend. ``wall_began``: ISO 8601, UTC. ``coverage``: area → reached, of how many.
    ``margins``: limit → smallest share of it that was left in any run."""

    wall_began: str
    made_by: str
    outcome: Outcome
    counts: dict[Outcome, int]
    causes: int
    wall_median_seconds: float
    coverage: dict[str, tuple[int, int]]
    margins: dict[str, float]


class Known(_Row):
    """A cause that a campaign found. ``case``: shows it. ``wall_first``: when the first campaign that did began."""

    cause: str
    sentence: str
    case: Case
    wall_first: str


class Remembered(_Row):
    """How a case ended."""

    case: Case
    outcome: Outcome
    digest: str


class Memory(_Row):
    """``memory.json``. ``nights``: oldest first, this one last. ``causes``: those that this campaign found, and those
    known from before whose case it did not live. ``cases``: those that it lived. ``gone``: causes whose case passes
    now, so that one that comes back is known."""

    nights: tuple[Night, ...]
    causes: dict[str, Known]
    cases: tuple[Remembered, ...]
    gone: dict[str, Known] = {}

    @classmethod
    def read(cls, place: Path) -> Memory:
        """:param place: the file, or the folder of a campaign.

        :raises UsageError: there is none.
        """
        file = place / FILE if place.is_dir() else place
        try:
            return cls.model_validate_json(file.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            problem = error.strerror or str(error) if isinstance(error, OSError) else str(error).splitlines()[0]
            raise UsageError(
                place=str(file), problem=problem, remedy="name a campaign's folder, or its memory.json"
            ) from error


class Flaky(_Row):
    """The same code lived the same case otherwise."""

    before: Remembered
    now: Remembered

    def __str__(self) -> str:
        if self.before.outcome != self.now.outcome:
            return f"{self.now.case}: {self.now.outcome} now, {self.before.outcome} last time"
        return f"{self.now.case}: {self.now.outcome} both times, of different histories"


class Since(_Row):
    """What this campaign found anew, found again, found again after it had been gone; what it did not find any more;
    and what it did not look for, since it did not live the case.

    :param flaky: None where the code is another one, or was not committed, so that histories may differ.
    """

    last: Night
    new: tuple[str, ...]
    known: tuple[str, ...]
    back: tuple[str, ...]
    gone: dict[str, Known]
    not_lived: dict[str, Known]
    flaky: tuple[Flaky, ...] | None


def remember(
    summary: Summary,
    *,
    wall_began: str,
    wall_seconds: Mapping[Case, float],
    coverage: Mapping[str, tuple[int, int]],
    last: Memory | None,
) -> Memory:
    """What is kept of a campaign for the next one."""
    earlier = {} if last is None else {**last.gone, **last.causes}
    lived = {result.case for result in summary.results if result.outcome in JUDGED}
    found = {
        cause.key: Known(
            cause=cause.first.cause,
            sentence=cause.first.sentence,
            case=cause.shortest.case,
            wall_first=earlier[cause.key].wall_first if cause.key in earlier else wall_began,
        )
        for cause in summary.causes
    }
    night = Night(
        wall_began=wall_began,
        made_by=summary.plan.made_by,
        outcome=summary.outcome,
        counts=dict(summary.counts),
        causes=len(found),
        wall_median_seconds=round(median(wall_seconds.values()), 1) if wall_seconds else 0.0,
        coverage=dict(coverage),
        margins={margin.what: margin.left for margin, _ in summary.near_misses},
    )
    unseen = {} if last is None else {key: known for key, known in last.causes.items() if known.case not in lived}
    causes = {**unseen, **found}
    return Memory(
        nights=(*(() if last is None else last.nights), night)[-_MOST_NIGHTS:],
        causes=causes,
        cases=tuple(
            Remembered(case=result.case, outcome=result.outcome, digest=result.digest) for result in summary.results
        ),
        gone={key: known for key, known in earlier.items() if key not in causes},
    )


def since(last: Memory, now: Memory, summary: Summary) -> Since:
    """What has changed."""
    found = tuple(cause.key for cause in summary.causes)
    return Since(
        last=last.nights[-1],
        new=tuple(key for key in found if key not in last.causes and key not in last.gone),
        known=tuple(key for key in found if key in last.causes),
        back=tuple(key for key in found if key in last.gone and key not in last.causes),
        gone={key: known for key, known in last.causes.items() if key not in now.causes},
        not_lived={key: known for key, known in now.causes.items() if key not in found},
        flaky=_flaky(last, now),
    )


def _flaky(last: Memory, now: Memory) -> tuple[Flaky, ...] | None:
    made_by = now.nights[-1].made_by
    if made_by != last.nights[-1].made_by or "changed" in made_by or "unknown" in made_by:
        return None
    before = {remembered.case: remembered for remembered in last.cases}
    pairs = ((before[one.case], one) for one in now.cases if one.case in before)
    return tuple(
        Flaky(before=one, now=other)
        for one, other in pairs
        if one.digest and other.digest and (one.outcome, one.digest) != (other.outcome, other.digest)
    )
