"""What a campaign comes to: verdicts counted, findings grouped by cause, what was never lived.

Results are read one by one, and of each only its ending is kept, so that many need no more memory than few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import JUDGED, Case, Found, Margin, Outcome, Result

EXIT_CODES: Mapping[Outcome, int] = {"fail": 1, "unknown": 2, "lost": 255, "broke_off": 255, "pass": 0}
"""Worst first."""
_SOME = 20
_NAMES_ONE = re.compile(r"\d|^[a-z]+_[A-Za-z]{12,}$")
"""An id has a digit in it, nearly always."""
Lives = Mapping[str, Mapping[int, str]]
"""Group of cases → seed → :func:`ending`."""


def ending(result: Result) -> str:
    """The outcome, and of the history's digest as much as tells two apart: ``pass 0f3c81aa9d2e7b45``."""
    return f"{result.outcome} {result.digest[:16]}".rstrip()


@dataclass(kw_only=True)
class Cause:
    """All runs that found one thing. ``first``: as the earliest of them says it. ``shortest``: the run with the fewest
    faults, to begin with; among equals the earliest."""

    first: Found
    shortest: Result
    runs: int = 0

    @property
    def key(self) -> str:
        return self.first.key


@dataclass(kw_only=True)
class Summary:
    """:param lives: of every result, in the order of the campaign's cases."""

    plan: Plan
    lives: dict[str, dict[int, str]] = field(default_factory=dict)
    counted: Counter[Outcome] = field(default_factory=Counter)
    unjudged: list[Result] = field(default_factory=list)
    _causes: dict[str, Cause] = field(default_factory=dict)
    _closest: dict[str, tuple[Margin, Result]] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, results: Iterable[Result]) -> Summary:
        """:param results: in the order of the campaign's cases, each case once."""
        summary = cls(plan=plan)
        for result in results:
            summary._add(result)
        return summary

    def _add(self, result: Result) -> None:
        self.lives.setdefault(result.case.group, {})[result.case.seed] = ending(result)
        self.counted[result.outcome] += 1
        if result.outcome not in JUDGED:
            self.unjudged.append(result)
        for found in result.findings:
            cause = self._causes.setdefault(found.key, Cause(first=found, shortest=result))
            cause.runs += 1
            cause.shortest = min(cause.shortest, result, key=lambda one: len(one.faults))
        for margin in result.margins:
            what = " ".join(word for word in margin.what.split() if not _NAMES_ONE.search(word))
            if what not in self._closest or margin.left < self._closest[what][0].left:
                self._closest[what] = margin.model_copy(update={"what": what}), result

    def outcome_of(self, case: Case) -> str | None:
        """None: it has no result."""
        ended = self.lives.get(case.group, {}).get(case.seed)
        return None if ended is None else ended.partition(" ")[0]

    @property
    def left(self) -> int | None:
        """Number of cases without a result; None where the campaign has no end."""
        number = self.plan.number_of_cases()
        return None if number is None else number - self.counted.total()

    @property
    def some_left(self) -> tuple[Case, ...]:
        """The first of them."""
        left = (case for case in self.plan.cases() if self.outcome_of(case) is None) if self.left else iter(())
        return tuple(case for case, _ in zip(left, range(_SOME), strict=False))

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Outcome → number of results, worst first."""
        return {outcome: self.counted[outcome] for outcome in EXIT_CODES if self.counted[outcome]}

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Those that most runs found first, then in the order of the seeds."""
        return tuple(sorted(self._causes.values(), key=lambda cause: -cause.runs))

    @property
    def near_misses(self) -> tuple[tuple[Margin, Result], ...]:
        """For each limit the run that came closest to it, the closest of all first; names of single things are left
        out of what a limit is called."""
        return tuple(sorted(self._closest.values(), key=lambda pair: (pair[0].left, pair[0].what)))

    @property
    def outcome(self) -> Outcome:
        """The worst of all; a campaign that lived nothing has proved nothing."""
        return next((outcome for outcome in EXIT_CODES if self.counted[outcome]), "unknown")

    @property
    def exit_code(self) -> int:
        """2 where cases are left although none of the others is worse."""
        return EXIT_CODES[self.outcome] or (2 if self.left else 0)
