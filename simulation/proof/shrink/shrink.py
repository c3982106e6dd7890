"""Shrinks a failed run: faults first, then contests, entrants and the timetable, then when it became inevitable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulation.checks.base import Finding
from simulation.checks.cause import Cause
from simulation.documents.refusal import suggest
from simulation.errors import UsageError
from simulation.proof.shrink.delta_debugging import Part, smallest
from simulation.proof.shrink.inevitable import Inevitability, inevitability
from simulation.proof.shrink.life import Ground, Life, Lived
from simulation.proof.shrink.reductions import REDUCTIONS, fewer_contests, size, with_faults
from simulation.proof.shrink.search import Search, Step
from simulation.proof.shrink.story import document, sentence
from simulation.scenario.model import Scenario

MOST_RUNS = 40
_RUNS_TO_BISECT = 8
"""Kept back for when it became inevitable: enough for 128 strikes."""
_NOT_LOOKED = Inevitability(unknown="shrinking was stopped before it was looked for")


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """The smallest that was found. ``whole``: nothing was left untried for want of runs or time.

    :param tried: runs that decided it. :param made: runs altogether; more where several ran at a time.
    """

    start: Life
    life: Life
    lived: Lived
    cause: Cause
    inevitable: Inevitability
    tried: int
    made: int
    whole: bool
    defect: str | None

    @property
    def finding(self) -> Finding:
        return self.lived.causes[self.cause]

    @property
    def how(self) -> str:
        """From what to what, in how many runs."""
        runs = f"{self.tried} runs" if self.made == self.tried else f"{self.tried} runs ({self.made} with those ahead)"
        rest = "" if self.whole else "; not all was tried, so that a smaller one may exist"
        return f"Shrunk from {size(self.start.scenario)} to {size(self.life.scenario)} in {runs}{rest}."

    @property
    def story(self) -> str:
        """The sentence that tells it."""
        return sentence(self.life, self.lived, self.cause, defect=self.defect)

    def to_yaml(self) -> str:
        """The file for ``scenarios/regressions``."""
        return document(
            self.life,
            story=self.story,
            cause=self.cause,
            finding=self.finding,
            inevitable=self.inevitable,
            how=self.how,
            defect=self.defect,
        )

    def as_row(self) -> dict[str, Any]:
        """For a file that a program reads."""
        return {
            "scenario": self.start.scenario.name,
            "seed": self.life.seed,
            "defect": self.defect,
            "cause": self.cause.key,
            "check": self.cause.check,
            "message": self.cause.message,
            "from": size(self.start.scenario),
            "to": size(self.life.scenario),
            "faults": [fault.kind for fault in self.life.scenario.faults],
            "tried": self.tried,
            "made": self.made,
            "whole": self.whole,
            "inevitable": str(self.inevitable),
            "since": self.inevitable.since.isoformat() if self.inevitable.since else None,
            "story": self.story,
            "digest": self.lived.digest,
        }


class Shrinking:
    """One run being shrunk; :attr:`result` may be asked at any time, also after it was stopped."""

    def __init__(
        self,
        *,
        ground: Ground,
        start: Life,
        lived: Lived,
        cause: Cause,
        workers: int,
        most_runs: int = MOST_RUNS,
        told: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """:param lived: how the run that is shrunk ended, made anew. :param cause: of the finding that must stay."""
        self._ground, self._start, self._most_runs = ground, start, most_runs
        self._search = Search(
            ground=ground,
            cause=cause,
            start=start,
            lived=lived,
            workers=workers,
            most_runs=max(1, most_runs - _RUNS_TO_BISECT),
            told=told,
        )
        self._inevitable, self._whole = _NOT_LOOKED, False

    @property
    def result(self) -> Shrunk:
        """As far as it has come."""
        search = self._search
        return Shrunk(
            start=self._start,
            life=search.best,
            lived=search.best_lived,
            cause=search.cause,
            inevitable=self._inevitable,
            tried=search.tried,
            made=search.made,
            whole=self._whole,
            defect=self._defect,
        )

    @property
    def _defect(self) -> str | None:
        return None if self._ground.defect is None else self._ground.defect.name

    def carry_out(self) -> Shrunk:
        """Until nothing smaller is found or the budget is used up."""
        search = self._search
        self._fewer_faults()
        while search.first(fewer_contests(search.best.scenario)) is not None:
            pass
        for reduction in REDUCTIONS:
            search.first(reduction(search.best.scenario))
        self._each_fault_is_needed()
        self._whole = not search.used_up
        search.most_runs = max(self._most_runs, search.tried)
        self._inevitable = inevitability(search, defect=self._defect)
        return self.result

    def _fewer_faults(self) -> None:
        """What the finding points at first; then delta debugging over what is left."""
        search = self._search
        while (found := search.first(self._guesses())) is not None and len(found.faults) > 1:
            pass
        smallest(search.best.scenario.faults, self._first_part)

    def _guesses(self) -> Iterator[Scenario]:
        """No fault at all; those that the finding's events go back to; those of its contest."""
        search = self._search
        scenario, cause = search.best.scenario, search.cause
        contest = search.best_lived.causes[cause].keys.contest
        yield with_faults(scenario, ())
        yield with_faults(scenario, search.best_lived.named[cause])
        yield with_faults(
            scenario, [fault.id for fault in scenario.faults if contest and getattr(fault, "contest", None) == contest]
        )

    def _first_part(self, parts: Iterable[Part[Any]]) -> Part[Any] | None:
        search = self._search
        scenario = search.best.scenario
        found = search.first(with_faults(scenario, [fault.id for fault in part]) for part in parts)
        return None if found is None else found.faults

    def _each_fault_is_needed(self) -> None:
        """What is smaller otherwise may need fewer faults."""
        search = self._search
        faults = search.best.scenario.faults
        while faults:
            ids = [fault.id for fault in faults]
            smaller = ([other for other in ids if other != one] for one in ids)
            found = search.first(with_faults(search.best.scenario, kept) for kept in smaller)
            if found is None:
                return
            faults = found.faults


def cause_to_keep(lived: Lived, *, check: str | None, preferred: Sequence[str] = ()) -> Cause:
    """The finding that is to stay: of the check that was asked for, of one that is preferred, or the first of all.

    :raises UsageError: there is none.
    """
    causes: Mapping[Cause, Finding] = lived.causes
    found = sorted({cause.check for cause in causes})
    if check is not None:
        causes = {cause: finding for cause, finding in causes.items() if cause.check == check}
    if not causes:
        raise UsageError(
            place=f"--finding {check}" if check else "the run",
            problem=f"this check found nothing; these did: {', '.join(found)}" if found else "it has no finding",
            remedy=suggest(check or "", found) if found else "name the folder of a run that did not pass",
        )
    liked = (cause for name in preferred for cause in causes if cause.check == name)
    return next(liked, next(iter(causes)))
