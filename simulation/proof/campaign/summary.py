"""What a campaign comes to: verdicts counted, findings grouped by cause, what was never lived."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import JUDGED, Case, Found, Margin, Outcome, Result

EXIT_CODES: Mapping[Outcome, int] = {"fail": 1, "unknown": 2, "lost": 255, "broke_off": 255, "pass": 0}
"""Worst first."""
_SOME = 20
_NAMES_ONE = re.compile(r"\d|^[a-z]+_[A-Za-z]{12,}$")
"""An id has a digit in it, nearly always."""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """All runs that found one thing. ``first``: as the earliest of them says it; ``results``: of them all."""

    first: Found
    results: tuple[Result, ...]

    @property
    def key(self) -> str:
        return self.first.key

    @property
    def shortest(self) -> Result:
        """The run with the fewest faults, to begin with; among equals the earliest."""
        return min(self.results, key=lambda result: len(result.faults))


@dataclass(frozen=True, kw_only=True)
class Summary:
    """:param results: in the order of the campaign's cases. :param left: number of cases without a result; None where
    the campaign has no end. :param some_left: the first of them."""

    plan: Plan
    results: tuple[Result, ...]
    left: int | None
    some_left: tuple[Case, ...]

    @classmethod
    def of(cls, plan: Plan, results: Sequence[Result]) -> Summary:
        ordered = tuple(sorted(results, key=lambda result: plan.order(result.case)))
        known = {result.case for result in ordered}
        left = [case for case in plan.cases() if case not in known] if plan.seeds else []
        return cls(plan=plan, results=ordered, left=len(left) if plan.seeds else None, some_left=tuple(left[:_SOME]))

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Outcome → number of results, worst first."""
        counted = Counter(result.outcome for result in self.results)
        return {outcome: counted[outcome] for outcome in EXIT_CODES if counted[outcome]}

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Those that most runs found first, then in the order of the seeds."""
        found: dict[str, list[tuple[Found, Result]]] = {}
        for result in self.results:
            for one in result.findings:
                found.setdefault(one.key, []).append((one, result))
        causes = [Cause(first=pairs[0][0], results=tuple(result for _, result in pairs)) for pairs in found.values()]
        return tuple(sorted(causes, key=lambda cause: -len(cause.results)))

    @property
    def near_misses(self) -> tuple[tuple[Margin, Result], ...]:
        """For each limit the run that came closest to it, the closest of all first; names of single things are left
        out of what a limit is called."""
        closest: dict[str, tuple[Margin, Result]] = {}
        for result in self.results:
            for margin in result.margins:
                what = " ".join(word for word in margin.what.split() if not _NAMES_ONE.search(word))
                if what not in closest or margin.left < closest[what][0].left:
                    closest[what] = margin.model_copy(update={"what": what}), result
        return tuple(sorted(closest.values(), key=lambda pair: (pair[0].left, pair[0].what)))

    @property
    def outcome(self) -> Outcome:
        """The worst of all; a campaign that lived nothing has proved nothing."""
        return next((outcome for outcome in EXIT_CODES if outcome in self.counts), "unknown")

    @property
    def exit_code(self) -> int:
        """2 where cases are left although none of the others is worse."""
        return EXIT_CODES[self.outcome] or (2 if self.left else 0)

    @property
    def unjudged(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.outcome not in JUDGED)
